"""A run beside its outputs, so that a later command can go on with it: review, correct, or merge into it.

A run on this machine, in this process or in a local cloud, ends with its command. What the run's outputs are
made of is therefore copied into the folder ``.run`` beside them, and from there into the next one.
"""

import csv
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.corrections import corrections_key
from tapeline.batch.documents import JSON_TYPE, RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.reruns import rerun_names
from tapeline.batch.rows import RowReader
from tapeline.errors import RejectedInputError, RunFailedError
from tapeline.ports import ObjectStore

# The folder beside the outputs.
FOLDER: Final = ".run"

# Beside the copies: the run's description.
_DOCUMENT: Final = "run.json"

# Bytes that are read at once.
_CHUNK_BYTES: Final = 64 * 1024


def kept_run(out: Path) -> RunDocument | None:
    """Return the run whose outputs are in a folder; None where none was kept.

    Raises:
        CorruptObjectError: It can't be read.
    """
    path = out / FOLDER / _DOCUMENT
    return RunDocument.load(path.read_bytes()) if path.is_file() else None


def need_kept_run(out: Path, run: str | None = None) -> RunDocument:
    """Return the run whose outputs are in a folder.

    Args:
        out: The folder.
        run: Its name, where that is to be checked.

    Raises:
        RunFailedError: None was kept there, or another one.
        CorruptObjectError: It can't be read.
    """
    document = kept_run(out)
    if document is None:
        raise RunFailedError(
            f"expected the outputs of a run in {out}, with the folder {FOLDER} beside them, found none: "
            "name the folder that `tapeline run` wrote, with --out"
        )
    if run is not None and run != document.run:
        raise RunFailedError(
            f"expected the outputs of the run {run} in {out}, found those of {document.run}: name its folder "
            "with --out"
        )
    return document


def is_rerun_of(path: Path, document: RunDocument) -> bool:
    """Say whether a CSV is an errors.csv of a run.

    Raises:
        RejectedInputError: It is an errors.csv without rows.
    """
    with path.open("rb") as file:
        try:
            reader = RowReader(iter(lambda: file.read(_CHUNK_BYTES), b""))
            if not reader.is_errors_csv:
                return False
            rows = iter(reader)
            first = next(rows, None)
            if first is not None:
                return any(
                    row.origin is not None and row.origin.run == document.run for row in chain([first], rows)
                )
        except RejectedInputError:
            return False  # The run itself says why.
    raise RejectedInputError(
        expected="rows with errors", received="none", advice="there is nothing to try again: all are answered"
    )


def kept_input(out: Path, document: RunDocument) -> Path:
    """Return the copy of a kept run's input."""
    return out / FOLDER / _input_key(document)


def keep_run(document: RunDocument, drop: ObjectStore, results: ObjectStore, out: Path) -> None:
    """Copy what a run's outputs are made of beside them, in place of what was there.

    Args:
        document: The run's description.
        drop: The drop bucket, with the inputs of the run and of those of its errors.csv.
        results: The results bucket.
        out: The folder with the outputs.
    """
    folder = out / FOLDER
    partial = out / f"{FOLDER}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for name in (document.run, *rerun_names(document.run, results)):
        own = RunDocument.load(results.read(keys.run_document_key(name)))
        for key in _kept_keys(own, results):
            _copy(results, key, partial / key)
        _copy(drop, own.source.key, partial / _input_key(own), own.source.version)
    (partial / _DOCUMENT).write_bytes(document.dump())
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def restore_run(
    out: Path, document: RunDocument, results: ObjectStore, put_input: Callable[[str, bytes], InputObject]
) -> RunDocument:
    """Copy a kept run to where the next command works on it.

    Args:
        out: The folder with the outputs.
        document: The run's description.
        results: The results bucket.
        put_input: Puts an input into the drop bucket under a key, and returns what was put.

    Returns:
        The run's description there: the input has another version.
    """
    folder = out / FOLDER
    restored: dict[str, RunDocument] = {}
    for path in sorted(folder.glob("runs/*/run.json")):
        own = RunDocument.load(path.read_bytes())
        key = _input_key(own)
        restored[own.run] = replace(own, source=put_input(key, (folder / key).read_bytes()))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        key = path.relative_to(folder).as_posix()
        if not key.startswith(("runs/", "results/")):
            continue
        if path.name == _DOCUMENT or path.parent.name == "reruns":
            name = path.parent.name if path.name == _DOCUMENT else path.stem
            results.write(key, restored[name].dump(), content_type=JSON_TYPE)
        else:
            results.write(key, path.read_bytes(), content_type="application/octet-stream")
    return restored[document.run]


def bring_corrections(document: RunDocument, results: ObjectStore, out: Path) -> None:
    """Copy a run's corrections to its outputs, where there are any."""
    body, tag = results.read_tagged(corrections_key(document))
    if tag:
        (out / keys.CORRECTIONS).write_bytes(body)


def refused_rows(body: bytes) -> list[dict[str, str]]:
    """Return the rows of a corrections_refused.csv."""
    return list(csv.DictReader(body.decode().splitlines()))


def _kept_keys(document: RunDocument, results: ObjectStore) -> Iterator[str]:
    prefix = f"runs/{document.run}/"
    left_out = (keys.shards_prefix(document.run), f"{prefix}manifest")
    yield from (key for key in results.keys(prefix) if not key.startswith(left_out))
    details = keys.output_key(document.source, keys.DETAILS, document.run)
    # Correct takes what was predicted from the details.
    for key in (details, corrections_key(document)):
        if results.exists(key):
            yield key


def _input_key(document: RunDocument) -> str:
    # In capitals: FanOut is told of those in small letters alone.
    return f"incoming/{document.run}/{document.source.stem}{document.source.format.upper()}"


def _copy(store: ObjectStore, key: str, path: Path, version: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.open(key, version) as chunks, path.open("wb") as file:
        file.writelines(chunks)
