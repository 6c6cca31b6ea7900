"""report.html: a run's figures and its least sure answers, to look at.

One file without anything from outside: its policy allows its own style sheet and the crops in it, and no
script. Plots are SVG, with their figures in a table beside them or in their own words.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.report_document import EntityCounts, FailedRow, ReportDocument, ReviewCounts
from tapeline.batch.review import QueuedRow
from tapeline.batch.thumbnails import Thumbnail
from tapeline.picture import Box

# The least sure rows, each with its crop; None where there is none.
type Gallery = Sequence[tuple[QueuedRow, Thumbnail | None]]

# Size of the plot of confidences, in units of its viewBox: its width, and the height of its bars.
_PLOT_WIDTH: Final = 480
_PLOT_HEIGHT: Final = 150

# Units of the viewBox above the bars, for the threshold's name, and below them, for the axis.
_PLOT_TOP: Final = 22
_PLOT_BOTTOM: Final = 24

# Width of a table's bars, in units of their viewBox.
_BAR_WIDTH: Final = 200

# Pictures, and rows, that a price is given for.
_PRICED: Final = 1000

# Characters of the line that an answer was read from. Chosen by hand.
_SHOWN_TEXT: Final = 80


def render_report(report: ReportDocument, gallery: Gallery, *, predictions: str) -> bytes:
    """Return the page.

    Args:
        report: The run's figures.
        gallery: Its least sure rows.
        predictions: The name of the predictions.
    """
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    name = escape(report.input.key.rpartition("/")[2])
    parts = (
        _tiles(report),
        '<div class="columns">',
        _entities(report),
        _confidence(report.review),
        "</div>",
        '<div class="columns">',
        _stages(report),
        _cost(report),
        "</div>",
        _errors(report),
        _unsure(report.review, gallery),
        _next_steps(report, predictions),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{name}: Tapeline</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{name}</h1><p>Run {escape(report.run)}</p></header>\n<main>\n"
        f"{''.join(parts)}</main>\n{_footer(report)}</body>\n</html>\n"
    ).encode()


@cache
def _style() -> str:
    return Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def _section(title: str, *content: str) -> str:
    return f"<section><h2>{title}</h2>{''.join(content)}</section>\n"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def _tiles(report: ReportDocument) -> str:
    review = report.review
    decided = review.confirmed + review.corrected
    tiles = [
        ("Rows", report.rows, f"on {report.pictures:,} pictures"),
        ("Answered", report.answered, _share(report.answered, report.rows)),
        ("Empty", report.empty, "the picture doesn't say"),
        ("Errors", report.errors, _share(report.errors, report.rows)),
        ("To review", review.unsure, f"less sure than {review.threshold:g}"),
        ("Decided by persons", decided, f"{review.confirmed:,} confirmed, {review.corrected:,} corrected"),
    ]
    cells = (
        f'<div class="tile"><dt>{name}</dt><dd>{count:,}<small>{note}</small></dd></div>'
        for name, count, note in tiles
    )
    return f'<dl class="tiles">{"".join(cells)}</dl>\n'


# ---- by entity --------------------------------------------------------------------------------


def _entities(report: ReportDocument) -> str:
    most = max((c.answered + c.empty + c.errors for c in report.entities.values()), default=1)
    rows = "".join(_entity_row(name, counts, most) for name, counts in report.entities.items())
    head = _head("entity", ("answered", "empty", "errors"))
    key = _key((("answered", "answered"), ("empty", "empty"), ("errors", "errors")))
    return _section("By entity", f"<table>{head}<tbody>{rows}</tbody></table>{key}")


def _entity_row(name: str, counts: EntityCounts, most: int) -> str:
    parts = (("answered", counts.answered), ("empty", counts.empty), ("errors", counts.errors))
    numbers = "".join(f'<td class="number">{count:,}</td>' for _, count in parts)
    label = escape(name.replace("_", " "))
    return f'<tr><th scope="row">{label}</th>{numbers}<td class="bar">{_bar(parts, most)}</td></tr>'


def _head(first: str, numbers: Iterable[str]) -> str:
    cells = "".join(f'<th scope="col" class="number">{name}</th>' for name in numbers)
    return f'<thead><tr><th scope="col">{first}</th>{cells}<td class="bar"></td></tr></thead>'


def _bar(parts: Iterable[tuple[str, float]], whole: float) -> str:
    """Return a bar of parts that are named by their class."""
    start, drawn = 0.0, []
    for name, size in parts:
        width = size / whole * _BAR_WIDTH if whole else 0.0
        drawn.append(f'<rect class="{name}" x="{start:.1f}" y="0" width="{width:.1f}" height="12"/>')
        start += width
    return (
        f'<svg viewBox="0 0 {_BAR_WIDTH} 12" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(drawn)}</svg>"
    )


def _key(items: Iterable[tuple[str, str]]) -> str:
    """Return what colours mean, by their classes."""
    found = "".join(
        f'<li><svg viewBox="0 0 11 11" aria-hidden="true"><rect class="{name}" x="1" y="1" width="9" '
        f'height="9"/></svg>{text}</li>'
        for name, text in items
    )
    return f'<ul class="key">{found}</ul>'


# ---- confidence -------------------------------------------------------------------------------


def _confidence(review: ReviewCounts) -> str:
    if not sum(review.confidence):
        return _section("How sure the answers are", '<p class="muted">No row was answered.</p>')
    # The machine's answers: those that persons decided are among them.
    below = sum(
        count
        for number, count in enumerate(review.confidence)
        if (number + 1) / len(review.confidence) <= review.threshold + 1e-9
    )
    words = (
        f"{below:,} of {sum(review.confidence):,} predictions have a confidence below {review.threshold:g}"
    )
    note = f'<p class="muted">{words}, the review threshold.</p>'
    key = _key((("unsure", "to review"), ("answered", "sure enough")))
    return _section("How sure the answers are", _histogram(review, words), key, note)


def _histogram(review: ReviewCounts, words: str) -> str:
    bins = review.confidence
    most = max(bins)
    width = _PLOT_WIDTH / len(bins)
    base = _PLOT_TOP + _PLOT_HEIGHT
    drawn = []
    for number, count in enumerate(bins):
        # What is there is to be seen, beside a bar a thousand times as high.
        height = max(count / most * _PLOT_HEIGHT, 1.0) if count else 0.0
        unsure = (number + 1) / len(bins) <= review.threshold + 1e-9
        low, high = number / len(bins), (number + 1) / len(bins)
        drawn.append(
            f'<rect class="{"unsure" if unsure else "answered"}" x="{number * width + 1:.1f}" '
            f'y="{base - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}">'
            f"<title>{low:.2f} to {high:.2f}: {count:,}</title></rect>"
        )
    axis = "".join(
        f'<text class="axis" x="{share * _PLOT_WIDTH:.0f}" y="{base + 17}" '
        f'text-anchor="{anchor}">{share:g}</text>'
        for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    )
    line = review.threshold * _PLOT_WIDTH
    return (
        f'<svg viewBox="0 0 {_PLOT_WIDTH} {base + _PLOT_BOTTOM}" role="img" '
        f'aria-label="Predictions by confidence: {words}; the highest bar has {most:,}.">'
        f'<line class="rule" x1="0" x2="{_PLOT_WIDTH}" y1="{base}" y2="{base}"/>{"".join(drawn)}{axis}'
        f'<line class="threshold" x1="{line:.1f}" x2="{line:.1f}" y1="{_PLOT_TOP - 6}" y2="{base}"/>'
        f'<text class="axis" x="{line - 4:.1f}" y="{_PLOT_TOP - 8}" text-anchor="end">'
        f"review threshold {review.threshold:g}</text></svg>"
    )


# ---- time and cost ----------------------------------------------------------------------------


def _stages(report: ReportDocument) -> str:
    found = {stage: times for stage, times in report.milliseconds.items() if times is not None}
    most = max((times.p95 for times in found.values()), default=1.0)
    rows = "".join(
        f'<tr><th scope="row">{escape(stage)}</th><td class="number">{times.p50:,.0f} ms</td>'
        f'<td class="number">{times.p95:,.0f} ms</td><td class="bar">'
        f"{_bar((('answered', times.p50), ('empty', times.p95 - times.p50)), most)}</td></tr>"
        for stage, times in found.items()
    )
    head = _head("stage", ("half within", "95 % within"))
    return _section("Time of a picture", f"<table>{head}<tbody>{rows}</tbody></table>")


def _cost(report: ReportDocument) -> str:
    dollars = report.estimated_cost_usd
    rows = [
        ("this run", f"{dollars:,.4f}"),
        ("1,000 pictures", f"{_PRICED * dollars / report.pictures:,.4f}" if report.pictures else "0"),
        ("1,000 rows", f"{_PRICED * dollars / report.rows:,.4f}" if report.rows else "0"),
    ]
    cells = "".join(
        f'<tr><th scope="row">{name}</th><td class="number">{cost}</td></tr>' for name, cost in rows
    )
    note = (
        f'<p class="muted">Estimated at list prices: {report.worker_seconds:,.0f} s of workers, '
        f"{report.shards.answered:,} shards, {report.review.thumbnails:,} crops, "
        f"{report.cold_starts:,} cold starts.</p>"
    )
    head = '<thead><tr><th scope="col">for</th><th scope="col" class="number">US dollars</th></tr></thead>'
    return _section("Cost", f"<table>{head}<tbody>{cells}</tbody></table>", note)


# ---- errors -----------------------------------------------------------------------------------


def _errors(report: ReportDocument) -> str:
    if not report.errors_by_code:
        return ""
    note = (
        f'<p class="muted">All of these rows are in {keys.ERRORS}, which can be dropped in again as it is: '
        "what it answers is merged into these outputs.</p>"
    )
    groups = (
        _error_group(code, count, report.first_errors.get(code, ()))
        for code, count in sorted(report.errors_by_code.items(), key=lambda item: (-item[1], item[0]))
    )
    return _section("Errors", note, *groups)


def _error_group(code: str, count: int, first: Sequence[FailedRow]) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="wrap">{escape(row.index)}</th>'
        f'<td class="wrap">{escape(row.entity_name)}<br>'
        f'<span class="muted">{escape(row.image_link)}</span></td>'
        f'<td class="wrap">{escape(row.error)}</td></tr>'
        for row in first
    )
    head = (
        '<thead><tr><th scope="col">row</th><th scope="col">asks for</th>'
        '<th scope="col">what happened, and what to do</th></tr></thead>'
    )
    unit = "row" if count == 1 else "rows"
    title = f"<h3>{escape(code)}: {count:,} {unit}</h3>"
    return f'{title}<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'


# ---- the least sure answers -------------------------------------------------------------------


def _unsure(review: ReviewCounts, gallery: Gallery) -> str:
    if not gallery:
        return ""
    key = (
        '<ul class="key"><li><svg viewBox="0 0 11 11" aria-hidden="true"><rect class="swatch" x="1" y="1" '
        'width="9" height="9"/></svg>the prediction</li><li><svg viewBox="0 0 11 11" aria-hidden="true">'
        '<rect class="swatch other" x="1" y="1" width="9" height="9"/></svg>runners-up</li></ul>'
    )
    figures = "".join(_figure(row, thumbnail) for row, thumbnail in gallery)
    note = f'<p class="muted">The {len(gallery):,} least sure of {review.unsure:,} unsure rows.</p>'
    return _section("Least sure", note, f'<div class="gallery">{figures}</div>', key)


def _figure(row: QueuedRow, thumbnail: Thumbnail | None) -> str:
    answered = bool(row.prediction)
    said = row.prediction or "the picture doesn't say"
    sure = f"confidence {row.confidence:.2f}" if answered else f"but it may: {100 * row.stated:.0f} %"
    read = f"<br>read from “{escape(row.text[:_SHOWN_TEXT])}”" if row.text else ""
    others = ", ".join(f"{prediction} ({score:.2f})" for prediction, score, *_ in row.runners_up)
    runners = f"<br>or {escape(others)}" if others else ""
    entity = escape(row.entity_name.replace("_", " "))
    return (
        f"<figure>{_crop(row, thumbnail)}<figcaption>{entity}<strong>{escape(said)}</strong>"
        f'<span class="muted">{sure}{read}{runners}<br>row {escape(row.index)}</span></figcaption></figure>'
    )


def _crop(row: QueuedRow, thumbnail: Thumbnail | None) -> str:
    if thumbnail is None:
        return '<div class="nothing">no crop was kept</div>'
    left, top, right, bottom = thumbnail.bounds
    width, height = right - left, bottom - top
    boxes = [_polygon(box, "box other") for *_, box in row.runners_up if box is not None]
    if row.box is not None:
        boxes.append(_polygon(row.box, "box"))
    label = f"Part of the picture of row {row.index}, {row.entity_name.replace('_', ' ')}"
    return (
        f'<svg viewBox="{left:g} {top:g} {width:g} {height:g}" role="img" aria-label="{escape(label)}">'
        f'<image href="data:image/webp;base64,{escape(thumbnail.webp)}" x="{left:g}" y="{top:g}" '
        f'width="{width:g}" height="{height:g}" preserveAspectRatio="none"/>{"".join(boxes)}</svg>'
    )


def _polygon(box: Box, name: str) -> str:
    points = " ".join(f"{x:g},{y:g}" for x, y in box)
    return f'<polygon class="halo" points="{points}"/><polygon class="{name}" points="{points}"/>'


# ---- what to do -------------------------------------------------------------------------------


def _next_steps(report: ReportDocument, predictions: str) -> str:
    review, run = report.review, escape(report.run)
    use = (
        f"Use <code>{escape(predictions)}</code>; <code>{keys.DETAILS}</code> says how each row was answered."
    )
    steps = [use]
    if review.unsure:
        steps.append(
            f"Review the unsure rows: on the page <code>runs/{run}/review</code> of the API, or fill in the "
            f"column <code>answer</code> of <code>{keys.REVIEW}</code> and drop it into "
            "<code>corrections/</code>."
        )
    if report.errors:
        steps.append(f"Drop <code>{keys.ERRORS}</code> in again once its causes are gone.")
    if review.confirmed + review.corrected:
        steps.append(f"Teach with <code>make train ROWS={keys.CORRECTIONS}</code>.")
    items = "".join(f"<li>{step}</li>" for step in steps)
    return _section("What to do next", f'<ol class="steps">{items}</ol>')


def _footer(report: ReportDocument) -> str:
    source = escape(f"s3://{report.input.bucket}/{report.input.key}")
    versions = escape(", ".join(report.code_versions))
    merged = len(report.reruns)
    reruns = f"; with the answers of {merged} further runs of its errors" if merged else ""
    return f"<footer>{source}; Tapeline {versions}, ResNet50 {report.resnet50}{reruns}.</footer>\n"
