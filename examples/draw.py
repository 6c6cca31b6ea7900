"""Draws the example pictures: ``python -m examples.draw [FOLDER]``.

Everything is drawn by the code below, so the pictures are free of other people's rights and
the right answers are known for certain. The same Pillow writes the same bytes on every run:
no clock, no chance, and no font but the one inside Pillow.

Coordinates are pixels of the finished picture, from its top left corner.
"""

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont

type Point = tuple[float, float]
type Box = tuple[float, float, float, float]
type Colour = tuple[int, int, int]
type Outline = Sequence[Point]

IMAGES: Final = Path(__file__).parent / "images"
"""The folder of the committed pictures."""

# Pillow's shapes have hard edges: drawing three times as large and shrinking softens them.
_SCALE: Final = 3
# A blur this coarse cannot be told from one in full resolution, and takes a hundredth of the time.
_SHADOW_SHRINK: Final = 4

_WHITE: Final = (255, 255, 255)
_INK: Final = (40, 48, 58)
_SLATE: Final = (96, 108, 120)
_CREAM: Final = (250, 244, 230)


@dataclass(frozen=True)
class Fill:
    """A run of colours, from left to right or from top to bottom.

    Attributes:
        colours: The colours at equal distances from each other; a single one fills evenly.
        downwards: Whether the colours run from top to bottom.
    """

    colours: tuple[Colour, ...]
    downwards: bool = False

    def over(self, width: int, height: int) -> Image.Image:
        """Returns the fill as a picture of this size."""
        count = len(self.colours)
        strip = Image.new("RGB", (1, count) if self.downwards else (count, 1))
        strip.putdata(self.colours)
        return strip.resize((width, height), Image.Resampling.BICUBIC)


def across(*colours: Colour) -> Fill:
    """Returns a fill whose colours run from left to right."""
    return Fill(colours)


def down(*colours: Colour) -> Fill:
    """Returns a fill whose colours run from top to bottom."""
    return Fill(colours, downwards=True)


def ellipse(box: Box) -> Outline:
    """Returns the outline of the ellipse that fills a box."""
    left, top, right, bottom = box
    middle, centre = (left + right) / 2, (top + bottom) / 2
    turns = [2 * math.pi * step / 120 for step in range(120)]
    return [
        (middle + (right - left) / 2 * math.cos(turn), centre + (bottom - top) / 2 * math.sin(turn))
        for turn in turns
    ]


def circle(centre: Point, radius: float) -> Outline:
    """Returns the outline of a circle."""
    x, y = centre
    return ellipse((x - radius, y - radius, x + radius, y + radius))


def rounded(box: Box, radius: float) -> Outline:
    """Returns the outline of a rectangle with rounded corners."""
    left, top, right, bottom = box
    corners = [
        (right - radius, bottom - radius),
        (left + radius, bottom - radius),
        (left + radius, top + radius),
        (right - radius, top + radius),
    ]
    return [
        (x + radius * math.cos(turn), y + radius * math.sin(turn))
        for quarter, (x, y) in enumerate(corners)
        for turn in [math.pi / 2 * (quarter + step / 12) for step in range(13)]
    ]


def curve(points: Sequence[Point]) -> Outline:
    """Returns a smooth path (a Catmull-Rom spline) through points, from the first to the last."""
    around = [points[0], *points, points[-1]]
    path: list[Point] = []
    for before, start, end, after in zip(around, around[1:], around[2:], around[3:], strict=False):
        for step in range(16):
            t = step / 16
            weights = (
                -t / 2 + t**2 - t**3 / 2,
                1 - 2.5 * t**2 + 1.5 * t**3,
                t / 2 + 2 * t**2 - 1.5 * t**3,
                -(t**2) / 2 + t**3 / 2,
            )
            near = (before, start, end, after)
            path.append(
                (
                    sum(weight * x for weight, (x, _) in zip(weights, near, strict=True)),
                    sum(weight * y for weight, (_, y) in zip(weights, near, strict=True)),
                )
            )
    return [*path, points[-1]]


def lathe(middle: float, profile: Sequence[Point]) -> Outline:
    """Returns the outline of something turned on a lathe.

    Args:
        middle: The x of its axis.
        profile: Pairs of half a width and a y, from top to bottom.
    """
    side = curve(profile)
    return [(middle + x, y) for x, y in side] + [(middle - x, y) for x, y in reversed(side)]


def moved(outline: Iterable[Point], x: float, y: float) -> Outline:
    """Returns an outline somewhere else."""
    return [(px + x, py + y) for px, py in outline]


