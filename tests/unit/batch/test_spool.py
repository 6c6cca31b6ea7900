from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.batch.spool import AnsweredRow, AnswerSpool
from tapeline.errors import ErrorCode


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[AnswerSpool]:
    with AnswerSpool(tmp_path / "answers.db", 11) as opened:
        yield opened


def test_answers_come_in_ascending_order_of_position(spool: AnswerSpool) -> None:
    for positions in ([7, 2], [10], [0, 9]):
        assert spool.add(PictureResult(tuple(RowAnswer(position) for position in positions)))
    assert [row.position for row in spool.in_order()] == [0, 2, 7, 9, 10]


def test_the_first_answer_to_a_row_is_kept(spool: AnswerSpool) -> None:
    assert spool.add(PictureResult((RowAnswer(0, "1 volt"),)))
    assert not spool.add(PictureResult((RowAnswer(0, "2 volt"),)))
    assert spool.add(PictureResult((RowAnswer(0, "3 volt"), RowAnswer(1, "4 volt"))))
    assert [row.prediction for row in spool.in_order()] == ["1 volt", "4 volt"]


@pytest.mark.parametrize("position", [-1, 11, 2**63, 10**30])
def test_positions_that_the_input_lacks_are_not_kept(spool: AnswerSpool, position: int) -> None:
    assert not spool.add(PictureResult((RowAnswer(position),)))
    assert spool.add(PictureResult((RowAnswer(position), RowAnswer(10))))
    assert [row.position for row in spool.in_order()] == [10]


def test_answers_that_come_in_thousands_are_all_there(tmp_path: Path) -> None:
    positions = [number * 7919 % 2500 for number in range(2500)]
    with AnswerSpool(tmp_path / "answers.db", 2500) as spool:
        for position in positions:
            spool.add(PictureResult((RowAnswer(position, f"{position} volt"),)))
        assert [row.prediction for row in spool.in_order()] == [f"{number} volt" for number in range(2500)]


def test_a_row_has_its_columns_as_the_outputs_show_them(spool: AnswerSpool) -> None:
    box = ((0.0, 0.5), (10.0, 0.5), (10.0, 4.25), (0.0, 4.25))
    answer = RowAnswer(3, "80 centimetre", 0.25, 0.5, "Größe 80 cm", box, (("31.5 inch", 0.125, '31.5" é'),))
    times = {"fetch": 0.05, "read": 400.0}
    spool.add(PictureResult((answer,), (("tür", 0.5), ("b", 0.0001)), times, ("half", "a ü")))
    assert list(spool.in_order()) == [
        AnsweredRow(
            position=3,
            prediction="80 centimetre",
            confidence=0.25,
            stated=0.5,
            text="Größe 80 cm",
            box="[[0.0, 0.5], [10.0, 0.5], [10.0, 4.25], [0.0, 4.25]]",
            runners_up='[["31.5 inch", 0.125, "31.5\\" é"]]',
            labels='[["tür", 0.5], ["b", 0.0001]]',
            milliseconds=400.1,
            notes='["half", "a ü"]',
        )
    ]


def test_a_row_with_an_error_has_its_code(spool: AnswerSpool) -> None:
    spool.add(PictureResult((RowAnswer(0, error_code=ErrorCode.TIMEOUT, error="late"),)))
    (row,) = spool.in_order()
    assert row == AnsweredRow(0, milliseconds=0.0, error_code="timeout", error="late")
