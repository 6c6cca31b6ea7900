"""A run's review in a real Chromium, by keyboard alone: decisions, undo, a closed tab, a second person.

And the report of the run. Screenshots go to ``build/screenshots``.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from infra.local.job import Job, answer_csv, wait_for_execution
from infra.local.progress import Progress
from infra.local.reviewing import reductions
from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.local.running import RunResult
from tests.integration.chromium import NEEDS_CHROMIUM, SHOTS, WIDE, serious_problems
from tests.integration.conftest import ROOT, Api

PHONE = (390, 800)

# Rows that are reviewed in the first test.
REVIEWED = 20

pytestmark = NEEDS_CHROMIUM


class Reviewer:
    """A person with a browser of their own, on the page of a run."""

    def __init__(
        self, browser: Browser, api: Api, run: str, size: tuple[int, int] = WIDE, scheme: str = "light"
    ) -> None:
        self.api = api
        self.run = run
        self.errors: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.page: Page = self.open()

    def open(self) -> Page:
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)
        self.page.goto(f"{self.api.service.url}/runs/{self.run}/review")
        # The key's input has the focus.
        self.page.keyboard.type(self.api.service.key)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#row")).to_be_visible()
        return self.page

    def _note(self, message: ConsoleMessage) -> None:
        # An answer other than 2xx, and being offline, are logged by Chromium itself, and shown by the page.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    @property
    def place(self) -> int:
        return int(self.page.inner_text("#place").split(" of ")[0]) - 1

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type_value(self, text: str) -> None:
        self.press("t")
        self.page.keyboard.type(text)
        self.press("Enter")

    def saved(self) -> None:
        expect(self.page.locator("#saved")).to_have_text("all saved", timeout=20_000)

    def shoot(self, name: str, *, full: bool = False) -> None:
        expect(self.page.locator("#view")).to_be_visible(timeout=30_000)
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=full)

    def close(self) -> None:
        self.context.close()
        assert self.errors == []


@dataclass
class Reviewed:
    """The examples' run, whose rows are all unsure."""

    browser: Browser
    api: Api
    result: RunResult
    people: list[Reviewer] = field(default_factory=list)

    @property
    def run(self) -> str:
        return self.result.report.run

    def person(self, **options: Any) -> Reviewer:
        self.people.append(Reviewer(self.browser, self.api, self.run, **options))
        return self.people[-1]

    def rows(self) -> list[dict[str, Any]]:
        found = self.api.get(f"/runs/{self.run}/rows?limit=500", key=True).json()
        rows: list[dict[str, Any]] = found["rows"]
        return rows

    def predictions(self) -> list[tuple[str, str]]:
        stack = self.api.service.stack
        document = RunDocument.load(stack.results.read(keys.run_document_key(self.run)))
        text = stack.results.read(keys.predictions_key(document.source, self.run)).decode()
        return [(row["index"], row["prediction"]) for row in csv.DictReader(io.StringIO(text))]

    def wait_for_outputs(self) -> None:
        for name in reductions(self.run, self.api.service.stack):
            wait_for_execution(name, self.api.service.stack)


