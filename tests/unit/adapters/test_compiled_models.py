"""Compiled models that are kept for later processes: the same numbers with, without, and with broken ones."""

from pathlib import Path

import numpy as np

from tapeline.adapters.openvino_models import Floats, OcrModels

PIXELS = np.linspace(-1, 1, 3 * 128 * 128, dtype=np.float32).reshape(1, 3, 128, 128)


def detect(cache: Path | None) -> Floats:
    return OcrModels(1, "int8", cache=cache).detect(PIXELS).copy()


def test_kept_models_compute_the_same_whatever_became_of_their_files(tmp_path: Path) -> None:
    plain = detect(None)
    assert np.array_equal(detect(tmp_path), plain)
    (folder,) = tmp_path.iterdir()
    # The detector and the recogniser.
    kept = sorted(folder.iterdir())
    assert len(kept) == 2
    before = [path.stat().st_mtime_ns for path in kept]
    assert np.array_equal(detect(tmp_path), plain)
    assert [path.stat().st_mtime_ns for path in kept] == before
    for path in kept:
        body = path.read_bytes()
        path.unlink()
        path.write_bytes(body[: len(body) // 2])
    assert np.array_equal(detect(tmp_path), plain)


def test_without_a_folder_to_write_to_models_are_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert detect(tmp_path / "file").shape == (128, 128)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
