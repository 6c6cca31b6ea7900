from hypothesis import example, given
from hypothesis import strategies as st

from tapeline.quantities import plain_text
from tests.unit.quantities.helpers import found


@given(st.text(max_size=200))
@example("İ5cm")
@example("a·1·2·b·")
def test_plain_text_keeps_the_length(text: str) -> None:
    assert len(plain_text(text)) == len(text)


def test_an_o_before_decimals_is_a_zero() -> None:
    assert found("THICKNESS: O.5mm") == ["0.5 millimetre"]
    assert found("No.5 mm") == ["5 millimetre"]