def turned(outline: Iterable[Point], centre: Point, degrees: float) -> Outline:
    """Returns an outline turned clockwise about a point."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    cx, cy = centre
    return [(cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos) for x, y in outline]


class Canvas:
    """A picture that is being drawn."""

    def __init__(self, width: int, height: int, background: Fill) -> None:
        self._size = (width, height)
        self._image = background.over(width * _SCALE, height * _SCALE)

    def fill(self, outline: Outline, fill: Fill | Colour, *, opacity: float = 1.0) -> None:
        """Fills an outline; the fill spans the outline's box."""
        scaled = [(x * _SCALE, y * _SCALE) for x, y in outline]
        left = math.floor(min(x for x, _ in scaled))
        top = math.floor(min(y for _, y in scaled))
        width = math.ceil(max(x for x, _ in scaled)) - left + 1
        height = math.ceil(max(y for _, y in scaled)) - top + 1
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in scaled], fill=round(255 * opacity))
        paint = fill if isinstance(fill, Fill) else Fill((fill,))
        self._image.paste(paint.over(width, height), (left, top), mask)

    def stroke(self, path: Outline, width: float, colour: Colour) -> None:
        """Draws a line with round ends along a path."""
        draw = ImageDraw.Draw(self._image)
        scaled = [(x * _SCALE, y * _SCALE) for x, y in path]
        draw.line(scaled, fill=colour, width=round(width * _SCALE))
        # Pillow's own joints leave notches in a wide line that turns in small steps.
        for point in scaled:
            draw.circle(point, (width * _SCALE - 1) / 2, fill=colour)

    def shadow(self, outline: Outline, *, blur: float, opacity: float) -> None:
        """Darkens softly where an outline lies: drawn before the thing that throws the shadow."""
        width, height = self._size
        mask = Image.new("L", (width // _SHADOW_SHRINK, height // _SHADOW_SHRINK))
        ImageDraw.Draw(mask).polygon(
            [(x / _SHADOW_SHRINK, y / _SHADOW_SHRINK) for x, y in outline], fill=round(255 * opacity)
        )
        mask = mask.filter(ImageFilter.GaussianBlur(blur / _SHADOW_SHRINK))
        mask = mask.resize(self._image.size, Image.Resampling.BICUBIC)
        self._image.paste(_INK, (0, 0), mask)

    def text(
        self,
        middle: Point,
        words: str,
        size: float,
        colour: Colour = _INK,
        *,
        bold: bool = False,
        turn: float = 0,
    ) -> None:
        """Writes one line.

        Args:
            middle: Where the middle of the line comes.
            words: What to write.
            size: The size of the font.
            colour: The colour of the letters.
            bold: Whether to thicken the letters; Pillow brings one weight only.
            turn: Degrees to turn the line, counter-clockwise.
        """
        # Raqm, the other layout engine, is there only where FriBiDi is: it would change the spacing.
        font = ImageFont.load_default(size * _SCALE)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise TypeError("expected Pillow with FreeType, received one without it")
        font = font.font_variant(layout_engine=ImageFont.Layout.BASIC)
        weight = size * _SCALE * 0.028 if bold else 0
        left, top, right, bottom = font.getbbox(words, stroke_width=weight, anchor="lm")
        mask = Image.new("L", (math.ceil(right - left) + 2, math.ceil(bottom - top) + 2))
        ImageDraw.Draw(mask).text(
            (1 - left, 1 - top), words, fill=255, font=font, anchor="lm", stroke_width=weight
        )
        if turn:
            mask = mask.rotate(turn, Image.Resampling.BICUBIC, expand=True)
        x, y = middle
        corner = (round(x * _SCALE - mask.width / 2), round(y * _SCALE - mask.height / 2))
        self._image.paste(colour, corner, mask)

    def dimension(
        self,
        start: Point,
        end: Point,
        label: str,
        *,
        beside: Point,
        size: float = 34,
        turn: float = 0,
        colour: Colour = _INK,
    ) -> None:
        """Draws a dimension line with arrow heads and end marks, and its label.

        Args:
            start: One end of what is measured.
            end: The other end.
            label: The measure.
            beside: How far the label's middle is from the line's middle, to the right and down.
            size: The size of the label's font.
            turn: Degrees to turn the label, counter-clockwise.
            colour: The colour of line and label.
        """
        (x1, y1), (x2, y2) = start, end
        length = math.hypot(x2 - x1, y2 - y1)
        along = ((x2 - x1) / length, (y2 - y1) / length)
        for (x, y), sign in ((start, 1), (end, -1)):
            dx, dy = along[0] * sign, along[1] * sign
            back = (x + dx * 20, y + dy * 20)
            self.fill(
                [(x, y), (back[0] - dy * 7, back[1] + dx * 7), (back[0] + dy * 7, back[1] - dx * 7)], colour
            )
            self.stroke([(x - dy * 14, y + dx * 14), (x + dy * 14, y - dx * 14)], 2, colour)
        inset = (along[0] * 12, along[1] * 12)
        self.stroke([(x1 + inset[0], y1 + inset[1]), (x2 - inset[0], y2 - inset[1])], 2.5, colour)
        middle = ((x1 + x2) / 2 + beside[0], (y1 + y2) / 2 + beside[1])
        self.text(middle, label, size, colour, turn=turn)

    def finished(self) -> Image.Image:
        """Returns the picture in its own size."""
        return self._image.resize(self._size, Image.Resampling.BOX)


def _bottle() -> Canvas:
    canvas = Canvas(900, 1200, down(_WHITE, _WHITE, (236, 240, 241)))
    steel = across((148, 158, 164), (240, 243, 245), (196, 204, 208), (120, 130, 138))
    teal = across((8, 84, 92), (34, 148, 152), (20, 122, 130), (4, 62, 72))
    canvas.shadow(ellipse((270, 1035, 640, 1090)), blur=20, opacity=0.5)
    canvas.fill(
        lathe(430, [(72, 300), (76, 330), (110, 390), (134, 450), (138, 520), (138, 700), (138, 1036)]),
        teal,
    )
    canvas.fill(lathe(430, [(138, 1020), (138, 1030), (137, 1050), (131, 1064), (116, 1070)]), steel)
    canvas.fill(rounded((360, 276, 500, 312), 8), steel)
    canvas.fill(
        rounded((352, 160, 508, 282), 22), across((28, 36, 48), (84, 96, 112), (52, 62, 76), (20, 26, 36))
    )
    canvas.stroke(curve([(382, 168), (388, 128), (430, 112), (472, 128), (478, 168)]), 16, (34, 42, 54))
    canvas.fill(rounded((324, 500, 340, 1000), 8), _WHITE, opacity=0.28)
    drop = curve(
        [
            (430, 520),
            (462, 580),
            (478, 620),
            (462, 656),
            (430, 668),
            (398, 656),
            (382, 620),
            (398, 580),
            (430, 520),
        ]
    )
    canvas.fill(drop, _WHITE)
    canvas.fill(
        curve([(404, 618), (412, 640), (432, 650), (416, 652), (400, 640), (404, 618)]), (34, 148, 152)
    )
    canvas.text((430, 730), "brook", 56, _WHITE, bold=True)
    canvas.text((430, 960), "750 ml", 42, _WHITE)
    canvas.dimension((690, 112), (690, 1070), "26.5 cm", beside=(44, 0), size=44, turn=90)
    canvas.dimension((292, 1120), (568, 1120), "7.2 cm", beside=(0, 38), size=44)
    return canvas


def _shelf() -> Canvas:
    canvas = Canvas(1200, 900, down((240, 241, 234), (228, 231, 221)))
    oak, oak_front = across((222, 184, 134), (232, 198, 150)), down((196, 152, 100), (178, 134, 84))
    canvas.shadow([(160, 560), (930, 560), (1030, 520), (1000, 600), (200, 610)], blur=18, opacity=0.4)
    canvas.fill([(140, 540), (250, 470), (1040, 470), (930, 540)], oak)
    canvas.fill([(140, 540), (930, 540), (930, 580), (140, 580)], oak_front)
    canvas.fill([(930, 540), (1040, 470), (1040, 508), (930, 580)], (154, 114, 70))
    for y in (484, 500, 520):
        shift = (540 - y) * 1.57
        canvas.stroke([(160 + shift, y), (880 + shift, y)], 1, (208, 168, 118))
    canvas.shadow([(270, 516), (560, 516), (600, 500), (300, 496)], blur=8, opacity=0.45)
    books: list[tuple[float, float, float, Colour]] = [
        (270, 250, 52, (44, 74, 102)),
        (322, 290, 40, (204, 108, 78)),
        (362, 234, 60, (238, 226, 204)),
        (422, 272, 46, (96, 132, 116)),
        (468, 300, 34, (226, 172, 74)),
    ]
    for left, top, width, (red, green, blue) in books:
        spine = across(
            (red - 24, green - 24, blue - 24), (red, green, blue), (red - 10, green - 10, blue - 10)
        )
        canvas.fill(rounded((left, top, left + width, 514), 4), spine)
        canvas.fill(rounded((left + 8, top + 28, left + width - 8, top + 36), 2), _CREAM, opacity=0.8)
        canvas.fill(rounded((left + 8, 470, left + width - 8, 474), 2), _CREAM, opacity=0.8)
    tilted = turned(rounded((516, 284, 552, 516), 4), (552, 516), -9)
    canvas.fill(tilted, across((132, 64, 74), (168, 88, 96)))
    canvas.shadow(ellipse((690, 492, 880, 522)), blur=8, opacity=0.45)
    for turn, length in ((-58, 150), (-34, 190), (-12, 220), (12, 215), (34, 185), (58, 140)):
        leaf = curve(
            [
                (780, 430),
                (752, 430 - length * 0.45),
                (780, 430 - length),
                (808, 430 - length * 0.45),
                (780, 430),
            ]
        )
        canvas.fill(turned(leaf, (780, 430), turn), across((70, 124, 92), (112, 162, 120)))
        canvas.stroke(turned([(780, 424), (780, 436 - length)], (780, 430), turn), 1.5, (54, 104, 78))
    canvas.fill(
        [(712, 400), (848, 400), (826, 512), (734, 512)],
        across((196, 196, 190), (250, 250, 246), (206, 206, 200)),
    )
    canvas.fill(rounded((704, 388, 856, 414), 6), across((206, 206, 200), (255, 255, 252), (214, 214, 208)))
    canvas.fill(circle((1050, 190), 104), (58, 92, 78))
    canvas.text((1050, 134), "MAX LOAD", 28, _WHITE)
    canvas.text((1050, 196), "15 kg", 62, _WHITE, bold=True)
    canvas.text((1050, 250), "per shelf", 26, _WHITE)
    canvas.dimension((140, 660), (930, 660), "80 cm", beside=(0, 42), size=46)
    canvas.dimension((968, 610), (1078, 540), "24 cm", beside=(56, 44), size=46)
    canvas.text((600, 822), "Floating Oak Shelf", 44, (58, 92, 78), bold=True)
    return canvas


def _lamp() -> Canvas:
    canvas = Canvas(800, 1000, Fill((_WHITE,)))
    brass, dark = (206, 158, 84), (44, 52, 62)
    canvas.fill([(176, 424), (352, 352), (470, 846), (60, 846)], (255, 247, 218))
    canvas.fill(ellipse((60, 806, 470, 886)), (255, 240, 196))
    canvas.fill(ellipse((352, 856, 640, 906)), (226, 229, 232))
    canvas.fill(rounded((380, 838, 608, 878), 20), dark)
    canvas.fill(rounded((400, 838, 588, 848), 5), (82, 92, 104))
    canvas.stroke([(494, 838), (584, 560)], 14, brass)
    canvas.stroke([(584, 560), (332, 290)], 14, brass)
    canvas.fill(circle((584, 560), 22), dark)
    canvas.fill(circle((584, 560), 9), brass)
    canvas.fill(curve([(170, 440), (196, 306), (252, 232), (318, 222), (372, 286), (366, 366)]), dark)
    canvas.fill(
        curve([(186, 420), (212, 312), (258, 250), (300, 236), (236, 300), (214, 412)]), (82, 92, 104)
    )
    canvas.fill(turned(ellipse((166, 376, 372, 430)), (269, 403), -20), (255, 226, 140))
    canvas.dimension((684, 214), (684, 880), '18"', beside=(54, 0), size=50)
    canvas.text((250, 90), "Reading Lamp", 56, dark, bold=True)
    canvas.text((250, 146), "warm white, dimmable", 30, _SLATE)
    canvas.fill(rounded((560, 60, 740, 150), 45), (206, 158, 84))
    canvas.text((650, 105), "LED 9 W", 36, _WHITE, bold=True)
    return canvas


def _box() -> Canvas:
    canvas = Canvas(1000, 900, Fill((_WHITE,)))
    canvas.fill([(170, 638), (640, 638), (828, 512), (900, 540), (660, 668), (200, 668)], (232, 233, 234))
    canvas.fill([(170, 300), (640, 300), (640, 640), (170, 640)], (124, 144, 160))
    canvas.fill([(640, 300), (830, 190), (830, 516), (640, 640)], (96, 114, 130))
    for row in range(9):
        y = 392 + row * 27
        canvas.stroke([(180, y), (630, y)], 1, (136, 156, 171))
        canvas.stroke([(650, y - 6), (820, y - 6 - 100 + row * 1.5)], 1, (106, 125, 141))
    canvas.fill([(156, 290), (346, 180), (844, 180), (654, 290)], (160, 178, 192))
    canvas.fill([(156, 290), (654, 290), (654, 364), (156, 364)], (142, 161, 176))
    canvas.fill([(654, 290), (844, 180), (844, 250), (654, 364)], (110, 129, 145))
    canvas.stroke([(168, 352), (642, 352)], 1.5, (172, 189, 202))
    canvas.stroke(curve([(350, 470), (356, 512), (405, 526), (454, 512), (460, 470)]), 16, (164, 106, 66))
    canvas.fill(circle((350, 468), 13), (206, 176, 120))
    canvas.fill(circle((460, 468), 13), (206, 176, 120))
    canvas.text((500, 84), "Fabric Storage Box with Lid", 48, _INK, bold=True)
    canvas.text((500, 736), "L x W x H", 38, _SLATE)
    canvas.text((500, 806), "16 x 12 x 10 in", 64, _INK, bold=True)
    return canvas


def _kettle() -> Canvas:
    canvas = Canvas(1000, 1000, down(_WHITE, (244, 242, 239)))
    steel = across((136, 142, 148), (238, 241, 243), (210, 215, 219), (176, 182, 188), (112, 118, 126))
    black = across((30, 33, 38), (78, 84, 92), (44, 48, 54), (22, 24, 28))
    canvas.shadow(ellipse((130, 800, 640, 868)), blur=22, opacity=0.5)
    canvas.stroke(
        curve([(510, 330), (606, 318), (652, 380), (640, 520), (590, 640), (532, 690)]), 46, (34, 37, 42)
    )
    canvas.stroke(curve([(540, 326), (606, 324), (640, 380), (630, 500)]), 6, (92, 98, 106))
    canvas.fill(curve([(270, 300), (170, 306), (120, 334), (160, 372), (214, 440), (250, 460)]), steel)
    canvas.fill(lathe(380, [(150, 300), (160, 360), (186, 540), (206, 720), (208, 774)]), steel)
    canvas.fill(lathe(380, [(208, 756), (210, 800), (204, 806)]), black)
    canvas.fill(rounded((160, 806, 600, 840), 14), black)
    canvas.fill(
        curve([(230, 302), (236, 274), (300, 252), (380, 246), (460, 252), (524, 274), (530, 302)]), black
    )
    canvas.fill(rounded((346, 214, 414, 252), 14), black)
    canvas.fill(rounded((424, 500, 462, 726), 19), (58, 66, 74))
    canvas.fill(rounded((431, 586, 455, 720), 12), (120, 176, 206))
    for y in (540, 586, 632, 678):
        canvas.stroke([(470, y), (486, y)], 2, (84, 90, 98))
    canvas.fill(
        curve([(246, 330), (226, 520), (206, 730), (226, 730), (248, 520), (264, 330)]), _WHITE, opacity=0.55
    )
    canvas.text((500, 92), "Rapid Boil Kettle", 60, _INK, bold=True)
    canvas.text((500, 152), "brushed stainless steel", 32, _SLATE)
    for y, colour, big, small in (
        (330, (190, 84, 60), "2200 W", "fast boil"),
        (520, (60, 120, 152), "1.7 L", "family size"),
        (710, (112, 140, 92), "Auto-off", "boil-dry safe"),
    ):
        canvas.stroke([(730, y - 66), (730, y + 54)], 5, colour)
        canvas.text((848, y - 28), big, 50, colour, bold=True)
        canvas.text((848, y + 30), small, 30, _SLATE)
    return canvas


def _coffee() -> Canvas:
    canvas = Canvas(800, 1000, down((250, 247, 242), (239, 231, 220)))
    kraft = across((20, 52, 48), (40, 90, 80), (30, 74, 68), (14, 42, 40))
    canvas.shadow(ellipse((150, 856, 660, 930)), blur=22, opacity=0.5)
    canvas.fill(
        [
            *curve([(190, 90), (184, 160), (196, 240), (176, 520), (186, 800), (170, 896)]),
            *curve([(170, 896), (280, 910), (400, 914), (520, 910), (630, 896)]),
            *curve([(630, 896), (614, 800), (624, 520), (604, 240), (616, 160), (610, 90)]),
        ],
        kraft,
    )
    canvas.fill(
        [(190, 90), (610, 90), (614, 148), (186, 148)], across((14, 40, 38), (30, 70, 64), (12, 36, 34))
    )
    for y in range(98, 146, 8):
        canvas.stroke([(194, y), (606, y)], 1, (50, 98, 90))
    canvas.fill(circle((400, 216), 22), (14, 40, 38))
    canvas.fill(circle((400, 216), 14), (34, 80, 72))
    canvas.fill(rounded((236, 290, 564, 800), 10), _CREAM)
    canvas.fill(circle((468, 396), 36), (232, 160, 76))
    canvas.fill([(262, 500), (348, 366), (400, 440), (436, 396), (538, 500)], (70, 112, 104))
    canvas.fill([(348, 366), (322, 407), (346, 420), (360, 404), (376, 408)], _WHITE)
    canvas.fill([(262, 500), (330, 448), (400, 486), (470, 452), (538, 500)], (40, 84, 78))
    canvas.text((400, 556), "HIGHLAND", 50, (40, 84, 78), bold=True)
    canvas.text((400, 610), "whole bean coffee", 30, _INK)
    canvas.stroke([(290, 650), (510, 650)], 2, (232, 160, 76))
    canvas.text((400, 690), "NET WT", 26, _INK)
    canvas.text((400, 744), "12 oz (340 g)", 44, _INK, bold=True)
    for x, y, turn in ((120, 930, 20), (196, 952, -35), (660, 934, 60), (716, 956, -10), (604, 958, 15)):
        bean = turned(ellipse((x - 30, y - 20, x + 30, y + 20)), (x, y), turn)
        canvas.shadow(moved(bean, 3, 8), blur=6, opacity=0.4)
        canvas.fill(bean, down((128, 82, 52), (82, 48, 30)))
        crease = curve([(x - 28, y), (x - 10, y + 5), (x + 10, y - 5), (x + 28, y)])
        canvas.stroke(turned(crease, (x, y), turn), 3, (54, 30, 18))
    return canvas


def _adapter() -> Canvas:
    canvas = Canvas(1000, 760, Fill((_WHITE,)))
    canvas.stroke(
        curve([(720, 400), (860, 400), (930, 480), (900, 600), (760, 640), (560, 652), (420, 652)]),
        14,
        (46, 50, 56),
    )
    canvas.fill(rounded((340, 634, 424, 670), 10), (46, 50, 56))
    canvas.fill(rounded((290, 641, 342, 663), 4), (190, 196, 202))
    canvas.fill(rounded((96, 128, 752, 572), 44), (224, 227, 230))
    canvas.fill(rounded((80, 110, 736, 554), 44), (46, 50, 56))
    canvas.fill(rounded((80, 110, 736, 540), 44), (62, 67, 74))
    canvas.fill(rounded((722, 374, 770, 426), 12), (62, 67, 74))
    light = (236, 238, 240)
    canvas.text((408, 180), "AC/DC POWER ADAPTER", 40, light, bold=True)
    canvas.stroke([(130, 226), (686, 226)], 2, (130, 136, 144))
    canvas.text((408, 286), "OUTPUT: 12 V   2 A", 50, light, bold=True)
    canvas.text((408, 362), "POWER: 24 W", 50, light, bold=True)
    canvas.stroke([(130, 416), (686, 416)], 2, (130, 136, 144))
    canvas.text((300, 480), "For indoor use only", 30, light)
    for inset in (0, 12):
        box = (520.0 + inset, 450.0 + inset, 580.0 - inset, 510.0 - inset)
        canvas.fill(rounded(box, 3), light)
        canvas.fill(rounded((box[0] + 3, box[1] + 3, box[2] - 3, box[3] - 3), 2), (62, 67, 74))
    house = [(620, 480), (654, 450), (688, 480), (680, 480), (680, 510), (628, 510), (628, 480)]
    canvas.fill(house, light)
    canvas.fill([(642, 488), (666, 488), (666, 510), (642, 510)], (62, 67, 74))
    return canvas


def _ladder() -> Canvas:
    canvas = Canvas(800, 1200, down(_WHITE, _WHITE, (238, 240, 242)))
    rail, rear = (196, 202, 208), (146, 153, 160)
    canvas.shadow(ellipse((120, 1060, 640, 1130)), blur=22, opacity=0.35)
    for top, foot in ((330, 470), (470, 620)):
        canvas.stroke([(top, 170), (foot, 1030)], 16, rear)
        canvas.fill(rounded((foot - 18, 1020, foot + 18, 1048), 6), _INK)
    for y in (420, 700, 960):
        share = (y - 170) / 860
        canvas.stroke([(330 + 140 * share, y), (470 + 150 * share, y)], 8, rear)
    for step in range(6):
        y = 300 + step * 132
        share = (y - 170) / 930
        left, right = 300 - 170 * share, 440 + 50 * share
        canvas.fill([(left, y), (right, y), (right + 6, y - 16), (left + 22, y - 16)], (120, 127, 134))
        canvas.fill(rounded((left, y, right, y + 26), 4), down((232, 235, 238), (164, 171, 178)))
    for top, foot in ((300, 130), (440, 490)):
        canvas.fill(
            [(top - 14, 170), (top + 14, 170), (foot + 17, 1090), (foot - 17, 1090)],
            across((226, 230, 233), rail),
        )
        canvas.fill(rounded((foot - 26, 1074, foot + 26, 1110), 8), _INK)
    canvas.fill(rounded((262, 132, 500, 186), 16), down((240, 134, 52), (214, 104, 28)))
    canvas.fill(rounded((278, 142, 484, 152), 5), (252, 176, 110))
    canvas.fill(rounded((536, 250, 784, 480), 18), _INK)
    canvas.fill(rounded((544, 258, 776, 472), 12), (250, 204, 60))
    canvas.text((660, 308), "MAX LOAD", 38, _INK, bold=True)
    canvas.text((660, 386), "330 lb", 66, _INK, bold=True)
    canvas.text((660, 442), "one person", 28, _INK)
    canvas.dimension((62, 132), (62, 1110), "6 ft", beside=(58, 0), size=52)
    return canvas


def _table() -> Canvas:
    canvas = Canvas(1200, 900, Fill((_WHITE,)))
    top, edge, side = (
        across((206, 152, 102), (224, 176, 126)),
        down((178, 122, 74), (160, 106, 62)),
        (138, 90, 50),
    )
    leg, rear = across((172, 118, 72), (146, 96, 54)), across((136, 90, 52), (116, 74, 42))
    canvas.shadow([(220, 716), (880, 716), (1040, 600), (420, 600)], blur=30, opacity=0.3)
    for x in (425.0, 985.0):
        canvas.fill([(x, 300), (x + 40, 300), (x + 28, 606), (x + 10, 606)], rear)
    for x in (214.0, 806.0):
        canvas.fill([(x, 420), (x + 48, 420), (x + 34, 720), (x + 12, 720)], leg)
    canvas.fill([(200, 420), (868, 420), (868, 452), (200, 452)], (120, 78, 44))
    canvas.fill([(180, 390), (380, 250), (1080, 250), (880, 390)], top)
    canvas.fill([(180, 390), (880, 390), (880, 422), (180, 422)], edge)
    canvas.fill([(880, 390), (1080, 250), (1080, 280), (880, 422)], side)
    for share in (0.2, 0.4, 0.6, 0.8):
        shift = 200 * share
        y = 390 - 140 * share
        canvas.stroke([(180 + shift, y), (880 + shift, y)], 1, (186, 134, 86))
    canvas.fill(ellipse((560, 316, 740, 352)), (150, 100, 60), opacity=0.5)
    canvas.fill(
        lathe(640, [(26, 214), (22, 240), (52, 280), (58, 310), (40, 340)]),
        across((176, 192, 188), (238, 243, 240), (160, 178, 174)),
    )
    for turn in (-34, -12, 10, 32):
        stem = curve([(640, 220), (636, 160), (640, 96)])
        canvas.stroke(turned(stem, (640, 226), turn), 3, (94, 128, 96))
        for y in (170, 138, 108):
            for sign in (-1, 1):
                leaf = turned(
                    ellipse((640 + sign * 16 - 14, y - 7, 640 + sign * 16 + 14, y + 7)), (640, y), -24 * sign
                )
                canvas.fill(turned(leaf, (640, 226), turn), (122, 156, 118))
    canvas.dimension((180, 786), (880, 786), "47.2 in (120 cm)", beside=(0, 42), size=40)
    canvas.dimension((110, 390), (110, 722), "29.5 in (75 cm)", beside=(-40, 0), size=40, turn=90)
    canvas.dimension((916, 738), (1116, 598), "23.6 in (60 cm)", beside=(30, 82), size=34)
    return canvas


def _fan() -> Canvas:
    canvas = Canvas(900, 1100, down(_WHITE, (240, 244, 247)))
    mint, wire = (126, 178, 172), (168, 178, 186)
    canvas.shadow(ellipse((240, 990, 660, 1050)), blur=20, opacity=0.45)
    canvas.fill(
        lathe(450, [(24, 640), (26, 800), (30, 930)]),
        across((214, 220, 224), (250, 251, 252), (196, 204, 210)),
    )
    canvas.fill(
        lathe(450, [(60, 910), (120, 936), (180, 976), (190, 1010), (184, 1022)]),
        down((250, 251, 252), (214, 220, 225)),
    )
    for x in (390, 430, 470, 510):
        canvas.fill(ellipse((x - 14, 952, x + 14, 968)), mint if x == 430 else (190, 198, 205))
    canvas.fill(circle((450, 400), 312), (206, 214, 220))
    canvas.fill(circle((450, 400), 300), (247, 250, 251))
    for turn in (20, 140, 260):
        blade = curve(
            [(450, 400), (392, 300), (400, 180), (470, 142), (548, 190), (556, 290), (500, 370), (450, 400)]
        )
        canvas.fill(turned(blade, (450, 400), turn), across((104, 160, 156), (164, 206, 200)))
    for radius in (100, 150, 200, 250):
        rim = circle((450, 400), radius)
        canvas.stroke([*rim, rim[0]], 2, wire)
    for step in range(36):
        canvas.stroke(turned([(450, 330), (450, 96)], (450, 400), step * 10), 2, wire)
    canvas.fill(circle((450, 400), 72), across((222, 228, 232), (252, 253, 254), (206, 213, 219)))
    canvas.fill(circle((450, 400), 34), mint)
    canvas.fill(rounded((600, 740, 860, 910), 16), _SLATE)
    canvas.fill(rounded((604, 744, 856, 906), 13), _WHITE)
    canvas.text((730, 790), "120 V~  60 Hz", 34)
    canvas.text((730, 856), "45 W", 46, bold=True)
    canvas.stroke([(560, 980), (600, 870)], 2, _SLATE)
    canvas.text((190, 800), "Quiet Breeze", 46, (70, 128, 124), bold=True)
    canvas.text((190, 856), "table fan", 34, _SLATE)
    return canvas


def _jar() -> Canvas:
    canvas = Canvas(800, 1000, Fill((_WHITE,)))
    canvas.fill(ellipse((170, 870, 650, 930)), (236, 233, 226))
    canvas.fill(
        lathe(
            400,
            [
                (170, 240),
                (178, 262),
                (212, 308),
                (227, 370),
                (228, 430),
                (228, 600),
                (228, 810),
                (220, 866),
                (194, 896),
                (150, 902),
            ],
        ),
        (222, 150, 38),
    )
    canvas.fill(
        lathe(
            400,
            [
                (130, 290),
                (172, 306),
                (200, 350),
                (208, 400),
                (208, 600),
                (208, 800),
                (200, 850),
                (176, 878),
                (130, 886),
            ],
        ),
        (240, 176, 58),
    )
    canvas.fill(
        curve([(206, 370), (200, 500), (200, 800), (214, 846), (222, 800), (222, 500), (230, 360)]),
        (250, 208, 122),
    )
    canvas.fill(rounded((222, 130, 578, 250), 18), (70, 60, 52))
    canvas.fill(rounded((222, 130, 578, 160), 14), (98, 86, 76))
    for x in range(244, 570, 18):
        canvas.stroke([(x, 178), (x, 236)], 2, (92, 80, 70))
    canvas.fill([(170, 440), (630, 440), (630, 790), (170, 790)], _CREAM)
    for y in (452, 776):
        canvas.stroke([(172, y), (628, y)], 3, (222, 150, 38))
    for x, y in ((218, 506), (262, 531), (218, 556), (582, 506), (538, 531), (582, 556)):
        cell = [(x + 26 * math.cos(math.pi * k / 3), y + 26 * math.sin(math.pi * k / 3)) for k in range(6)]
        canvas.fill(cell, (246, 214, 142))
    for sign in (-1, 1):
        canvas.fill(turned(ellipse((400 - 16, 470, 400 + 16, 530)), (400, 532), 38 * sign), (206, 222, 228))
    canvas.fill(ellipse((376, 510, 424, 580)), (240, 176, 58))
    for y, half in ((530, 22), (548, 24), (565, 19)):
        canvas.stroke([(400 - half + 4, y), (400 + half - 4, y)], 7, (70, 60, 52))
    canvas.fill(circle((400, 508), 14), (70, 60, 52))
    canvas.text((400, 632), "Wildflower Honey", 46, (70, 60, 52), bold=True)
    canvas.text((400, 680), "raw and unfiltered", 28, (120, 104, 88))
    canvas.text((400, 738), "NET 500 g", 44, (70, 60, 52), bold=True)
    return canvas


def _chair() -> Canvas:
    canvas = Canvas(900, 1000, down((252, 250, 247), (252, 250, 247), (238, 233, 226)))
    oak = across((206, 160, 108), (176, 130, 82))
    canvas.shadow(ellipse((170, 876, 730, 920)), blur=20, opacity=0.3)
    for foot, lean in ((250, -26), (650, 26)):
        canvas.fill(
            [(foot - 18, 700), (foot + 18, 700), (foot + lean + 10, 900), (foot + lean - 10, 900)], oak
        )
    canvas.fill([(330, 700), (356, 700), (346, 852), (330, 852)], (146, 104, 64))
    canvas.fill([(544, 700), (570, 700), (570, 852), (554, 852)], (146, 104, 64))
    canvas.fill(
        rounded((230, 150, 670, 640), 110),
        across((176, 88, 66), (206, 114, 88), (198, 106, 80), (164, 80, 58)),
    )
    for x in (340, 450, 560):
        canvas.stroke(curve([(x, 190), (x + (450 - x) * 0.04, 340), (x, 560)]), 3, (168, 82, 60))
    canvas.shadow([(250, 520), (650, 520), (650, 560), (250, 560)], blur=16, opacity=0.35)
    canvas.fill(rounded((226, 540, 674, 670), 48), down((224, 136, 108), (188, 98, 74)))
    canvas.fill(rounded((220, 640, 680, 726), 26), down((178, 90, 68), (152, 72, 52)))
    for left in (160.0, 640.0):
        canvas.fill(
            rounded((left, 420, left + 100, 732), 48), across((190, 100, 76), (214, 124, 98), (172, 86, 64))
        )
        canvas.fill(rounded((left + 14, 432, left + 86, 474), 20), (226, 142, 114), opacity=0.7)
    canvas.shadow([(360, 400), (560, 400), (560, 560), (360, 560)], blur=14, opacity=0.3)
    cushion = turned(rounded((356, 372, 556, 556), 34), (456, 464), -8)
    canvas.fill(cushion, across((232, 222, 200), (246, 238, 220), (222, 210, 186)))
    seam = turned(rounded((368, 384, 544, 544), 26), (456, 464), -8)
    canvas.stroke([*seam, seam[0]], 2.5, (206, 184, 144))
    return canvas


PICTURES: Final[dict[str, Callable[[], Canvas]]] = {
    "bottle.jpg": _bottle,
    "shelf.jpg": _shelf,
    "lamp.png": _lamp,
    "box.png": _box,
    "kettle.jpg": _kettle,
    "coffee.jpg": _coffee,
    "adapter.png": _adapter,
    "ladder.jpg": _ladder,
    "table.jpg": _table,
    "fan.webp": _fan,
    "jar.png": _jar,
    "chair.jpg": _chair,
}
"""File name -> what draws it; the name's ending decides the format."""


def draw(folder: Path) -> list[Path]:
    """Draws all pictures.

    Args:
        folder: Where to write them; made where it is missing.

    Returns:
        The written files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, picture in PICTURES.items():
        path = folder / name
        image = picture().finished()
        if path.suffix == ".png":
            image.save(path, optimize=True)
        else:
            image.save(path, quality=88)
        written.append(path)
    return written


def main() -> None:
    """Draws the pictures into the folder given on the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.draw", description="Draw the example pictures.")
    parser.add_argument("folder", nargs="?", type=Path, default=IMAGES, help="default: %(default)s")
    for path in draw(parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()
