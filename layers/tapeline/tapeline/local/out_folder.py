"""The folder for a run's outputs: whether they may be written there, and how they get there whole.

What they are made of is kept beside them: see :mod:`tapeline.batch.kept_run`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.kept_run import bring_corrections, is_rerun_of, keep_run, kept_run
from tapeline.batch.keys import InputObject
from tapeline.batch.table_formats import MEDIA_TYPES
from tapeline.errors import OutFolderError
from tapeline.ports import ObjectStore

# The folder in it with what a run on this machine has done so far; it goes once the outputs are written.
STATE: Final = ".tapeline-run"

# Outputs whose names don't depend on the input's.
_FIXED_NAMES: Final = frozenset({keys.DETAILS, keys.ERRORS, keys.REVIEW, keys.REPORT_PAGE, keys.REPORT})


def check_out_folder(out: Path, table: Path, *, replace: bool = False) -> None:
    """Make a folder for a run's outputs, and check that they may be written there, before any work.

    A run writes over the outputs of an earlier run on a table of the same name, and over nothing else. The
    errors.csv of the folder's own run is merged into them.

    Args:
        out: The folder.
        table: The run's input.
        replace: Whether the outputs and the stopped run of another table may be replaced.

    Raises:
        OutFolderError: The input is among what would be replaced; or there are outputs of another table, or a
            stopped run, and ``replace`` wasn't said.
        OSError: The folder can't be made, or nothing can be written in it.
        RejectedInputError: The input is an errors.csv without rows.
    """
    out.mkdir(parents=True, exist_ok=True)
    probe = out / f".{keys.REPORT}.partial"
    probe.write_bytes(b"")
    probe.unlink()
    source = InputObject("", table.name, None)
    own = keys.predictions_name(source.stem, source.format)
    written = {*_FIXED_NAMES, own}
    merged = find_origin(table, out) is not None
    if table.resolve().parent == out.resolve() and table.name in written and not merged:
        raise OutFolderError(
            f"expected an input that the outputs don't replace, received {table}, which is one of them: "
            f"say another folder, such as --out {out.with_name(f'{out.name}-{source.stem}')}"
        )
    if replace:
        return
    if (out / STATE).exists():
        raise OutFolderError(
            f"expected a folder without a stopped run, received {out}, which has one: go on with it by "
            f"`tapeline resume {out}`, or add --replace to begin anew"
        )
    if merged:
        return
    patterns = [keys.predictions_name("*", end) for end in MEDIA_TYPES]
    others = sorted({path.name for pattern in patterns for path in out.glob(pattern)} - {own})
    if others and (out / keys.REPORT).exists():
        raise OutFolderError(
            f"expected a folder without outputs of another table, received {out} with {others[0]}: its "
            f"{keys.DETAILS} and {keys.ERRORS} would be lost; say another folder with --out, or add --replace"
        )


def find_origin(table: Path, out: Path) -> RunDocument | None:
    """Return the run whose outputs are in a folder, where a table is an errors.csv of it; else None.

    Raises:
        RejectedInputError: The table is an errors.csv without rows.
        CorruptObjectError: The kept run can't be read.
    """
    origin = kept_run(out)
    return origin if origin is not None and is_rerun_of(table, origin) else None


def bring_outputs(
    document: RunDocument, drop: ObjectStore, results: ObjectStore, out: Path
) -> tuple[Path, ...]:
    """Copy a finished run's outputs into a folder, each whole or not at all; the predictions come first.

    A full disk, or an interrupt, leaves no half of a table under its name. What the outputs are made of is
    kept beside them.

    Args:
        document: The run's description.
        drop: The drop bucket, with its input.
        results: The results bucket.
        out: The folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    outputs = keys.output_keys(document.source, document.run)
    for name, key in outputs.items():
        with results.open(key) as chunks:
            _write_whole(out / name, chunks)
    bring_corrections(document, results, out)
    keep_run(document, drop, results, out)
    return tuple(out / name for name in outputs)


def _write_whole(path: Path, chunks: Iterable[bytes]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.writelines(chunks)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
