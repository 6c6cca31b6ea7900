import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tapeline.quantities import plain_text
from tests.unit.quantities.helpers import found


@given(st.text(max_size=200))
@example("İ5cm")
@example("a·1·2·b·")
def test_plain_text_keeps_the_length(text: str) -> None:
    assert len(plain_text(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 CM × 5 CM", "10 cm x 5 cm"),
        ("3*4", "3x4"),
        ("3″ 5’ 6`", "3\" 5' 6'"),
        ("１２ｃｍ ＫＧ", "12cm kg"),
        ("١٢ ३", "12 3"),
        ("1–2—3−4", "1-2-3-4"),
        ("1\u00a0kg\t2\u3000g", "1 kg 2 g"),
        ("Ø5 Φ6", "ø5 ø6"),
        ("50 μg", "50 µg"),
        ("12·5 a·5 5·", "12.5 a·5 5·"),
        ("HÖHE İ", "höhe İ"),
        ("²½°", "²½°"),
    ],
)
def test_look_alikes_have_one_spelling(text: str, expected: str) -> None:
    assert plain_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("77°L X 54°W X 41°H", ["77 inch", "54 inch", "41 inch"]),
        ("L81.7° x W57.8° x 86.9°H", ["81.7 inch", "57.8 inch", "86.9 inch"]),
        ("54 x 41°", ["54 inch", "41 inch"]),
        ('54" x 41°', ["54 inch", "41 inch"]),
        ("Tilt 45°", []),
        ("45 °C", []),
    ],
)
def test_a_degree_sign_beside_a_side_is_an_inch_mark(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13/8°", ["1.375 inch"]),
        ("2 5/8*", ["2.625 inch"]),
        ("1/2°C", []),
        ("3/4 * 5 cm", ["0.75 centimetre", "5 centimetre"]),
        ("85*45°22.5mm", ["85 millimetre", "45 millimetre", "22.5 millimetre"]),
        ("45°30", []),
    ],
)
def test_a_degree_sign_is_an_inch_mark_after_a_fraction_and_an_x_in_a_group(
    text: str, expected: list[str]
) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0274 mm", ["274 millimetre"]),
        ("022.2cm", ["22.2 centimetre"]),
        ("0.5 mm", ["0.5 millimetre"]),
        ("1050 mm", ["1050 millimetre"]),
        ("007 mm", []),
        ("0274 ml", []),
    ],
)
def test_a_zero_before_a_length_is_a_diameter_sign(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_an_o_before_decimals_is_a_zero() -> None:
    assert found("THICKNESS: O.5mm") == ["0.5 millimetre"]
    assert found("No.5 mm") == ["5 millimetre"]
