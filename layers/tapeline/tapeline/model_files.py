"""The model files that a run depends on: which ones they are, and whether a file on disk is one of them.

``infra/models.lock.json`` names each file with its address, size and hashes. ``python -m infra.image.models``
fetches the files and converts the weights; the converted model's folder has a record of what it was made
from, so that a worker can say which weights it uses without carrying the original file.
"""

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from tapeline.errors import ModelFileError

# ResNet50's official ImageNet weights. Source: Keras 3.15, applications/resnet.py.
RESNET50_WEIGHTS: Final = "resnet50_weights_tf_dim_ordering_tf_kernels.h5"

# The list of ImageNet's classes. Source: Keras 3.15, applications/imagenet_utils.py.
CLASS_INDEX: Final = "imagenet_class_index.json"

# The folder, beside the files above, of the model made from the weights.
RESNET50_FOLDER: Final = "resnet50"

# The file in it that OpenVINO reads; the weights are beside it.
RESNET50_MODEL: Final = "model.xml"

# The file, inside a converted model's folder, that says what the model was made from.
RECORD: Final = "made_from.json"

# What to do about a missing or wrong model file, in messages.
FETCH_ADVICE: Final = "run `make models`"

# What to do about a malformed lock, in messages.
_REPAIR_ADVICE: Final = "correct the lock, or restore it from the repository"

# Bytes of a file that are hashed at once. Chosen by hand.
_CHUNK_BYTES: Final = 1 << 20


def _described(expected: str) -> WrapValidator:
    """Make a type's errors say what is expected, in words."""

    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError as error:
            raise PydanticCustomError("described", "{expected}", {"expected": expected}) from error

    return WrapValidator(validate)


# A name with a folder in it would be written outside the cache.
type _FileName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$"), _described("a plain file name")
]
type _Url = Annotated[str, Field(pattern=r"^https?://[^/?#]"), _described("an http or https url")]
type _Size = Annotated[int, Field(ge=1), _described("a positive whole number")]
type _Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$"), _described("32 lower-case hexadecimal digits")]
type _Sha256 = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$"), _described("64 lower-case hexadecimal digits")
]


class _Document(BaseModel):
    """A JSON object, or a part of one."""

    model_config = ConfigDict(frozen=True, strict=True)


class LockedFile(_Document, extra="forbid"):
    """One file as the lock describes it.

    Attributes:
        name: Its name in the models' folder; a plain file name.
        url: Where it is fetched from, http or https.
        bytes: Its length; None where the lock doesn't know it.
        md5: 32 lower-case hexadecimal digits; None where the lock doesn't know it.
        sha256: 64 lower-case hexadecimal digits; None where the lock doesn't know it.
        source: Where the other fields are from; free text.
    """

    name: _FileName
    url: _Url
    bytes: _Size | None
    md5: _Md5 | None
    sha256: _Sha256 | None
    source: str | None = None

    @model_validator(mode="after")
    def _check_hashes(self) -> Self:
        if self.md5 is None and self.sha256 is None:
            raise ValueError(f"expected md5 or sha256 for {self.name}, received null for both")
        return self


class PackagedFile(_Document, extra="forbid"):
    """A model file that comes in a Python package, as the lock describes it.

    Attributes:
        package: The package's name, as it is imported.
        path: Path within the package's folder.
        bytes: Its length.
        sha256: 64 lower-case hexadecimal digits.
    """

    package: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$"), _described("a package's name")]
    path: Annotated[str, Field(pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.+-]*/)*[A-Za-z0-9_][A-Za-z0-9_.+-]*$")]
    bytes: _Size
    sha256: _Sha256


class Conversion(_Document, extra="forbid"):
    """What ``make quantise`` made the package's own model files from.

    Attributes:
        sources: The model files in a package that only developers install.
        samples: Pictures that ranges of values were taken from.
        samples_sha256: The SHA-256 of their files, one after another; None before the first conversion.
        tools: Package -> the version that the files were made with.
    """

    sources: tuple[PackagedFile, ...]
    samples: Annotated[int, Field(ge=0)] = 0
    samples_sha256: _Sha256 | None = None
    tools: dict[str, str] = {}


class ModelsLock(_Document):
    """All files of a lock, in its order.

    Attributes:
        version: The version of the lock's format.
        files: The files that are fetched; their names differ.
        packaged: The files that come in packages.
        conversion: What those in this package were made from.
    """

    version: Literal[1]
    files: tuple[LockedFile, ...]
    packaged: tuple[PackagedFile, ...] = ()
    conversion: Conversion | None = None

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        if not self.files:
            raise ValueError("expected files that aren't an empty list, received []")
        names = [file.name for file in self.files]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"expected each name once, received {', '.join(repeated)} more than once")
        return self

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


class ConversionRecord(_Document):
    """What a converted model's folder was made from, and what it holds.

    Attributes:
        weights: The name of the weights' file.
        weights_sha256: The SHA-256 of that file.
        files: Path within the folder -> SHA-256, for each file but the record itself.
    """

    weights: str
    weights_sha256: _Sha256
    files: dict[str, _Sha256]

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        if not self.files:
            raise ValueError("expected files that aren't an empty object, received {}")
        return self


def read_lock(path: Path) -> ModelsLock:
    """Read a lock of model files.

    Args:
        path: A JSON file: ``{"version": 1, "files": [{"name", "url", "bytes", "md5", "sha256"}, ...]}``.
            ``bytes`` and either hash may be null; a free text ``source`` may be added to each file.

    Raises:
        ModelFileError: The lock is missing or malformed.
    """
    return _parse(ModelsLock, path, "a lock of model files", _REPAIR_ADVICE)


