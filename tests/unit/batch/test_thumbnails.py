"""Thumbnails: which a worker keeps, and where the reducer and the page find them."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from tapeline.answering import Components
from tapeline.answers import Answer, Crop, PictureAnswers, PictureQuery, RunnerUp
from tapeline.batch import keys
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.reducer import reduce_run
from tapeline.batch.report_document import ReportDocument
from tapeline.batch.shard_results import load_shard_result
from tapeline.batch.shards import PictureTask, Question
from tapeline.batch.thumbnails import (
    Reviewing,
    Thumbnail,
    ThumbnailKeeper,
    read_thumbnails,
    shard_share,
)
from tapeline.errors import CorruptObjectError, ErrorCode, RowError
from tapeline.geometry import Bounds
from tapeline.quantities import parse_quantity
from tests.unit.batch.helpers import UNHURRIED, components, shards, start, table
from tests.unit.fakes import MemoryStore

INCH = parse_quantity("1 inch")


def answers(*confidences: float) -> Mapping[str, Answer]:
    names = ("width", "height", "depth")
    return {
        name: Answer(INCH, sure, 1.0, "1 in", None) for name, sure in zip(names, confidences, strict=False)
    }


def task(*positions: int) -> PictureTask:
    names = ("width", "height", "depth")
    return PictureTask("l", tuple(Question(at, name) for at, name in zip(positions, names, strict=False)))


def pictured(*confidences: float) -> PictureAnswers:
    found = answers(*confidences)
    return PictureAnswers(
        found, crops={name: Crop(Bounds(0, 0, 1, 2), name.encode()) for name in found if name != "depth"}
    )


def test_the_least_sure_are_kept_and_those_alone_that_have_a_crop() -> None:
    keeper = ThumbnailKeeper(3)
    keeper.add(task(0, 1, 2), pictured(0.8, 0.3, 0.1))
    keeper.add(task(3, 4), pictured(0.2, 0.85))
    keeper.add(task(5), pictured(0.7))
    store = MemoryStore()
    keeper.write("r", store)
    assert sorted(store.objects) == [f"runs/r/thumbnails/{row}.json" for row in (1, 3, 5)]
    found = read_thumbnails("r", [1, 2, 3], store)
    assert {row: base64.b64decode(each.webp) for row, each in found.items()} == {1: b"height", 3: b"width"}
    assert found[1].bounds == (0, 0, 1, 2)


def test_errors_and_bad_rows_have_none() -> None:
    keeper = ThumbnailKeeper(3)
    found = PictureAnswers(
        {"width": RowError(ErrorCode.TIMEOUT, "late")}, crops={"width": Crop(Bounds(0, 0, 1, 1), b"x")}
    )
    keeper.add(task(0), found)
    keeper.add(PictureTask("l", (Question(1, "width", "too few cells"),)), pictured(0.1))
    store = MemoryStore()
    keeper.write("r", store)
    assert store.objects == {}


@pytest.mark.parametrize(
    ("limit", "pictures", "share"),
    [(0, 5, 0), (10, 10, 10), (10, 5, 5), (10, 1, 1), (5, 1, 1), (9999, 10, 500)],
)
def test_a_shard_has_its_share_of_a_runs_thumbnails(limit: int, pictures: int, share: int) -> None:
    _, results, _, outcome = start(table([f"l{number}" for number in range(10)]))
    assert shard_share(outcome.run, results, pictures, Reviewing(0.9, limit)) == share
    assert shard_share("other", results, pictures, Reviewing(0.9, limit)) == 0


def test_a_worker_writes_them_and_the_report_shows_and_counts_them(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "bb"]))
    (shard,) = shards(results, outcome.run)
    asked: list[float] = []
    parts = components()
    own = parts.answerer.answer

    class Cropping:
        """Crops each answer."""

        model_hashes: Mapping[str, str] = {}

        def answer(self, query, body, deadline=0.0):  # type: ignore[no-untyped-def]
            asked.append(query.crop_below)
            found = own(query, body)
            crop = Crop(Bounds(0, 0, 10, 10), b"RIFF")
            return PictureAnswers(found.answers, crops=dict.fromkeys(query.entity_names, crop))

    cropping = type(parts)(parts.fetcher, Cropping(), parts.downloads)
    worker = Worker(UNHURRIED.remaining_seconds, 0, 3008, cold_start=False, reviewing=Reviewing(0.99, 100))
    infer_shard(outcome.run, shard, results, cropping, worker)
    assert asked == [0.99, 0.99]
    reduce_run(outcome.run, drop, results, tmp_path, threshold=1.0)
    page = results.read(f"results/test/{outcome.run}/report.html").decode()
    assert page.count("data:image/webp;base64,UklGRg==") == 2
    report = ReportDocument.load(results.read(f"results/test/{outcome.run}/report.json"))
    assert report.review.thumbnails == 2


def test_without_thumbnails_nothing_is_cropped() -> None:
    _, results, _, outcome = start(table(["a"]))
    (shard,) = shards(results, outcome.run)
    infer_shard(outcome.run, shard, results, components(), UNHURRIED)
    assert not list(results.keys(keys.thumbnails_prefix(outcome.run)))


def test_a_broken_thumbnail_is_left_out() -> None:
    store = MemoryStore()
    store.objects[keys.thumbnail_key("r", 1)] = b"{}"
    assert read_thumbnails("r", [1, 2], store) == {}
    with pytest.raises(CorruptObjectError, match="expected a thumbnail"):
        Thumbnail.load(b"[]")
    assert keys.thumbnail_row(keys.thumbnail_key("r", 17)) == 17
    assert keys.thumbnail_row("runs/r/thumbnails/x.json") == -1


@pytest.mark.parametrize(("threshold", "kept"), [(0.9, 1), (0.4, 0)])
def test_corners_of_runners_up_are_kept_where_the_answer_is_unsure(threshold: float, kept: int) -> None:
    _, results, _, outcome = start(table(["a"]))
    (shard,) = shards(results, outcome.run)
    corners = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))
    pound = parse_quantity("1 pound")
    found = Answer(pound, 0.5, 0.9, "1 lb", corners, (RunnerUp(pound, 0.3, "1 lb", corners),))

    class Unsure:
        """Answers each picture alike."""

        model_hashes: Mapping[str, str] = {}

        def answer(self, query: PictureQuery, body: bytes, deadline: float = 0.0) -> PictureAnswers:
            return PictureAnswers(dict.fromkeys(query.entity_names, found))

    parts = components()
    own = Components(parts.fetcher, Unsure(), parts.downloads)
    worker = Worker(UNHURRIED.remaining_seconds, 0, 3008, cold_start=False, reviewing=Reviewing(threshold))
    infer_shard(outcome.run, shard, results, own, worker)
    _, pictures = load_shard_result([results.read(keys.shard_result_key(outcome.run, shard))])
    (picture,) = pictures
    assert picture.rows[0].runner_up_boxes == (corners,) * kept
