"""Fetch the model files that the lock names: ``python -m infra.image.models``.

A file in the cache that matches the lock is kept. Any other is downloaded (or copied from a folder with
``--from``), checked against the lock, and only then given its name. The model that
:mod:`infra.image.resnet50` made beside them is removed where it was made from other weights.

Exit codes: 0 for success, 1 where a file can't be fetched or doesn't match the lock, 2 for wrong usage.
"""

import argparse
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests
from tqdm import tqdm

from tapeline.errors import ModelFileError, ModelUnavailableError
from tapeline.model_files import (
    RESNET50_FOLDER,
    RESNET50_MODEL,
    RESNET50_WEIGHTS,
    FileHashes,
    LockedFile,
    ModelsLock,
    check_file,
    check_folder,
    hash_file,
    packaged_path,
    read_lock,
    write_lock,
)

_ROOT: Final = Path(__file__).parents[2]

# Which files, with their addresses, sizes and hashes.
LOCK: Final = _ROOT / "infra" / "models.lock.json"

# Seconds to connect to a server. Chosen by hand.
_CONNECT_SECONDS: Final = 10

# Seconds without a byte after which a download fails. Chosen by hand.
_READ_SECONDS: Final = 60

# Bytes of a download that are written at once. Chosen by hand.
_CHUNK_BYTES: Final = 1 << 20

# Shown below the command's help.
_EXAMPLES: Final = """\
examples:
  python -m infra.image.models                       download and check into .cache/models
  python -m infra.image.models --from ~/Downloads    take the files from a folder: no network needed
  python -m infra.image.models --cache /opt/models   put them somewhere else
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line after the program's name; that of the process where None.

    Returns:
        The exit code: 0 or 1. Wrong usage leaves with 2 through SystemExit.
    """
    options = _parse(arguments)
    try:
        fetch_models(options.cache, options.source, options.lock, renew=options.renew)
    except (ModelFileError, OSError) as error:
        _say(f"error: {error}")
        return 1
    return 0


def fetch_models(
    cache: Path, source: Path | None = None, lock_file: Path = LOCK, *, renew: bool = False
) -> None:
    """Bring the files that a lock names into the cache, where a model made of other weights is removed.

    Args:
        cache: Where the files go; made where it is missing.
        source: A folder to copy them from; None to download them.
        lock_file: Which files.
        renew: Whether to write the files' sizes and hashes into the lock.

    Raises:
        ModelFileError: A file can't be fetched, or doesn't match the lock.
    """
    lock = read_lock(lock_file)
    cache.mkdir(parents=True, exist_ok=True)
    found: dict[str, FileHashes] = {}
    for locked in lock.files:
        hashes = _fetch(locked, cache, source)
        found[locked.name] = hashes
        if locked.name == RESNET50_WEIGHTS and not renew:
            _remove_outdated(cache, hashes)
    if renew:
        _renew(lock_file, lock, found)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.image.models",
        description="Fetch the model files that the lock names, and check them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--lock",
        type=Path,
        metavar="FILE",
        default=LOCK,
        help="which files, with their addresses, sizes and hashes (default: infra/models.lock.json)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=_ROOT / ".cache" / "models",
        help="where the files go (default: .cache/models in the repository)",
    )
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="copy the files from this folder instead of downloading them",
    )
    parser.add_argument(
        "--renew",
        action="store_true",
        help="write into the lock the size and SHA-256 of each file, those in packages too",
    )
    options = parser.parse_args(arguments)
    if options.source is not None and not options.source.is_dir():
        parser.error(f"--from: expected a folder, received {options.source}")
    return options


