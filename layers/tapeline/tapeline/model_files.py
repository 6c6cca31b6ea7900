"""The model files that a run depends on: which ones they are, and whether a file on disk is one of them.

``infra/models.lock.json`` names each file with its address, size and hashes. ``python -m infra.image.models``
brings the files and converts the weights; what was converted lies in a folder with a record of what it
was made from, so that a worker can say which weights it uses without carrying the original file.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from tapeline.errors import ModelFileError

RESNET50_WEIGHTS: Final = "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
"""The name of ResNet50's official ImageNet weights, as in Keras's ``applications/resnet.py``."""

CLASS_INDEX: Final = "imagenet_class_index.json"
"""The name of the list of ImageNet's classes, as in Keras's ``applications/imagenet_utils.py``."""

RESNET50_FOLDER: Final = "resnet50"
"""The folder, beside the files above, of the SavedModel made from the weights."""

RECORD: Final = "made_from.json"
"""The file, inside a converted model's folder, that says what the model was made from."""

LOCK_VERSION: Final = 1

_CHUNK_BYTES: Final = 1 << 20
_REQUIRED_KEYS: Final = frozenset({"name", "url", "bytes", "md5", "sha256"})
_KNOWN_KEYS: Final = _REQUIRED_KEYS | {"source"}
_FETCH: Final = "run `make models`"


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One file as the lock describes it.

    Attributes:
        name: Its name in the models' folder; a plain file name.
        url: Where it is fetched from, http or https.
        size: Its length in bytes; None where the lock doesn't know it.
        md5: 32 lower-case hexadecimal digits; None where the lock doesn't know it.
        sha256: 64 lower-case hexadecimal digits; None where the lock doesn't know it.
    """

    name: str
    url: str
    size: int | None
    md5: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ModelsLock:
    """All files of a lock, in its order.

    Attributes:
        files: The files; their names differ.
    """

    files: tuple[LockedFile, ...]

    def find(self, name: str) -> LockedFile | None:
        """Return the file of that name, or None."""
        return next((file for file in self.files if file.name == name), None)


@dataclass(frozen=True, slots=True)
class FileHashes:
    """What a file on disk is.

    Attributes:
        size: Its length in bytes.
        md5: 32 lower-case hexadecimal digits.
        sha256: 64 lower-case hexadecimal digits.
    """

    size: int
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ConversionRecord:
    """What a converted model's folder was made from, and what it holds.

    Attributes:
        weights: The name of the weights' file.
        weights_sha256: The SHA-256 of that file.
        files: Path inside the folder (with ``/``) -> SHA-256, for every file but the record itself.
    """

    weights: str
    weights_sha256: str
    files: dict[str, str]


def read_lock(path: Path) -> ModelsLock:
    """Read a lock of model files.

    Args:
        path: A JSON file: ``{"version": 1, "files": [{"name", "url", "bytes", "md5", "sha256"}, ...]}``.
            ``bytes`` and either hash may be null; a free text ``source`` may be added to each file.

    Raises:
        ModelFileError: The lock is missing or malformed.
    """
    document = _read_json(path, "a lock of model files", "restore it from the repository")
    if not isinstance(document, dict) or document.get("version") != LOCK_VERSION:
        found = document.get("version") if isinstance(document, dict) else type(document).__name__
        raise _lock_error(path, f'an object with "version": {LOCK_VERSION}', repr(found))
    entries = document.get("files")
    if not isinstance(entries, list) or not entries:
        raise _lock_error(path, 'a list "files" that isn\'t empty', repr(entries))
    files = tuple(_locked_file(path, number, entry) for number, entry in enumerate(entries, start=1))
    names = [file.name for file in files]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise _lock_error(path, "each name once", f"{', '.join(repeated)} more than once")
    return ModelsLock(files)


def hash_file(path: Path) -> FileHashes:
    """Hash a file, reading it a mebibyte at a time.

    Raises:
        ModelFileError: There is no such file, or it can't be read.
    """
    # MD5 is what Keras publishes; it finds damage, and SHA-256 is what guards against replacement.
    md5 = hashlib.md5(usedforsecurity=False)
    sha256 = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                md5.update(chunk)
                sha256.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise ModelFileError(
            f"expected a model file at {path}, received {_reason(error)}: {_FETCH}"
        ) from error
    return FileHashes(size, md5.hexdigest(), sha256.hexdigest())


def check_file(path: Path, locked: LockedFile) -> FileHashes:
    """Check a file against its entry in the lock.

    Returns:
        The file's size and hashes, also those that the lock doesn't know.

    Raises:
        ModelFileError: The file is missing, or its size or a hash isn't the lock's.
    """
    hashes = hash_file(path)
    comparisons = (
        ("bytes", locked.size, hashes.size),
        ("MD5", locked.md5, hashes.md5),
        ("SHA-256", locked.sha256, hashes.sha256),
    )
    for what, expected, received in comparisons:
        if expected is not None and received != expected:
            raise ModelFileError(
                f"{path}: expected {what} {expected}, received {received}: "
                f"delete the file and {_FETCH} to get {locked.name} again"
            )
    return hashes


def write_record(folder: Path, weights: str, weights_sha256: str) -> ConversionRecord:
    """Write into a converted model's folder what it was made from and what it holds.

    Args:
        folder: The folder; each file now in it is hashed.
        weights: The name of the weights' file.
        weights_sha256: The SHA-256 of that file.
    """
    files = {
        path.relative_to(folder).as_posix(): hash_file(path).sha256
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != RECORD
    }
    record = {"weights": weights, "weights_sha256": weights_sha256, "files": files}
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return ConversionRecord(weights, weights_sha256, files)


def read_record(folder: Path) -> ConversionRecord:
    """Read what a converted model's folder was made from; its files aren't looked at.

    Raises:
        ModelFileError: The record is missing or malformed.
    """
    path = folder / RECORD
    document = _read_json(path, "a converted model's record", _FETCH)
    match document:
        case {"weights": str(weights), "weights_sha256": str(sha256), "files": dict(files)} if files and all(
            isinstance(value, str) for value in files.values()
        ):
            return ConversionRecord(weights, sha256, cast("dict[str, str]", files))
    raise ModelFileError(
        f"{path}: expected an object with weights, weights_sha256 and files, received something else: "
        f"delete {folder} and {_FETCH}"
    )


def check_folder(folder: Path) -> ConversionRecord:
    """Check a converted model's files against the record in their folder.

    Raises:
        ModelFileError: The record is missing or malformed, or a file is missing or isn't the recorded one.
    """
    record = read_record(folder)
    for name, expected in record.files.items():
        received = hash_file(folder / name).sha256
        if received != expected:
            raise ModelFileError(
                f"{folder / name}: expected SHA-256 {expected}, received {received}: "
                f"delete {folder} and {_FETCH}"
            )
    return record


def _read_json(path: Path, what: str, advice: str) -> object:
    try:
        return cast("object", json.loads(path.read_bytes()))
    except OSError as error:
        raise ModelFileError(f"expected {what} at {path}, received {_reason(error)}: {advice}") from error
    except ValueError as error:
        raise ModelFileError(
            f"{path}: expected {what} in JSON, received other text ({error}): {advice}"
        ) from error


def _reason(error: OSError) -> str:
    return "nothing" if isinstance(error, FileNotFoundError) else (error.strerror or str(error))


def _locked_file(path: Path, number: int, entry: object) -> LockedFile:
    if not isinstance(entry, dict):
        raise _lock_error(path, f"an object as file {number}", repr(entry))
    missing, unknown = sorted(_REQUIRED_KEYS - entry.keys()), sorted(entry.keys() - _KNOWN_KEYS)
    if missing or unknown:
        raise _lock_error(
            path,
            f"the keys {', '.join(sorted(_REQUIRED_KEYS))} in file {number}",
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}",
        )
    name, url, size = entry["name"], entry["url"], entry["bytes"]
    # A name with a folder in it would be written outside the cache.
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.+-]*", name, re.ASCII):
        raise _lock_error(path, f"a plain file name in file {number}", repr(name))
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise _lock_error(path, f"an http or https url for {name}", repr(url))
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise _lock_error(path, f"bytes as a positive whole number or null for {name}", repr(size))
    md5 = _hexadecimal(path, name, "md5", entry["md5"], 32)
    sha256 = _hexadecimal(path, name, "sha256", entry["sha256"], 64)
    if md5 is None and sha256 is None:
        raise _lock_error(path, f"md5 or sha256 for {name}", "null for both")
    return LockedFile(name, url, size, md5, sha256)


def _hexadecimal(path: Path, name: str, key: str, value: object, digits: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
        raise _lock_error(
            path, f"{key} as {digits} lower-case hexadecimal digits or null for {name}", repr(value)
        )
    return value


def _lock_error(path: Path, expected: str, received: str) -> ModelFileError:
    return ModelFileError(f"{path}: expected {expected}, received {received}: mend the lock")
