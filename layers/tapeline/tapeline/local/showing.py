"""An answer that shows itself in a notebook: its picture with boxes, value, confidence, runners-up."""

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import Final

from tapeline.answers import Answer
from tapeline.picture import Box
from tapeline.quantities import format_prediction

# CSS pixels of the shown picture's width and height at most. Chosen by hand: three answers fit a screen.
_SHOWN_PIXELS: Final = 360

# Colours of the boxes of the answer and of its runners-up, which show on any picture. Chosen by hand.
_ANSWER_COLOUR: Final = "#d6336c"
_RUNNER_UP_COLOUR: Final = "#1c7ed6"


@dataclass(frozen=True, slots=True, repr=False)
class ShownAnswer(Answer):
    """What is answered for one entity of one picture, with that picture.

    Attributes:
        entity: What was asked.
        size: The picture's width and height in pixels; None where it isn't known.
        preview: The picture as a small JPEG; None where there is none.
    """

    entity: str = ""
    size: tuple[int, int] | None = None
    preview: bytes | None = None

    def __repr__(self) -> str:
        return (
            f"Answer({self.prediction!r}, confidence={self.confidence:.3g}, stated={self.stated:.3g}, "
            f"text={self.text!r})"
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows in the answer's place."""
        rows = [(self.prediction, self.confidence, self.text)] if self.quantity is not None else []
        rows += [
            (format_prediction(runner.quantity), runner.confidence, runner.text) for runner in self.runners_up
        ]
        cells = "".join(
            f'<tr><td style="text-align:left">{escape(value)}</td><td>{confidence:.2f}</td>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for value, confidence, text in rows
        )
        headline = escape(self.prediction) or "no answer"
        stated = (
            ""
            if self.quantity is not None
            else f" (the picture states it with probability {self.stated:.2f})"
        )
        table = (
            '<table style="text-align:left"><tr><th>value</th><th>confidence</th><th>read from</th></tr>'
            f"{cells}</table>"
            if rows
            else ""
        )
        return (
            '<div style="display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start">'
            f"{self._picture()}<div><div>{escape(self.entity)}</div>"
            f'<div style="font-size:1.4em;font-weight:600">{headline}</div>'
            f"{escape(stated)}{table}</div></div>"
        )

    def _picture(self) -> str:
        if self.preview is None or self.size is None:
            return ""
        width, height = self.size
        stroke = max(width, height) / 150
        boxes = "".join(
            _outline(box, colour, dash)
            for box, colour, dash in (
                *((runner.box, _RUNNER_UP_COLOUR, f"{2 * stroke:.1f}") for runner in self.runners_up),
                *([(self.box, _ANSWER_COLOUR, "none")] if self.box is not None else ()),
            )
        )
        picture = b64encode(self.preview).decode()
        scale = min(1.0, _SHOWN_PIXELS / max(width, height))
        return (
            f'<svg viewBox="0 0 {width} {height}" width="{width * scale:.0f}" height="{height * scale:.0f}" '
            f'role="img" aria-label="the picture, with a box around what was read">'
            f'<image href="data:image/jpeg;base64,{picture}" width="{width}" height="{height}"/>'
            f'<g fill="none" stroke-width="{stroke:.1f}">{boxes}</g></svg>'
        )


def _outline(box: Box, colour: str, dash: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in box)
    return f'<polygon points="{points}" stroke="{colour}" stroke-dasharray="{dash}"/>'
