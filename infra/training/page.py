"""A page with pictures, the boxes that answers were read from, truth and prediction."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from infra.training.labels import LabelledRow
from infra.training.scoring import Outcome
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.errors import RowError
from tapeline.quantities import format_prediction, format_quantity
from tapeline.ranking.choosing import Answer

_SIDE: Final = 320
_COLOURS: Final = ("#c0392b", "#7f8c8d", "#b0b6ba")
_STYLE: Final = (
    "body{font:14px sans-serif;margin:16px;display:flex;flex-wrap:wrap;gap:12px}"
    "figure{margin:0;padding:8px;width:336px;border:1px solid #ccc;border-left:6px solid #2e8b57}"
    "figure.fp,figure.fn{border-left-color:#c0392b}img{max-width:320px}h1{width:100%;font-size:18px}"
)


def write_page(results: Sequence[tuple[LabelledRow, Answer, Outcome]], images: Path, out: Path) -> Path:
    """Write ``index.html``, the wrong rows first, with the pictures in it.

    Args:
        results: Rows with their answers and outcomes.
        images: The folder of the pictures.
        out: The folder of the page.

    Returns:
        The page's path.
    """
    order = sorted(results, key=lambda result: result[2] not in {"fp", "fn"})
    wrong = sum(result[2] in {"fp", "fn"} for result in results)
    figures = "\n".join(_figure(row, said, result, images) for row, said, result in order)
    page = out / "index.html"
    page.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Tapeline: {len(results)} rows</title>'
        f"<style>{_STYLE}</style><h1>{len(results)} rows, {wrong} wrong; red: the answer, "
        f"grey: the runners-up</h1>\n{figures}</html>\n",
        encoding="utf-8",
    )
    return page


def _figure(row: LabelledRow, said: Answer, result: Outcome, images: Path) -> str:
    truth = " | ".join(sorted(format_quantity(a) for a in row.answers)) or "(empty)"
    lines = [
        f"<b>{row.entity_name}</b> {html.escape(row.file_name)} ({html.escape(row.source)})",
        f"truth: {truth}",
        f"said: {format_prediction(said.quantity) or '(empty)'} ({said.confidence:.2f}) {html.escape(said.text[:80])}",
        *(
            f"then: {format_quantity(r.quantity)} ({r.confidence:.2f}) {html.escape(r.text[:60])}"
            for r in said.runners_up
        ),
    ]
    return (
        f'<figure class="{result}"><img src="data:image/jpeg;base64,{_thumbnail(row, said, images)}" '
        f'alt="{html.escape(row.file_name)}"><figcaption>{"<br>".join(lines)}</figcaption></figure>'
    )


def _thumbnail(row: LabelledRow, said: Answer, images: Path) -> str:
    try:
        picture = PillowDecoder(longest_side=_SIDE).decode((images / row.file_name).read_bytes())
    except (RowError, OSError):
        return ""
    image = Image.fromarray(picture.pixels)
    draw = ImageDraw.Draw(image)
    boxes = [said.box, *(runner.box for runner in said.runners_up)]
    for box, colour in zip(boxes, _COLOURS, strict=False):
        if box is not None:
            corners = [(x / picture.scale, y / picture.scale) for x, y in box]
            draw.polygon(corners, outline=colour, width=2)
    body = io.BytesIO()
    image.save(body, "JPEG", quality=80)
    return base64.b64encode(body.getvalue()).decode()
