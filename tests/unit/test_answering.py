"""Answering pictures: in order, a few downloads ahead, and each failure costs its own picture alone."""

import time
import weakref
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tapeline.answering import Components, PictureAnswers, PictureQuery, answer_pictures
from tapeline.errors import ErrorCode, RowError
from tapeline.picture import Classification, Picture
from tapeline.quantities import format_prediction
from tests.unit.fakes import Classifier, Decoder, Fetcher, Reader


def components(fetcher: Fetcher | None = None, classifier: Classifier | None = None) -> Components:
    return Components(fetcher or Fetcher(), Decoder(), Reader(), classifier, downloads=3, classify_batch=2)


def test_pictures_are_answered_in_order_and_fetched_a_few_ahead() -> None:
    fetcher, classifier = Fetcher(), Classifier()
    queries = (PictureQuery("l" * number, ("item_weight", "colour")) for number in range(1, 21))
    answers = answer_pictures(queries, components(fetcher, classifier))
    first = next(answers)
    time.sleep(0.05)
    assert len(fetcher.links) <= 2 + 3 + 1
    results = [first, *answers]
    assert [item.labels[0].name for item in results] == [f"shade {number}" for number in range(1, 21)]
    assert classifier.batches == [2] * 10
    weight, colour = results[0].answers["item_weight"], results[0].answers["colour"]
    assert not isinstance(weight, RowError)
    assert format_prediction(weight.quantity) == "12.5 kilogram"
    assert isinstance(colour, RowError)
    assert colour.code is ErrorCode.UNKNOWN_ENTITY


def test_an_unexpected_error_costs_one_picture() -> None:
    def fail(link: str) -> None:
        if link == "b":
            raise ZeroDivisionError("surprise")

    queries = [PictureQuery(link, ("width", "item_weight")) for link in "abc"]
    a, b, c = answer_pictures(queries, components(Fetcher(fail)))
    error = b.answers["width"]
    assert isinstance(error, RowError)
    assert error.code is ErrorCode.INTERNAL
    assert "surprise" in error.message
    assert not errors(a, c)


def errors(*results: PictureAnswers) -> list[RowError]:
    return [item for result in results for item in result.answers.values() if isinstance(item, RowError)]


class FailingClassifier(Classifier):
    """Raises whenever it is given a picture of this shade."""

    def __init__(self, shade: int) -> None:
        super().__init__()
        self.shade = shade

    def classify(self, pictures: Sequence[Picture]) -> list[Classification]:
        if any(picture.pixels[0, 0, 0] == self.shade for picture in pictures):
            raise MemoryError("no room for this picture")
        return super().classify(pictures)


@pytest.mark.parametrize("failing", range(1, 6))
def test_a_classifier_that_raises_costs_that_picture_alone(failing: int) -> None:
    queries = [PictureQuery("l" * number, ("item_weight", "width")) for number in range(1, 6)]
    results = list(answer_pictures(queries, components(classifier=FailingClassifier(failing))))
    for number, result in enumerate(results, start=1):
        found = errors(result)
        if number != failing:
            assert not found
            assert result.labels[0].name == f"shade {number}"
        else:
            assert {error.code for error in found} == {ErrorCode.INTERNAL}
            assert "classify failed: MemoryError('no room for this picture')" in found[0].message
            assert set(result.answers) == {"item_weight", "width"}
            assert "classify" in result.milliseconds
            assert "read" not in result.milliseconds


def test_a_picture_without_a_known_entity_is_not_fetched() -> None:
    fetcher = Fetcher()
    list(answer_pictures([PictureQuery("a", ("colour",))], components(fetcher)))
    assert fetcher.links == []


class CountingDecoder(Decoder):
    """Counts the decoded pictures that are in memory whenever another one is decoded."""

    def __init__(self) -> None:
        self.decoded: list[weakref.ref[object]] = []
        self.most = 0

    def decode(self, data: bytes) -> Picture:
        picture = super().decode(data)
        self.decoded.append(weakref.ref(picture.pixels))
        self.most = max(self.most, sum(found() is not None for found in self.decoded))
        return picture


def test_no_more_pictures_are_in_memory_than_are_classified_together() -> None:
    decoder = CountingDecoder()
    queries = [PictureQuery(f"link {number}", ("item_weight",)) for number in range(40)]
    own = replace(components(), decoder=decoder)
    assert len(list(answer_pictures(queries, own))) == 40
    assert decoder.most == own.classify_batch == 2
