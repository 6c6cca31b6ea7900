"""OCR passes: when a second one is made, and how both are merged."""

import pytest

from tapeline.picture import TextLine
from tapeline.reading.observing import NO_SHAPES, scene_of
from tapeline.reading.passes import merge_passes, needs_second_pass


def line(text: str, x: float = 0, y: float = 0) -> TextLine:
    return TextLine(text, 0.9, ((x, y), (x + 100, y), (x + 100, y + 20), (x, y + 20)))


@pytest.mark.parametrize(
    ("texts", "entity", "longest_side", "expected"),
    [
        # Where nothing was read, nothing is.
        ([], "width", 400, False),
        (["12 cm"], "width", 400, False),
        (["12 cm"], "item_weight", 400, True),
        (["12 cm"], "item_weight", 800, True),
        (["12 cm"], "item_weight", 801, False),
        (["Large"], "width", 801, True),
        (["12 cm"] * 11, "item_weight", 400, True),
        (["12 cm"] * 12, "item_weight", 400, False),
        (["Large"] * 12, "width", 801, False),
        (["NET WT", *["12 oz"] * 12], "item_weight", 1500, True),
        (["2 kg"], "item_weight", 400, False),
        (["2 kg", "NET WT"], "item_weight", 400, True),
        (["2 kg", "NET WT 2 kg"], "item_weight", 400, False),
        # Ounces that are weighed are no volume.
        (["NET WT 8 oz"], "item_volume", 400, True),
        (["8 oz"], "item_volume", 400, False),
    ],
)
def test_a_second_pass_has_a_reason(texts: list[str], entity: str, longest_side: int, expected: bool) -> None:
    text = [line(said, y=50.0 * index) for index, said in enumerate(texts)]
    lines = scene_of(text, NO_SHAPES, 400, 400).lines
    assert needs_second_pass(text, lines, [entity], longest_side) is expected


def test_what_both_passes_read_is_kept_once_as_the_second_read_it() -> None:
    assert [found.text for found in merge_passes([line("12 crn")], [line("12 cm", x=5)])] == ["12 cm"]


def test_what_only_the_first_pass_read_is_kept() -> None:
    merged = merge_passes([line("brand", y=300)], [line("12 cm")])
    assert [found.text for found in merged] == ["12 cm", "brand"]
