import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch import keys
from tapeline.batch.keys import InputObject
from tapeline.errors import RejectedInputError

SOURCE = InputObject("drop", "incoming/my file.csv", "v1")


@given(st.text(), st.text())
def test_a_run_name_is_one_that_step_functions_takes(key: str, version: str) -> None:
    name = InputObject("drop", key, version).run
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", name)
    assert name != InputObject("drop", key, version + "2").run


@pytest.mark.parametrize(
    "other",
    [
        InputObject("other", SOURCE.key, "v1"),
        InputObject("drop", "incoming/other.csv", "v1"),
        InputObject("drop", SOURCE.key, None, "tag"),
    ],
)
def test_another_object_is_another_run(other: InputObject) -> None:
    assert other.run != SOURCE.run


def test_without_versions_the_entity_tag_tells_contents_apart() -> None:
    first, second = (InputObject("drop", SOURCE.key, None, tag) for tag in ("1", "2"))
    assert first.run != second.run
    assert InputObject("drop", SOURCE.key, "v1", "1").run == InputObject("drop", SOURCE.key, "v1", "2").run


def test_a_run_keeps_its_objects_under_its_name() -> None:
    assert keys.run_document_key("r") == "runs/r/run.json"
    assert keys.manifest_key("r", 1) == "runs/r/manifest.json"
    assert keys.manifest_key("r", 2) == "runs/r/manifest-2.json"
    assert keys.shard_key("r", "00000-2") == "runs/r/shards/00000-2.jsonl"
    assert keys.shard_result_key("r", "00000-2") == "runs/r/shard_results/00000-2.jsonl"


def test_a_shard_and_its_result_name_the_same_shard() -> None:
    for key, prefix in (
        (keys.shard_key("r", "00000-2"), keys.shards_prefix("r")),
        (keys.shard_result_key("r", "00000-2"), keys.shard_results_prefix("r")),
    ):
        assert key.startswith(prefix)
        assert keys.shard_of(key) == "00000-2"


def test_the_outputs_are_under_the_files_name_with_the_predictions_first() -> None:
    prefix = f"results/my file/{SOURCE.run}/"
    assert keys.results_prefix(SOURCE.stem, SOURCE.run) == prefix
    names = ["my file_out.csv", "details.csv", "errors.csv", "review.csv", "report.html", "report.json"]
    assert list(keys.output_keys(SOURCE).items()) == [(name, f"{prefix}{name}") for name in names]
    assert keys.predictions_key(SOURCE) == f"{prefix}my file_out.csv"
    assert keys.rejection_key(SOURCE) == f"{prefix}rejected.json"


@pytest.mark.parametrize("stem", ["a", ".csv", "a.b", " ", "..a", "\n", "n" * 247, "ü" * 123])
def test_a_stem_that_a_file_can_have_is_accepted(stem: str) -> None:
    keys.check_stem(stem)


@pytest.mark.parametrize(
    ("stem", "received", "advice"),
    [
        (".", "'.'", "rename the file"),
        ("..", "'..'", "rename the file"),
        ("...", "'...'", "rename the file"),
        ("n" * 248, "248 bytes", "a shorter name"),
        ("ü" * 124, "248 bytes", "a shorter name"),
        ("n" * 1010, "1010 bytes", "a shorter name"),
    ],
)
def test_a_stem_that_outputs_cannot_be_named_after_is_rejected(stem: str, received: str, advice: str) -> None:
    with pytest.raises(RejectedInputError) as caught:
        keys.check_stem(stem)
    assert caught.value.received.startswith(received)
    assert advice in caught.value.advice
    source = InputObject("drop", f"incoming/{stem}.csv", "v1")
    assert source.stem == stem
    assert keys.rejection_key(source) == f"results/{source.slug}/{source.run}/rejected.json"


@given(st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=1000))
def test_every_key_that_is_written_is_one_that_s3_takes(stem: str) -> None:
    source = InputObject("drop", f"incoming/{stem}.csv", "v1")
    written = [keys.rejection_key(source)]
    try:
        keys.check_stem(source.stem)
        written += keys.output_keys(source).values()
    except RejectedInputError:
        pass
    for key in written:
        assert len(key.encode()) <= 585
        assert not {".", ".."} & set(key.split("/"))
