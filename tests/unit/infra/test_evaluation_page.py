"""The page of evaluated pictures."""

from pathlib import Path

import numpy as np
from PIL import Image

from infra.training.page import write_page
from infra.training.report import evaluation_report, wrong_rows
from infra.training.scoring import ScoredAnswer, outcome
from tapeline.answers import Answer
from tapeline.ranking.choosing import choose_answers
from tests.unit.infra.small_truth import SIDE, drawn_scene, truth_row
from tests.unit.ranking.small_ranker import small_ranker


def scored(entity: str, right: str, link: str = "https://e.org/a%20b.png") -> ScoredAnswer:
    answer = choose_answers(drawn_scene(33, 44), [entity], ranker=small_ranker())[entity]
    row = truth_row(entity, right, source="<hand>", link=link)
    return ScoredAnswer(row, answer, outcome(row, answer.quantity))


def test_the_page_shows_pictures_answers_and_runners_up(tmp_path: Path) -> None:
    Image.fromarray(np.full((SIDE, SIDE, 3), 200, np.uint8)).save(tmp_path / "a b.png")
    page = write_page([scored("height", "33 centimetre")], tmp_path, tmp_path)
    text = page.read_text()
    assert "right: 33 centimetre" in text
    assert "answer: 33 centimetre" in text
    assert "runner-up: 44 centimetre" in text
    assert "a b.png (&lt;hand&gt;)" in text
    assert "base64,/9j/" in text


def test_an_empty_answer_shows_how_probably_it_is_stated(tmp_path: Path) -> None:
    row = truth_row("height", "33 centimetre", link="no link")
    answer = Answer(None, 0.0, 0.1234, "", None)
    page = write_page([ScoredAnswer(row, answer, outcome(row, None))], tmp_path, tmp_path)
    assert "answer: (empty) (stated: 0.12)<" in page.read_text()


def test_wrong_rows_come_first_and_missing_pictures_are_left_blank(tmp_path: Path) -> None:
    results = [scored("height", "33 centimetre"), scored("width", "45 centimetre", link="no link")]
    text = write_page(results, tmp_path, tmp_path).read_text()
    assert "2 rows, 1 wrong" in text
    assert text.index('class="fp"') < text.index('class="tp"')
    assert text.count('base64,"') == 2


def test_the_report_scores_each_source_and_names_the_wrong_rows() -> None:
    results = [scored("height", "33 centimetre"), scored("width", "45 centimetre")]
    report = evaluation_report(results)
    assert "<hand>" in report
    assert "all                                 2 0.500 1.000 0.667     1    1    0    0" in report
    title, line = wrong_rows(results).splitlines()
    assert title == "the first 1 of 1 wrong rows"
    assert "a b.png width: 45 centimetre; chose 44 centimetre" in line
