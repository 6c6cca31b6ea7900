"""The lock of model files, and checks of files and folders against what was recorded."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from infra.quantise import SOURCES
from tapeline.adapters.openvino_models import MODELS_FOLDER
from tapeline.errors import ModelFileError
from tapeline.model_files import (
    CLASS_INDEX,
    RECORD,
    RESNET50_WEIGHTS,
    LockedFile,
    ModelsLock,
    PackagedFile,
    check_file,
    check_folder,
    check_packaged,
    hash_file,
    read_lock,
    read_record,
    write_record,
)

ROOT = Path(__file__).parents[2]
BODY = b"weights" * 300_000  # more than one chunk of the streamed hashing
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(BODY).hexdigest()


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "name": "weights.h5",
        "url": "https://models.example.com/weights.h5",
        "bytes": len(BODY),
        "md5": MD5,
        "sha256": SHA256,
    } | changes


def write_lock(folder: Path, *entries: object, **changes: Any) -> Path:
    path = folder / "models.lock.json"
    path.write_text(json.dumps({"version": 1, "files": list(entries)} | changes), encoding="utf-8")
    return path


def locked(**changes: Any) -> LockedFile:
    values: dict[str, Any] = {
        "name": "weights.h5",
        "url": "https://models.example.com/weights.h5",
        "bytes": len(BODY),
        "md5": MD5,
        "sha256": SHA256,
    }
    return LockedFile(**(values | changes))


def test_the_lock_in_the_repository_names_the_files_that_keras_names() -> None:
    lock = read_lock(ROOT / "infra" / "models.lock.json")

    weights, classes = lock.find(RESNET50_WEIGHTS), lock.find(CLASS_INDEX)
    assert weights is not None
    assert classes is not None
    assert (weights.bytes, weights.md5) == (102_967_424, "2cb95161c43110f7111970584f804107")
    assert classes.md5 == "c2c37ea517e94d9795004a39431a14cb"
    assert all(file.url.endswith(f"/{file.name}") for file in lock.files)


def test_a_lock_is_read_in_its_order(tmp_path: Path) -> None:
    second = entry(name="names.json", bytes=None, sha256=None, source="somewhere")

    lock = read_lock(write_lock(tmp_path, entry(), second))

    assert lock.files == (locked(), locked(name="names.json", bytes=None, sha256=None, source="somewhere"))
    assert lock.find("names.json") is lock.files[1]
    assert lock.find("others.json") is None


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (entry(name="../weights.h5"), "a plain file name"),
        (entry(name=".."), "a plain file name"),
        (entry(name=""), "a plain file name"),
        (entry(name=7), "a plain file name"),
        (entry(url="ftp://models.example.com/weights.h5"), "an http or https url"),
        (entry(url="https://"), "an http or https url"),
        (entry(url=None), "an http or https url"),
        (entry(bytes=0), "positive whole number"),
        (entry(bytes=True), "positive whole number"),
        (entry(bytes="12"), "positive whole number"),
        (entry(md5=MD5.upper()), "32 lower-case hexadecimal digits"),
        (entry(name="weights.h5\n"), "a plain file name"),
        (entry(name="-weights.h5"), "a plain file name"),
        (entry(url="https:///weights.h5"), "an http or https url"),
        (entry(bytes=1.5), "positive whole number"),
        (entry(md5=MD5 + "\n"), "32 lower-case hexadecimal digits"),
        (entry(sha256=MD5), "64 lower-case hexadecimal digits"),
        (entry(md5=None, sha256=None), "md5 or sha256"),
        (entry(source=7), "source as a valid string"),
        (entry(sha512="00"), "no key files.0.sha512, received '00'"),
        (entry(size=1), "no key files.0.size, received 1"),
        ("weights.h5", "files.0 as an object, received 'weights.h5'"),
    ],
)
def test_a_malformed_file_in_the_lock_is_told(tmp_path: Path, broken: object, message: str) -> None:
    path = write_lock(tmp_path, broken)

    with pytest.raises(ModelFileError, match=message) as raised:
        read_lock(path)

    assert str(raised.value).startswith(f"{path}: expected ")
    assert ", received " in str(raised.value)
    assert str(raised.value).endswith(": correct the lock, or restore it from the repository")


def test_all_that_a_malformed_lock_lacks_is_told_in_one_line(tmp_path: Path) -> None:
    path = write_lock(tmp_path, entry(), {"name": "weights.h5"}, entry(md5="\n", bytes=-1))

    with pytest.raises(ModelFileError) as raised:
        read_lock(path)

    assert (
        str(raised.value)
        == f"{path}: "
        + "; ".join(
            [
                *(
                    f"expected the key files.1.{key}, received none"
                    for key in ("url", "bytes", "md5", "sha256")
                ),
                "expected files.2.bytes as a positive whole number, received -1",
                "expected files.2.md5 as 32 lower-case hexadecimal digits, received '\\n'",
            ]
        )
        + ": correct the lock, or restore it from the repository"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected JSON, received other text"),
        ("\xff", "expected JSON, received other text"),
        ("", "expected JSON, received other text"),
        ("[]", r"expected the file as an object, received \[\]"),
        ('{"files": []}', "expected the key version, received none"),
        ('{"version": 2, "files": []}', "expected version as 1, received 2"),
        ('{"version": "1", "files": []}', "expected version as 1, received '1'"),
        ('{"version": 1}', "expected the key files, received none"),
        ('{"version": 1, "files": []}', "expected files that aren't an empty list"),
        ('{"version": 1, "files": {}}', "expected files as a valid array, received {}"),
    ],
)
def test_a_malformed_lock_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "models.lock.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(ModelFileError, match=message):
        read_lock(path)


def test_a_name_given_twice_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"weights\.h5 more than once"):
        read_lock(write_lock(tmp_path, entry(), entry()))


def test_a_missing_lock_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="received nothing"):
        read_lock(tmp_path / "models.lock.json")


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(BODY)

    hashes = hash_file(path)

    assert (hashes.size, hashes.md5, hashes.sha256) == (len(BODY), MD5, SHA256)


@pytest.mark.parametrize("known", [{}, {"bytes": None}, {"sha256": None}, {"md5": None, "bytes": None}])
def test_the_right_file_passes_whatever_the_lock_knows(tmp_path: Path, known: dict[str, None]) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(BODY)

    assert check_file(path, locked(**known)).sha256 == SHA256


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bytes": 5}, f"expected bytes 5, received {len(BODY)}"),
        ({"md5": "0" * 32}, f"expected MD5 {'0' * 32}, received {MD5}"),
        ({"sha256": "0" * 64}, f"expected SHA-256 {'0' * 64}, received {SHA256}"),
    ],
)
def test_another_file_is_told(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(BODY)

    with pytest.raises(ModelFileError) as raised:
        check_file(path, locked(**changes))

    assert expected in str(raised.value)
    assert "make models" in str(raised.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"weights\.h5, received nothing: run `make models`"):
        check_file(tmp_path / "weights.h5", locked())


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "weights.h5").mkdir()

    with pytest.raises(ModelFileError, match="Is a directory"):
        check_file(tmp_path / "weights.h5", locked())


def record(**changes: object) -> str:
    """Return the text of a record, for a folder with one file."""
    whole = {"weights": "weights.h5", "weights_sha256": SHA256, "files": {"saved_model.pb": SHA256}}
    return json.dumps(whole | changes)


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    folder = tmp_path / "resnet50"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "data").write_bytes(b"numbers")
    write_record(folder, "weights.h5", SHA256)
    return folder


def test_a_record_tells_the_weights_and_every_file(converted: Path) -> None:
    record = check_folder(converted)

    assert (record.weights, record.weights_sha256) == ("weights.h5", SHA256)
    assert record.files == {
        "saved_model.pb": hashlib.sha256(b"graph").hexdigest(),
        "variables/data": hashlib.sha256(b"numbers").hexdigest(),
    }


def test_a_record_written_again_is_the_same(converted: Path) -> None:
    before = read_record(converted)

    assert write_record(converted, "weights.h5", SHA256) == before


def test_a_changed_file_in_a_converted_folder_is_told(converted: Path) -> None:
    (converted / "variables" / "data").write_bytes(b"Numbers")

    with pytest.raises(ModelFileError, match="variables/data: expected SHA-256"):
        check_folder(converted)


def test_a_lost_file_in_a_converted_folder_is_told(converted: Path) -> None:
    (converted / "saved_model.pb").unlink()

    with pytest.raises(ModelFileError, match=r"saved_model\.pb, received nothing"):
        check_folder(converted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected JSON"),
        ("[]", "expected the file as an object"),
        ("{}", "expected the key weights, received none; expected the key weights_sha256"),
        (record(weights=None), "expected weights as a valid string, received None"),
        (record(weights_sha256="b"), "expected weights_sha256 as 64 lower-case hexadecimal digits"),
        (record(files={}), "expected files that aren't an empty object"),
        (record(files={"c": 1}), "expected files.c as 64 lower-case hexadecimal digits, received 1"),
    ],
)
def test_a_malformed_record_is_told(converted: Path, text: str, message: str) -> None:
    path = converted / RECORD
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ModelFileError, match=message) as raised:
        check_folder(converted)

    assert str(raised.value).startswith(f"{path}: ")
    assert str(raised.value).endswith(": run `make models`")


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="received nothing: run `make models`"):
        read_record(tmp_path)


def packaged(**changes: Any) -> PackagedFile:
    values: dict[str, Any] = {
        "package": "shipped_models",
        "path": "a/b.onnx",
        "bytes": len(BODY),
        "sha256": SHA256,
    }
    return PackagedFile(**(values | changes))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one model file; importing it is an error."""
    folder = tmp_path / "shipped_models"
    (folder / "a").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError\n")
    (folder / "a" / "b.onnx").write_bytes(BODY)
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_model_files_in_packages_are_checked(package: Path) -> None:
    check_packaged(ModelsLock(version=1, files=(locked(),), packaged=(packaged(),)))