def _fetch(locked: LockedFile, cache: Path, source: Path | None) -> FileHashes:
    """Bring a file into the cache unless it is there; return its hashes."""
    path = cache / locked.name
    if path.exists():
        try:
            hashes = check_file(path, locked)
        except ModelFileError as error:
            _say(f"{locked.name}: doesn't match the lock, fetching it again ({error})")
        else:
            _say(f"{locked.name}: already there")
            return hashes
    with _partial(path) as partial:
        if source is None:
            _download(locked, partial)
        else:
            _copy(locked, source, partial)
        try:
            hashes = check_file(partial, locked)
        except ModelFileError as error:
            origin = locked.url if source is None else source / locked.name
            raise ModelFileError(f"{locked.name} from {origin} doesn't match the lock: {error}") from error
        partial.replace(path)
    _say(f"{locked.name}: {'downloaded' if source is None else 'copied'}, SHA-256 {hashes.sha256}")
    return hashes


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside a file; what is left there in the end is removed."""
    partial = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _download(locked: LockedFile, partial: Path) -> None:
    try:
        with requests.get(locked.url, stream=True, timeout=(_CONNECT_SECONDS, _READ_SECONDS)) as response:
            response.raise_for_status()
            declared = response.headers.get("Content-Length", "")
            total = int(declared) if declared.isdecimal() else locked.bytes
            # disable=None: no bar where stderr isn't a terminal, so that logs aren't filled with it.
            with (
                partial.open("wb") as stream,
                tqdm(
                    total=total, unit="B", unit_scale=True, desc=locked.name, disable=None, file=sys.stderr
                ) as bar,
            ):
                for chunk in response.iter_content(_CHUNK_BYTES):
                    stream.write(chunk)
                    bar.update(len(chunk))
    except requests.HTTPError as error:
        raise _unavailable(locked, f"HTTP status {error.response.status_code}") from error
    except requests.Timeout as error:
        raise _unavailable(locked, "no answer in time") from error
    except requests.RequestException as error:
        raise _unavailable(locked, _root_cause(error)) from error


def _unavailable(locked: LockedFile, received: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"expected {locked.name} from {locked.url}, received {received}: try again, "
        "or download it elsewhere and name its folder with --from"
    )


def _root_cause(error: BaseException) -> str:
    """Describe the error at the bottom of a chain of wrapped errors, in one line."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _copy(locked: LockedFile, source: Path, partial: Path) -> None:
    try:
        shutil.copyfile(source / locked.name, partial)
    except OSError as error:
        raise ModelUnavailableError(
            f"expected {source / locked.name}, received {error.strerror or error}: "
            f"put the file from {locked.url} there"
        ) from error


def _remove_outdated(cache: Path, weights: FileHashes) -> None:
    """Remove a converted model that isn't whole, or isn't made from the weights that are here now."""
    folder = cache / RESNET50_FOLDER
    if not folder.exists():
        return
    try:
        record = check_folder(folder)
    except ModelFileError as error:
        reason = f"not complete ({error})"
    else:
        if record.weights_sha256 != weights.sha256:
            reason = "made from other weights"
        elif RESNET50_MODEL not in record.files:
            reason = "made by an older version"
        else:
            _say(f"{RESNET50_FOLDER}: already made from these weights")
            return
    shutil.rmtree(folder)
    _say(f"{RESNET50_FOLDER}: removed, since it was {reason}")


def _renew(path: Path, lock: ModelsLock, found: Mapping[str, FileHashes]) -> None:
    """Write the lock anew, with the size and SHA-256 of all files as they are here.

    A fetched file was checked before against what the lock has: MD5, which its publisher gives, at least.
    """
    files = [
        locked.model_copy(update={"bytes": found[locked.name].size, "sha256": found[locked.name].sha256})
        for locked in lock.files
    ]
    packaged = []
    for item in lock.packaged:
        hashes = hash_file(packaged_path(item))
        packaged.append(item.model_copy(update={"bytes": hashes.size, "sha256": hashes.sha256}))
    renewed = lock.model_copy(update={"files": tuple(files), "packaged": tuple(packaged)})
    write_lock(renewed, path)
    _say(f"{path}: {'as before' if renewed == lock else 'written'}")


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
