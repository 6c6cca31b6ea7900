"""Answering pictures: in order, a few downloads ahead, and each failure costs its own picture alone."""

import threading
import time
import weakref
from collections.abc import Sequence

import pytest

from tapeline.answerer import Answerer
from tapeline.answering import Components, answer_pictures
from tapeline.answers import PictureAnswers, PictureQuery
from tapeline.errors import DeadlineError, ErrorCode, RowError
from tapeline.geometry import Bounds
from tapeline.notes import add_note
from tapeline.picture import Classification, Picture, TextLine
from tapeline.quantities import format_prediction
from tests.unit.fakes import Classifier, Decoder, Fetcher, Reader


def components(fetcher: Fetcher | None = None, classifier: Classifier | None = None) -> Components:
    return Components(fetcher or Fetcher(), Answerer(Decoder(), Reader(), classifier), downloads=3)


def test_pictures_are_answered_in_order_and_fetched_a_few_ahead() -> None:
    fetcher, classifier = Fetcher(), Classifier()
    queries = (PictureQuery("l" * number, ("item_weight", "colour")) for number in range(1, 21))
    answers = answer_pictures(queries, components(fetcher, classifier))
    first = next(answers)
    time.sleep(0.05)
    assert len(fetcher.links) <= 3 + 1
    results = [first, *answers]
    assert [item.labels[0].name for item in results] == [f"shade {number}" for number in range(1, 21)]
    assert classifier.batches == [1] * 20
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
            assert {error.code for error in found} == {ErrorCode.WORKER_DIED}
            assert "classify needed more (MemoryError('no room for this picture'))" in found[0].message
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


def test_one_picture_is_in_memory_at_a_time() -> None:
    decoder = CountingDecoder()
    queries = [PictureQuery(f"link {number}", ("item_weight",)) for number in range(40)]
    own = Components(Fetcher(), Answerer(decoder, Reader()), downloads=3)
    assert len(list(answer_pictures(queries, own))) == 40
    assert decoder.most == 1


def test_a_query_has_one_result_whatever_is_fetched_and_whatever_fails() -> None:
    def fail(link: str) -> None:
        if link == "b":
            raise RowError(ErrorCode.TIMEOUT, "too slow")

    queries = [PictureQuery("a", ("colour",)), PictureQuery("b", ("width", "colour")), PictureQuery("c", ())]
    a, b, c = answer_pictures(queries, components(Fetcher(fail)))
    assert (set(a.answers), set(b.answers), set(c.answers)) == ({"colour"}, {"width", "colour"}, set())
    assert [error.code for error in errors(a, b)] == [
        ErrorCode.UNKNOWN_ENTITY,
        ErrorCode.TIMEOUT,
        ErrorCode.UNKNOWN_ENTITY,
    ]
    assert (set(a.milliseconds), set(b.milliseconds)) == (set(), {"fetch"})


def test_a_download_beyond_the_deadline_is_given_up() -> None:
    let_go = threading.Event()

    def wait(link: str) -> None:
        let_go.wait(30)

    fetcher = Fetcher(wait)
    start = time.monotonic()
    answers = answer_pictures([PictureQuery("a", ("width",))], components(fetcher), start + 0.2)
    with pytest.raises(DeadlineError):
        next(answers)
    assert time.monotonic() - start < 5
    let_go.set()


class NotingReader(Reader):
    """Leaves something out."""

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        add_note("half of it was read")
        return super().read(picture, longest_side)


def test_notes_come_with_the_picture_that_they_are_about() -> None:
    own = Components(Fetcher(), Answerer(Decoder(), NotingReader()))
    add_note("about nothing")
    # Two OCR passes add the note twice.
    first, second = answer_pictures([PictureQuery("a", ("width",)), PictureQuery("b", ("width",))], own)
    assert first.notes == second.notes == ("half of it was read",)
    assert first.size == (200, 100)


def crop(picture: Picture, bounds: Bounds) -> bytes:
    """Return the bounds in place of a WebP."""
    return ",".join(f"{each:g}" for each in bounds).encode()


@pytest.mark.parametrize(("crop_below", "cropped"), [(0.0, set()), (1.1, {"item_weight", "width"})])
def test_answers_that_are_less_sure_than_asked_come_with_a_crop(crop_below: float, cropped: set[str]) -> None:
    made: list[Bounds] = []

    def noting(picture: Picture, bounds: Bounds) -> bytes:
        made.append(bounds)
        return crop(picture, bounds)

    answerer = Answerer(Decoder(), Reader(), crop=noting)
    found = answerer.answer(
        PictureQuery("l", ("item_weight", "width", "colour"), crop_below=crop_below), b"x"
    )
    assert set(found.crops) == cropped
    if cropped:
        assert found.crops["item_weight"].webp == crop(
            Decoder().decode(b"x"), found.crops["item_weight"].bounds
        )
        assert found.crops["width"].bounds == (0, 0, 200, 100)
    # One for each place.
    assert len(made) == len(set(made))
    assert (
        Answerer(Decoder(), Reader()).answer(PictureQuery("l", ("width",), crop_below=1.1), b"x").crops == {}
    )


def test_a_preview_alone_is_fetched_and_decoded_and_nothing_else() -> None:
    class Never(Reader):
        def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
            raise AssertionError("expected no reading")

    fetcher, classifier = Fetcher(), Classifier()
    own = Answerer(Decoder(), Never(), classifier, encode=lambda pixels: b"jpeg")
    (found,) = answer_pictures([PictureQuery("l", (), preview=True)], Components(fetcher, own))
    assert (found.preview, found.size, found.error) == (b"jpeg", (200, 100), None)
    assert (fetcher.links, classifier.batches) == (["l"], [])


def test_why_a_preview_cannot_be_had_is_in_its_result() -> None:
    def fail(link: str) -> None:
        raise RowError(ErrorCode.TIMEOUT, "late")

    (found,) = answer_pictures([PictureQuery("l", (), preview=True)], components(Fetcher(fail)))
    assert (found.answers, found.error and found.error.code) == ({}, ErrorCode.TIMEOUT)
