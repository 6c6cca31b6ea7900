"""report.html: one file, nothing from outside, everything escaped, small whatever the run."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tapeline.batch.documents import RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.report import ReportBuilder
from tapeline.batch.report_document import ReportDocument
from tapeline.batch.report_page import Gallery, render_report
from tapeline.batch.review import QueuedRow
from tapeline.batch.rows import Row
from tapeline.batch.spool import AnsweredRow
from tapeline.batch.thumbnails import Thumbnail

EVIL = "<script>alert(1)</script>\"'&"
RUN = RunDocument("test-1", InputObject("drop", f"incoming/{EVIL}.csv", "v1", "tag"), 6, 5, 2)
BOX = ((1.0, 1.0), (9.0, 1.0), (9.0, 5.0), (1.0, 5.0))


def report(threshold: float = 0.9) -> ReportDocument:
    builder = ReportBuilder(RUN, threshold)
    row = Row(0, EVIL, f"https://e.com/{EVIL}", "width", (), None)
    for confidence in (0.2, 0.88, 0.9, 0.95, 1.0):
        builder.add_row(row, AnsweredRow(0, "1 inch", confidence))
    for _ in range(5):
        builder.add_row(row, AnsweredRow(0, error_code="timeout", error=f"late {EVIL}"))
    builder.add_row(row, AnsweredRow(0, "1 inch", 1.0, decision="confirmed"), AnsweredRow(0, "1 inch", 0.5))
    builder.add_review(3, 2)
    return builder.build()


def gallery(count: int = 1) -> Gallery:
    row = QueuedRow(0, EVIL, "l", "item_weight", "1 <b>inch", 0.2, 0.3, EVIL, BOX, ((EVIL, 0.1, "", BOX),))
    empty = QueuedRow(1, "8", "l", "depth", stated=0.4)
    return [*[(row, Thumbnail((0, 0, 10, 10), "QUJD"))] * count, (empty, None)]


class Tags(HTMLParser):
    """Collects elements and attributes, and checks that elements are closed in order."""

    VOID = frozenset({"meta", "br", "rect", "line", "polygon", "image"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(report(), gallery(), predictions=f"{EVIL}_out.csv").decode()


def test_nothing_comes_from_outside_and_nothing_runs(page: str) -> None:
    tags = Tags(page).found
    assert not {tag for tag, _ in tags} & {"script", "link", "iframe", "object", "form", "img", "b"}
    for _, attributes in tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src"}]
        if "href" in attributes:
            assert str(attributes["href"]).startswith("data:image/webp;base64,")
    (policy,) = (a["content"] for t, a in tags if t == "meta" and a.get("http-equiv"))
    (style,) = re.findall("<style>(.*)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style


def test_what_others_wrote_is_text(page: str) -> None:
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6


def test_it_says_what_the_report_says(page: str) -> None:
    text = re.sub("<[^>]+>", " ", page.partition("</style>")[2])
    text = re.sub(r"\s+", " ", text)
    assert "Rows 11 on 5 pictures" in text
    assert "Answered 6 54.5 %" in text
    assert "3 of 6 predictions have a confidence below 0.9" in text
    assert "timeout: 5 rows" in text
    assert text.count("late &lt;script") == 3
    assert "Decided by persons 1 1 confirmed, 0 corrected" in text
    assert "but it may: 40 %" in text


def test_the_least_sure_have_their_crop_with_the_boxes(page: str) -> None:
    assert page.count('<svg viewBox="0 0 10 10" role="img"') == 1
    assert page.count('<polygon class="box" ') == page.count('<polygon class="box other" ') == 1
    assert "no crop was kept" in page


def test_a_run_without_anything_has_a_page() -> None:
    nothing = ReportBuilder(RUN).build()
    text = render_report(nothing, [], predictions="a_out.csv").decode()
    Tags(text)
    assert "No row was answered" in text
    # As an older version wrote it.
    Tags(render_report(replace(nothing, pictures=0, rows=0), [], predictions="a_out.csv").decode())


def test_two_dozen_crops_of_the_largest_size_stay_below_a_megabyte() -> None:
    row, _ = gallery()[0]
    largest = Thumbnail((0, 0, 10, 10), "A" * (24 * 1024 * 4 // 3))
    assert len(render_report(report(), [(row, largest)] * 24, predictions="a_out.csv")) < 1_000_000
