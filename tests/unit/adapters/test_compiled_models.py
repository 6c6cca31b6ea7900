"""Compiled models that are kept for later processes: the same numbers with, without, and with broken ones."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tapeline.adapters import openvino_models
from tapeline.adapters.openvino_models import Floats, OcrModels
from tapeline.adapters.openvino_runtime import import_openvino

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


class NotingCore:
    """OpenVINO's core, which notes what models are compiled with."""

    def __init__(self) -> None:
        self.own = import_openvino().Core()
        self.properties: list[Mapping[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own, name)

    def compile_model(self, model: Any, device: str, properties: Mapping[str, Any]) -> Any:
        self.properties.append(properties)
        return self.own.compile_model(model, device, properties)


@pytest.mark.parametrize(("flags", "is_limited"), [({"avx2", "avx512f"}, True), ({"avx2"}, False)])
def test_kernels_are_limited_where_they_are_large(
    flags: set[str], is_limited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = detect(None)
    core = NotingCore()
    monkeypatch.setattr(openvino_models, "import_openvino", lambda: SimpleNamespace(Core=lambda: core))
    monkeypatch.setattr(openvino_models, "cpu_flags", lambda: frozenset(flags))

    assert np.array_equal(detect(None), expected)
    # The detector and the recogniser.
    assert ["CPU_RUNTIME_CACHE_CAPACITY" in each for each in core.properties] == [is_limited] * 2
