"""A page that shows evaluated pictures with the boxes that answers were read from."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from infra.training.report import format_truth
from infra.training.scoring import ScoredAnswer
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.answers import Answer
from tapeline.errors import RowError
from tapeline.quantities import format_prediction, format_quantity

# Pixels of a picture's longer side on the page.
_LONGEST_SIDE: Final = 320

# Colours of the boxes: the answer's, then each runner-up's.
_COLOURS: Final = ("#c0392b", "#7f8c8d", "#b0b6ba")

# The page's style sheet; a figure has its outcome as its class.
_STYLE: Final = (
    "body{font:14px sans-serif;margin:16px;display:flex;flex-wrap:wrap;gap:12px}"
    "figure{margin:0;padding:8px;width:336px;border:1px solid #ccc;border-left:6px solid #2e8b57}"
    "figure.fp,figure.fn{border-left-color:#c0392b}img{max-width:320px}h1{width:100%;font-size:18px}"
)

# Characters of the line that an answer was read from, on the page at most.
_ANSWER_LETTERS: Final = 80

# Characters of the line that a runner-up was read from, on the page at most.
_RUNNER_UP_LETTERS: Final = 60

# Of the pictures on the page, 0 to 100.
_JPEG_QUALITY: Final = 80


def write_page(results: Sequence[ScoredAnswer], images: Path, out: Path) -> Path:
    """Write ``index.html``, the wrong rows first, with the pictures in it.

    Args:
        results: The evaluated rows.
        images: The folder of the pictures.
        out: The folder of the page.

    Returns:
        The page's path.
    """
    wrong = [result for result in results if result.is_wrong]
    right = [result for result in results if not result.is_wrong]
    figures = "\n".join(_figure(result, images) for result in [*wrong, *right])
    page = out / "index.html"
    page.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Tapeline: {len(results)} rows</title>'
        f"<style>{_STYLE}</style><h1>{len(results)} rows, {len(wrong)} wrong; red box: the answer, "
        f"grey boxes: the runners-up</h1>\n{figures}</html>\n",
        encoding="utf-8",
    )
    return page


def _figure(result: ScoredAnswer, images: Path) -> str:
    row, answer = result.row, result.answer
    name = html.escape(row.file_name)
    prediction = format_prediction(answer.quantity)
    text = html.escape(answer.text[:_ANSWER_LETTERS])
    lines = [
        f"<b>{row.entity_name}</b> {name} ({html.escape(row.source)})",
        f"right: {format_truth(row)}",
        f"answer: {prediction} ({answer.confidence:.2f}) {text}"
        if prediction
        else f"answer: (empty) (stated: {answer.stated:.2f})",
        *(
            f"runner-up: {format_quantity(runner_up.quantity)} ({runner_up.confidence:.2f}) "
            f"{html.escape(runner_up.text[:_RUNNER_UP_LETTERS])}"
            for runner_up in answer.runners_up
        ),
    ]
    thumbnail = _thumbnail(images / row.file_name, answer)
    return (
        f'<figure class="{result.outcome}"><img src="data:image/jpeg;base64,{thumbnail}" '
        f'alt="{name}"><figcaption>{"<br>".join(lines)}</figcaption></figure>'
    )


def _thumbnail(path: Path, answer: Answer) -> str:
    """Return a small JPEG with the boxes, in Base64; empty where the picture is missing or broken."""
    try:
        picture = PillowDecoder(longest_side=_LONGEST_SIDE).decode(path.read_bytes())
    except (RowError, OSError):
        return ""
    image = Image.fromarray(picture.pixels)
    draw = ImageDraw.Draw(image)
    boxes = [answer.box, *(runner_up.box for runner_up in answer.runners_up)]
    for box, colour in zip(boxes, _COLOURS, strict=False):
        if box is not None:
            corners = [(x / picture.scale, y / picture.scale) for x, y in box]
            draw.polygon(corners, outline=colour, width=2)
    body = io.BytesIO()
    image.save(body, "JPEG", quality=_JPEG_QUALITY)
    return base64.b64encode(body.getvalue()).decode()
