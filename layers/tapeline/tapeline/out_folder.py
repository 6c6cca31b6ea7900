"""The folder for a run's outputs: whether they may be written there, and how they get there whole."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.keys import InputObject
from tapeline.batch.table_formats import MEDIA_TYPES
from tapeline.errors import OutFolderError
from tapeline.ports import ObjectStore

# The folder in it with what a run on this machine has done so far; it goes once the outputs are written.
STATE: Final = ".tapeline-run"

# Outputs whose names don't depend on the input's.
_FIXED_NAMES: Final = frozenset({keys.DETAILS, keys.ERRORS, keys.REPORT})


def check_out_folder(out: Path, table: Path, *, replace: bool = False) -> None:
    """Make a folder for a run's outputs, and check that they may be written there, before any work.

    A run writes over the outputs of an earlier run on a table of the same name, and over nothing else.

    Args:
        out: The folder.
        table: The run's input.
        replace: Whether the outputs and the stopped run of another table may be replaced.

    Raises:
        OutFolderError: The input is among what would be replaced; or there are outputs of another table, or a
            stopped run, and ``replace`` wasn't said.
        OSError: The folder can't be made, or nothing can be written in it.
    """
    out.mkdir(parents=True, exist_ok=True)
    probe = out / f".{keys.REPORT}.partial"
    probe.write_bytes(b"")
    probe.unlink()
    source = InputObject("", table.name, None)
    own = keys.predictions_name(source.stem, source.format)
    written = {*_FIXED_NAMES, own}
    if table.resolve().parent == out.resolve() and table.name in written:
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
    patterns = [keys.predictions_name("*", end) for end in MEDIA_TYPES]
    others = sorted({path.name for pattern in patterns for path in out.glob(pattern)} - {own})
    if others and (out / keys.REPORT).exists():
        raise OutFolderError(
            f"expected a folder without outputs of another table, received {out} with {others[0]}: its "
            f"{keys.DETAILS} and {keys.ERRORS} would be lost; say another folder with --out, or add --replace"
        )


def bring_outputs(source: InputObject, results: ObjectStore, out: Path) -> tuple[Path, ...]:
    """Copy a finished run's outputs into a folder, each whole or not at all; the predictions come first.

    A full disk, or an interrupt, leaves no half of a table under its name.
    """
    out.mkdir(parents=True, exist_ok=True)
    outputs = keys.output_keys(source)
    for name, key in outputs.items():
        with results.open(key) as chunks:
            _write_whole(out / name, chunks)
    return tuple(out / name for name in outputs)


def _write_whole(path: Path, chunks: Iterable[bytes]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.writelines(chunks)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