def write_lock(lock: ModelsLock, path: Path) -> None:
    """Write a lock of model files."""
    path.write_text(lock.model_dump_json(indent=2, exclude_unset=True) + "\n", encoding="utf-8")


def hash_file(path: Path) -> FileHashes:
    """Hash a file, reading it a mebibyte at a time.

    Raises:
        ModelFileError: There is no such file, or it can't be read.
    """
    # MD5 is what Keras publishes; it finds damage, and SHA-256 is what guards against replacement.
    md5 = hashlib.md5(usedforsecurity=False)
    sha256 = hashlib.sha256()
    size = 0
    for chunk in _chunks(path):
        md5.update(chunk)
        sha256.update(chunk)
        size += len(chunk)
    return FileHashes(size, md5.hexdigest(), sha256.hexdigest())


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 alone, in a third of the time of :func:`hash_file`.

    Raises:
        ModelFileError: There is no such file, or it can't be read.
    """
    sha256 = hashlib.sha256()
    for chunk in _chunks(path):
        sha256.update(chunk)
    return sha256.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise ModelFileError(
            f"expected a model file at {path}, received {_reason(error)}: {FETCH_ADVICE}"
        ) from error


def check_file(path: Path, locked: LockedFile) -> FileHashes:
    """Check a file against its entry in the lock.

    Returns:
        The file's size and hashes, also those that the lock doesn't know.

    Raises:
        ModelFileError: The file is missing, or its size or a hash isn't the lock's.
    """
    hashes = hash_file(path)
    comparisons = (
        ("bytes", locked.bytes, hashes.size),
        ("MD5", locked.md5, hashes.md5),
        ("SHA-256", locked.sha256, hashes.sha256),
    )
    for what, expected, received in comparisons:
        if expected is not None and received != expected:
            raise ModelFileError(
                f"{path}: expected {what} {expected}, received {received}: "
                f"delete the file and {FETCH_ADVICE} to get {locked.name} again"
            )
    return hashes


def packaged_path(packaged: PackagedFile) -> Path:
    """Return where a file in a package is, without importing the package.

    Raises:
        ModelFileError: The package isn't installed.
    """
    found = importlib.util.find_spec(packaged.package)
    folders = found.submodule_search_locations if found else None
    if not folders:
        raise ModelFileError(
            f"expected the package {packaged.package}, received none: install requirements/quantise.txt"
        )
    return Path(folders[0]) / packaged.path


def check_packaged(lock: ModelsLock) -> None:
    """Check the model files in installed packages against the lock.

    The packages' own hashes, in ``requirements/``, guard what is installed; this one guards what there is.

    Raises:
        ModelFileError: A package or file is missing, or a file isn't the one that the lock names.
    """
    for packaged in lock.packaged:
        check_packaged_file(packaged)


def check_packaged_file(packaged: PackagedFile) -> None:
    """Check a model file in an installed package.

    Raises:
        ModelFileError: The package or the file is missing, or the file isn't the one that the lock names.
    """
    path = packaged_path(packaged)
    hashes = hash_file(path)
    if (hashes.size, hashes.sha256) != (packaged.bytes, packaged.sha256):
        raise ModelFileError(
            f"{path}: expected {packaged.bytes} bytes with SHA-256 {packaged.sha256}, received "
            f"{hashes.size} with {hashes.sha256}: install the locked packages again, or "
            "`make model-hashes` where the package is a newer one"
        )


def write_record(folder: Path, weights: str, weights_sha256: str) -> ConversionRecord:
    """Write into a converted model's folder what it was made from and what it holds.

    Args:
        folder: The folder; each file now in it is hashed.
        weights: The name of the weights' file.
        weights_sha256: The SHA-256 of that file.
    """
    files = {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != RECORD
    }
    record = ConversionRecord(weights=weights, weights_sha256=weights_sha256, files=files)
    (folder / RECORD).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return record


def read_record(folder: Path) -> ConversionRecord:
    """Read what a converted model's folder was made from; its files aren't checked.

    Raises:
        ModelFileError: The record is missing or malformed.
    """
    return _parse(ConversionRecord, folder / RECORD, "a converted model's record", FETCH_ADVICE)


def check_folder(folder: Path) -> ConversionRecord:
    """Check a converted model's files against the record in their folder.

    Raises:
        ModelFileError: The record is missing or malformed, or a file is missing or isn't the recorded one.
    """
    record = read_record(folder)
    for name, expected in record.files.items():
        received = sha256_of(folder / name)
        if received != expected:
            raise ModelFileError(
                f"{folder / name}: expected SHA-256 {expected}, received {received}: "
                f"delete {folder} and {FETCH_ADVICE}"
            )
    return record


def _parse[D: _Document](kind: type[D], path: Path, what: str, advice: str) -> D:
    """Read a JSON file into a model; all that is wrong with it becomes one error of one line."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f"expected {what} at {path}, received {_reason(error)}: {advice}") from error
    except ValidationError as error:
        problems = "; ".join(map(_describe, error.errors()))
        raise ModelFileError(f"{path}: {problems}: {advice}") from error


def _describe(error: ErrorDetails) -> str:
    """Say what one of pydantic's errors expected and received."""
    where = ".".join(map(str, error["loc"])) or "the file"
    match error["type"]:
        case "json_invalid":
            return f"expected JSON, received other text ({error['msg']})"
        case "missing":
            return f"expected the key {where}, received none"
        case "extra_forbidden":
            return f"expected no key {where}, received {error['input']!r}"
        case "value_error":
            return error["msg"].removeprefix("Value error, ")
    return f"expected {where} as {error['msg'].removeprefix('Input should be ')}, received {error['input']!r}"


def _reason(error: OSError) -> str:
    return "nothing" if isinstance(error, FileNotFoundError) else (error.strerror or str(error))