@pytest.mark.parametrize(
    "change", [{"sha256": "0" * 64}, {"bytes": 1}, {"path": "a/c.onnx"}, {"package": "not_here"}]
)
def test_a_model_file_in_a_package_that_is_another_one_is_told(package: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError, match=r"expected .*, received "):
        check_packaged(ModelsLock(version=1, files=(locked(),), packaged=(packaged(**change),)))


def test_a_path_out_of_the_package_is_refused(tmp_path: Path) -> None:
    for path in ("../x", "/etc/x", "a/../x", "a//x", ".x", ""):
        entry_of = {"package": "p", "path": path, "bytes": 1, "sha256": SHA256}
        with pytest.raises(ModelFileError, match="packaged"):
            read_lock(write_lock(tmp_path, entry(), packaged=[entry_of]))


def test_the_lock_names_every_model_file_of_the_package() -> None:
    lock = read_lock(ROOT / "infra" / "models.lock.json")
    check_packaged(lock)
    shipped = {f"adapters/{path.parent.name}/{path.name}" for path in MODELS_FOLDER.glob("*.[xb]*")}
    assert {item.path for item in lock.packaged if item.package == "tapeline"} == shipped


def test_the_lock_names_what_the_package_s_model_files_were_made_from() -> None:
    conversion = read_lock(ROOT / "infra" / "models.lock.json").conversion
    assert conversion is not None
    assert {source.path for source in conversion.sources} == set(SOURCES.values())
    assert {source.package for source in conversion.sources} == {"rapidocr"}
    assert conversion.tools.keys() == {"nncf", "openvino", "rapidocr"}
    assert conversion.samples_sha256 is not None
