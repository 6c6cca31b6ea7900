"""Labels, scores, and training from rows to an artefact that rates."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from infra.training.cache import CachedReader, JsonCache
from infra.training.examples import ask, is_contradicted, lesson
from infra.training.growing import FAMILIES, dump, grow, ranker_document
from infra.training.labels import LabelError, LabelledRow, read_labels
from infra.training.page import write_page
from infra.training.priors import count_priors
from infra.training.scoring import outcome, scores
from tapeline.picture import Picture, Shapes, TextLine
from tapeline.quantities import Quantity
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.features import Scene
from tapeline.ranking.ranker import Ranker, default_ranker

HEADER = "index,image_link,entity_name,answers,status,source,split\n"


def row(entity: str, *answers: str, source: str = "vote", link: str = "https://e.org/a.jpg") -> LabelledRow:
    found = frozenset(Quantity(Decimal(a.split(" ", 1)[0]).normalize(), a.split(" ", 1)[1]) for a in answers)
    return LabelledRow("0", link, entity, found, not answers, source)


def scene(tall: int, wide: int) -> Scene:
    """Draw a product with an upright and a flat dimension line, and a number at each."""

    def line(text: str, x: float, y: float) -> TextLine:
        return TextLine(text, 0.9, ((x, y), (x + 80, y), (x + 80, y + 24), (x, y + 24)))

    segments = np.array([[140, 100, 140, 700], [200, 730, 600, 730]], np.float32)
    lines = (line(f"{tall} cm", 40, 390), line(f"{wide} cm", 360, 740))
    return Scene(lines, Shapes(segments, (200, 100, 600, 700)), 800, 800)


def test_labels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        HEADER
        + "7,https://e.org/a.jpg,item_weight,2 pound | 907 gram,value,hand,dev\n"
        + "8,https://e.org/a.jpg,width,,none,hand,dev\n"
        + "9,https://e.org/a.jpg,depth,2 inch,ambiguous,hand,dev\n"
        + "10,https://e.org/b.jpg,height,1 metre to 2 metre,value,vote,train\n"
    )
    weight, width, height = read_labels(path)
    assert weight.answers == {Quantity(Decimal(2), "pound"), Quantity(Decimal(907), "gram")}
    assert (weight.split, weight.file_name, weight.silent) == ("dev", "a.jpg", False)
    assert width.silent
    assert not height.silent
    assert not height.answers


@pytest.mark.parametrize(
    "text", ["image_link,entity_name\n", HEADER + "1,https://e.org/a,colour,red,value,,\n"]
)
def test_labels_in_another_form_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(LabelError, match="expected"):
        read_labels(path)


@pytest.mark.parametrize(
    ("answers", "prediction", "expected"),
    [
        (("2 pound", "907 gram"), "907 gram", "tp"),
        (("2 pound",), "907 gram", "fp"),
        (("2 pound",), "", "fn"),
        ((), "", "tn"),
        ((), "2 pound", "fp"),
    ],
)
def test_outcomes_are_the_challenge_s(answers: tuple[str, ...], prediction: str, expected: str) -> None:
    assert outcome(row("item_weight", *answers), prediction) == expected


def test_f1_leaves_true_silence_out() -> None:
    score = scores([("a", "tp"), ("a", "tp"), ("a", "fp"), ("b", "fn"), ("b", "tn")])["all"]
    assert (score.rows, score.precision, score.recall) == (5, 2 / 3, 2 / 3)
    assert score.f1 == pytest.approx(2 / 3)


def test_a_vote_that_its_line_contradicts_teaches_the_opposite() -> None:
    wrong = row("width", "90 centimetre")
    (question,) = (
        q for q in ask([wrong], {wrong.image_link: scene(90, 40)}, default_ranker().priors) if q.row is wrong
    )
    assert is_contradicted(question)
    learned = lesson(question)
    assert learned is not None
    assert learned[0][0] == 0
    believed = lesson(question, clean=False)
    assert believed is not None
    assert believed[0][0] == 1


def test_an_answer_to_height_is_none_to_width() -> None:
    height = row("height", "90 centimetre")
    questions = ask([height], {height.image_link: scene(90, 40)}, default_ranker().priors)
    (width,) = (q for q in questions if q.entity == "width")
    learned = lesson(width)
    assert learned is not None
    assert learned[0][0] == 0
    assert np.isnan(learned[0][1])


def test_what_is_trained_is_what_rates(tmp_path: Path) -> None:
    rows, scenes = [], {}
    for number in range(60):
        link = f"https://e.org/{number}.jpg"
        tall, wide = 20 + number, 95 - number
        scenes[link] = scene(tall, wide)
        rows += [
            row("height", f"{tall} centimetre", link=link),
            row("width", f"{wide} centimetre", link=link),
        ]
    questions = ask(rows, scenes, default_ranker().priors)
    sides = grow(questions, FAMILIES[0], rounds=20, seeds=1)
    line = ([-3.0, 3.0], [0.1, 0.9])
    document = ranker_document([sides, sides], [line, line], default_ranker().priors, {"command": "test"})
    ranker = Ranker.from_document(json.loads(dump(document)))
    for question in questions:
        rated = ranker.rate(question.scene, question.entity)
        if question.entity != "depth":
            np.testing.assert_allclose(
                [measure.rating for measure in rated], np.sort(sides.rate(question))[::-1], atol=1e-3
            )
    answers = choose_answers(scene(33, 44), ["height", "width"], ranker=ranker)
    assert answers["height"].prediction == "33 centimetre"
    assert answers["width"].prediction == "44 centimetre"
    page = write_page(
        [(rows[0], answers["height"], outcome(rows[0], answers["height"].prediction))], tmp_path, tmp_path
    )
    assert "33 centimetre" in page.read_text()


def test_priors_are_shares_of_what_was_counted(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(
        "entity_name,entity_value\n" + "voltage,12.0 volt\n" * 30 + "voltage,[100.0, 240.0] volt\n" * 5
    )
    priors = count_priors(path)
    assert priors.of_unit("voltage", "volt") == pytest.approx(0, abs=0.05)
    assert priors.of_value("voltage", Quantity(Decimal(12), "volt")) == pytest.approx(0, abs=0.05)
    assert priors.of_unit("voltage", "kilovolt") < -5


def test_a_picture_is_read_once(tmp_path: Path) -> None:
    class Reader:
        calls = 0

        def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
            Reader.calls += 1
            return [TextLine("12 cm", 0.5, ((0, 0), (9, 0), (9, 5), (0, 5)))]

    picture = Picture(np.zeros((20, 20, 3), np.uint8), 20, 20)
    first = CachedReader(Reader, JsonCache(tmp_path)).read(picture)
    assert CachedReader(Reader, JsonCache(tmp_path)).read(picture) == first
    assert Reader.calls == 1
    CachedReader(Reader, JsonCache(tmp_path)).read(picture, 900)
    assert Reader.calls == 2
