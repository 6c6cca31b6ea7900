"""Makes pages of the documents beside ``docs/`` for the site of ``make docs``: a hook of MkDocs.

README.md, which is written to be read on its own, becomes the pages of its parts; the other documents of the
root folder become pages as they are. Their links are led to where the pages are.
"""

import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT: Final = Path(__file__).parents[1]

# Page -> the headings of README.md whose parts it has; the first page has all others too.
_PARTS: Final = {
    "accuracy.md": ("How good it is",),
    "deploying.md": ("With Docker: the real image, and `sam local`", "Your AWS account"),
}

# Document of the root folder -> its page.
_DOCUMENTS: Final = {
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "index.md",
}

# A link of a page of ``docs/`` to a file beside ``docs/``, which is no page.
_OUTSIDE: Final = re.compile(r"\[([^\]]+)\]\((?:\.\./)+[^)]*\)")

# The label of a link that is the path of a page; a reader of the site has no such file.
_LABEL: Final = re.compile(r"\[docs/([a-z]+)(?:\.md)?\]\(")

# A link, or the address of a picture, in Markdown and in HTML.
_ADDRESS: Final = re.compile(r"(\]\(|(?:src|srcset|href)=\")([^)\"#:]+)(#[^)\"]*)?([)\"])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made of documents beside ``docs/``, and the notebook's file."""
    sections = split_sections((_ROOT / "README.md").read_text(encoding="utf-8"))
    for name, headings in _PARTS.items():
        text = "\n".join(f"# {heading}\n{sections.pop(heading)}" for heading in headings)
        files.append(File.generated(config, name, content=relocated(text)))
    start = "\n".join(f"## {heading}\n{text}" if heading else text for heading, text in sections.items())
    files.append(File.generated(config, "index.md", content=relocated(start)))
    for document, name in _DOCUMENTS.items():
        if document != "README.md":
            text = (_ROOT / document).read_text(encoding="utf-8")
            files.append(File.generated(config, name, content=relocated(text)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Lead a page's links to documents beside ``docs/`` to their pages; of files, only the names are left."""
    if page.file.generated_by is not None:
        return markdown
    depth = page.file.src_uri.count("/") + 1
    for document, name in _DOCUMENTS.items():
        markdown = markdown.replace(f"]({'../' * depth}{document}", f"]({'../' * (depth - 1)}{name}")

    def keep(match: re.Match[str]) -> str:
        target = (
            Path(str(page.file.abs_src_path)).parent / match[0].partition("](")[2].rstrip(")")
        ).resolve()
        inside = target.is_relative_to(_ROOT / "docs") or target.name.partition("#")[0] in _DOCUMENTS.values()
        return match[0] if inside else match[1]

    return _OUTSIDE.sub(keep, markdown)


def split_sections(text: str) -> dict[str, str]:
    """Return heading -> text of each part of a document; what is before the first heading has none."""
    pieces = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


def relocated(text: str) -> str:
    """Return a document of the root folder as it is a page beside those of ``docs/``."""

    def lead(match: re.Match[str]) -> str:
        before, target, anchor, after = match[1], match[2], match[3] or "", match[4]
        if target in _DOCUMENTS:
            target = _DOCUMENTS[target]
        elif target.startswith("docs/"):
            target = target.removeprefix("docs/")
        elif not (_ROOT / "docs" / target).exists():
            # A file of the repository that is no page.
            return "](index.md)" if before == "](" else f"{before}#{after}"
        return f"{before}{target}{anchor}{after}"

    return _ADDRESS.sub(lead, _LABEL.sub(r"[\1](", text))