@pytest.fixture(scope="module")
def own_run(api: Api, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The examples once more: other tests compare the outputs of theirs."""
    folder = tmp_path_factory.mktemp("reviewed")
    source = folder / "reviewed.csv"
    source.write_bytes((ROOT / "examples/test.csv").read_bytes())
    return answer_csv(Job(source, folder / "out"), api.service.stack, Progress(bar=False))


@pytest.fixture
def reviewed(browser: Browser, api: Api, own_run: RunResult) -> Iterator[Reviewed]:
    made = Reviewed(browser, api, own_run)
    yield made
    for person in made.people:
        person.close()


def unit_of(entity: str) -> tuple[str, str]:
    """What is typed for a unit of an entity, and what it is."""
    units = {"item_weight": "kg", "maximum_weight_recommendation": "lbs", "voltage": "V", "wattage": "kW"}
    names = {
        "kg": "kilogram",
        "lbs": "pound",
        "V": "volt",
        "kW": "kilowatt",
        "ml": "millilitre",
        "cm": "centimetre",
    }
    typed = units.get(entity, "ml" if entity == "item_volume" else "cm")
    return typed, names[typed]


def test_twenty_rows_by_keyboard_alone_change_just_those(reviewed: Reviewed) -> None:
    before = reviewed.predictions()
    queue = reviewed.rows()
    assert len(queue) >= REVIEWED
    person = reviewed.person()
    expected: dict[str, str] = {}
    for number, row in enumerate(queue[:REVIEWED]):
        assert person.place == number
        kind = number % 4
        if number == 7:
            # A decision that is taken back, and another one in its place.
            person.type_value(f"99 {unit_of(row['entity_name'])[0]}")
            person.press("u")
            assert person.place == number
            expect(person.page.locator("#decided")).to_have_text("")
        if number == 10:
            # The tab is closed in the middle of typing, and opened again.
            person.press("t")
            person.page.keyboard.type("12,")
            person.page.close()
            person.open()
            assert person.place == number
            assert person.page.input_value("#typed") == "12,"
            expect(person.page.locator("#progress-text")).to_have_text(f"10 of {len(queue)} decided")
        if kind == 0:
            person.press("y")
            expected[row["index"]] = row["prediction"]
        elif kind == 1 and row["runners_up"]:
            person.press("1")
            expected[row["index"]] = row["runners_up"][0]["prediction"]
        elif kind == 2:
            person.press("n")
            expected[row["index"]] = ""
        else:
            typed, unit = unit_of(row["entity_name"])
            person.type_value(f"12,{number} {typed}")
            expected[row["index"]] = f"12.{number} {unit}"
    person.saved()
    person.page.focus("#write")
    person.press("Enter")
    expect(person.page.locator("#written")).to_contain_text("being made anew", timeout=20_000)
    reviewed.wait_for_outputs()
    after = reviewed.predictions()
    assert after == [(index, expected.get(index, prediction)) for index, prediction in before]
    # The old predictions are an older version.
    stack = reviewed.api.service.stack
    bucket = stack.outputs["ResultsBucketName"]
    document = RunDocument.load(stack.results.read(keys.run_document_key(reviewed.run)))
    key = keys.predictions_key(document.source, reviewed.run)
    versions = stack.cloud.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    bodies = {
        stack.cloud.s3.get_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])["Body"].read().decode()
        for each in versions
    }
    first = "index,prediction\n" + "".join(f"{index},{prediction}\n" for index, prediction in before)
    assert first in bodies


def test_a_second_persons_conflicting_save_is_told(reviewed: Reviewed) -> None:
    first, second = reviewed.person(), reviewed.person()
    row, other = reviewed.rows()[21:23]
    typed, unit = unit_of(row["entity_name"])
    for person, place in ((first, 21), (second, 21)):
        while person.place < place:
            person.press("s")
    first.type_value(f"41 {typed}")
    first.saved()
    second.type_value(f"42 {typed}")
    expect(second.page.locator("#problem")).to_contain_text("Somebody else saved", timeout=20_000)
    expect(second.page.locator("#problem")).to_contain_text(f"row {row['index']}: theirs is kept")
    # What only one of them decided is kept, whoever it was.
    while second.place < 22:
        second.press("s")
    second.press("y")
    second.saved()
    found = reviewed.api.get(f"/runs/{reviewed.run}/corrections", key=True).json()["decisions"]
    answers = {each["row"]: each["answer"] for each in found}
    assert (answers[row["row"]], answers[other["row"]]) == (f"41 {unit}", other["prediction"])
    second.shoot("review-conflict")


def test_what_is_decided_offline_is_saved_later(reviewed: Reviewed) -> None:
    person = reviewed.person()
    while person.place < 23:
        person.press("s")
    row = reviewed.rows()[23]
    person.context.set_offline(True)
    person.press("y")
    expect(person.page.locator("#saved")).to_contain_text("kept in this browser", timeout=20_000)
    person.context.set_offline(False)
    person.saved()
    found = reviewed.api.get(f"/runs/{reviewed.run}/corrections", key=True).json()["decisions"]
    assert row["row"] in {each["row"] for each in found}


def test_a_typed_value_is_checked_as_it_is_typed(reviewed: Reviewed) -> None:
    person = reviewed.person()
    page = person.page
    typed, unit = unit_of(reviewed.rows()[person.place]["entity_name"])
    place = person.place
    for text, note in (
        ("abc", "Begin with a number"),
        ("5", "Add a unit"),
        ("5 furlong", "furlong is no unit of this"),
        ("0 " + typed, "above zero"),
        (f"5,5{typed}", f"= 5.5 {unit}"),
        (f"1/2 {unit}s", f"= 1/2 {unit}"),
    ):
        person.press("t")
        page.fill("#typed", text)
        expect(page.locator("#typed-note")).to_contain_text(note)
        wrong = not note.startswith("=")
        assert page.get_attribute("#typed", "aria-invalid") == str(wrong).lower()
        if wrong:
            person.press("Enter")
            assert person.place == place
    person.shoot("review-typed")
    person.press("Escape")
    page.fill("#typed", "")


@pytest.mark.parametrize(
    ("name", "size", "scheme"),
    [
        ("light", WIDE, "light"),
        ("dark", WIDE, "dark"),
        ("phone", PHONE, "light"),
        ("phone-dark", PHONE, "dark"),
    ],
)
def test_the_page_looks_right_and_has_no_serious_problem_of_accessibility(
    reviewed: Reviewed, name: str, size: tuple[int, int], scheme: str
) -> None:
    person = reviewed.person(size=size, scheme=scheme)
    rows = reviewed.rows()
    while not (rows[person.place]["runners_up"] and rows[person.place]["prediction"]):
        person.press("b")
    person.shoot(f"review-{name}", full=True)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert person.page.locator("#boxes polygon.box").count() >= 2
    assert serious_problems(person.page) == []


@pytest.mark.parametrize(
    ("name", "size", "scheme"),
    [
        ("light", WIDE, "light"),
        ("dark", WIDE, "dark"),
        ("phone", PHONE, "light"),
        ("print", (794, 1123), "light"),
    ],
)
def test_the_report_looks_right_and_has_no_serious_problem_of_accessibility(
    reviewed: Reviewed, name: str, size: tuple[int, int], scheme: str
) -> None:
    page = reviewed.browser.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if scheme == "dark" else "light"
    )
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    if name == "print":
        page.emulate_media(media="print")
    report = reviewed.result.predictions.with_name(keys.REPORT_PAGE)
    page.goto(report.as_uri())
    page.screenshot(path=SHOTS / f"report-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("figure svg image").count() >= 12
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert problems == []
    assert serious_problems(page) == []
    page.close()
