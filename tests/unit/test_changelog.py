"""CHANGELOG.md has the form of Keep a Changelog 1.1.0, so that people and programs find what they need."""

import re
from datetime import date
from pathlib import Path

import pytest

import tapeline

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CHANGELOG.md").read_text()
# In the order that keepachangelog.com lists them.
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
# Characters of a change at most: about two lines of a page.
LONGEST = 170
UPGRADE = "- **Upgrade**: "
# A sentence in one line; it may begin with the name of a file.
CHANGE = re.compile(r"- (?:[A-Z0-9`*]|[a-z]+\.[a-z]+ ).*\.")


def problems(text: str) -> list[str]:
    """Return what isn't of the form."""
    found = [] if text.startswith("# Changelog\n") else ["no title"]
    head, *versions = re.split(r"^## ", text, flags=re.MULTILINE)
    if "https://keepachangelog.com/en/1.1.0/" not in head:
        found.append("doesn't say its form")
    titles = [version.splitlines()[0] for version in versions]
    if titles[:1] != ["[Unreleased]"]:
        found.append("doesn't begin with [Unreleased]")
    dates = []
    for title in titles[1:]:
        match = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)(?: \[YANKED\])?", title)
        if match is None:
            found.append(f"no version with a date: {title}")
        else:
            dates.append(date.fromisoformat(match[2]))
    if dates != sorted(dates, reverse=True):
        found.append("older versions before newer ones")
    for version in versions:
        found += kind_problems(version)
    return found


def kind_problems(version: str) -> list[str]:
    title, _, body = version.partition("\n")
    before, *parts = re.split(r"^### ", body, flags=re.MULTILINE)
    kinds = [part.splitlines()[0] for part in parts]
    found = [f"{title}: text before a kind"] if before.strip() else []
    if kinds != [kind for kind in KINDS if kind in kinds]:
        found.append(f"{title}: kinds {kinds}")
    for kind, part in zip(kinds, parts, strict=True):
        lines = [line for line in part.splitlines()[1:] if line]
        if not lines:
            found.append(f"{title}: no change under {kind}")
        odd = (line for line in lines if not CHANGE.fullmatch(line) or len(line) > LONGEST)
        found += [f"{title}, {kind}: {line}" for line in odd]
        if len(set(lines)) < len(lines):
            found.append(f"{title}: a change twice under {kind}")
    return found


def test_the_changelog_has_its_form() -> None:
    assert problems(TEXT) == []


GOOD = (
    "# Changelog\nhttps://keepachangelog.com/en/1.1.0/\n## [Unreleased]\n### Added\n- A.\n### Fixed\n- B.\n"
)


@pytest.mark.parametrize(
    "bad",
    [
        GOOD.replace("# Changelog", "# History", 1),
        GOOD.replace("## [Unreleased]", "## Unreleased"),
        GOOD.replace("### Added", "### New"),
        GOOD.replace("### Fixed", "### Added"),
        GOOD.replace("- B.", "- B\n  goes on."),
        GOOD.replace("- B.", ""),
        GOOD.replace("- B.", f"- B{'b' * LONGEST}."),
        GOOD.replace("- B.", "- B.\n- B."),
        f"{GOOD}## [0.1.0]\n### Added\n- A.\n",
        f"{GOOD}## [0.1.0] - 2026-01-01\n### Added\n- A.\n## [0.2.0] - 2026-02-01\n### Added\n- A.\n",
    ],
)
def test_another_form_is_found(bad: str) -> None:
    assert problems(GOOD) == []
    assert problems(bad)


def test_each_released_version_is_one_of_the_past_or_the_packages() -> None:
    def parts(text: str) -> list[int]:
        return [int(part) for part in text.split(".")]

    released = re.findall(r"^## \[([0-9.]+)\]", TEXT, re.MULTILINE)
    assert all(parts(found) <= parts(tapeline.__version__) for found in released)


def test_what_a_stack_needs_is_marked_and_names_parameters_that_are_there() -> None:
    notes = [line for line in TEXT.splitlines() if line.startswith(UPGRADE)]
    assert any("BucketSuffix=ACCOUNT-REGION" in line for line in notes)
    changed = TEXT.split("### Changed\n")[1].split("### ")[0]
    assert all(line in changed for line in notes)
    template = (ROOT / "template.yaml").read_text()
    named = {name for line in notes for name in re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]*)[`=]", line)}
    assert {"BucketSuffix", "ImagePrefix", "RunDays", "KeepColumns"} <= named
    assert all(re.search(rf"^  {name}: ", template, re.MULTILINE) for name in named)
    assert "**Upgrade**" in (ROOT / "docs/aws.md").read_text()
