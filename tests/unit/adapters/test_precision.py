"""What the text reader computes in, by the CPU's flags and by the setting."""

from pathlib import Path

import pytest

from tapeline.adapters.precision import ChosenPrecision, Precision, choose_precision, cpu_flags
from tapeline.errors import SettingsError

AVX2 = (["FP32", "INT8"], frozenset({"avx2", "fma"}))
AVX512 = (["FP32", "INT8"], frozenset({"avx2", "avx512f", "avx512_vnni"}))
BF16 = (["FP32", "INT8", "BF16"], frozenset({"avx2", "avx512f", "avx512_vnni", "avx512_bf16"}))
AMX = (["FP32", "INT8", "BF16"], frozenset({"avx2", "avx512f", "amx_bf16", "amx_int8"}))
# OpenVINO may also offer bfloat16 that a CPU only emulates.
EMULATED = (["FP32", "INT8", "BF16"], frozenset({"avx2", "avx512f"}))


@pytest.mark.parametrize(
    ("cpu", "wanted", "int8_detector", "floats"),
    [
        (AVX2, "auto", True, "float32"),
        (AVX512, "auto", True, "float32"),
        (EMULATED, "auto", True, "float32"),
        (BF16, "auto", True, "bf16"),
        (AMX, "auto", True, "bf16"),
        (AVX2, "int8", True, "float32"),
        (BF16, "int8", True, "float32"),
        (AVX2, "float32", False, "float32"),
        (BF16, "float32", False, "float32"),
        (BF16, "bf16", False, "bf16"),
        (AMX, "bf16", False, "bf16"),
    ],
)
def test_a_cpu_computes_in_what_it_has(
    cpu: tuple[list[str], frozenset[str]], wanted: Precision, int8_detector: bool, floats: str
) -> None:
    chosen = choose_precision(wanted, *cpu)
    assert isinstance(chosen, ChosenPrecision)
    assert (chosen.int8_detector, chosen.floats) == (int8_detector, floats)


@pytest.mark.parametrize("cpu", [AVX2, AVX512, EMULATED])
def test_a_precision_that_the_cpu_lacks_is_refused(cpu: tuple[list[str], frozenset[str]]) -> None:
    with pytest.raises(
        SettingsError, match=r"READING_PRECISION: expected .*, received bf16, .*: set auto, float32 or int8"
    ):
        choose_precision("bf16", *cpu)


def test_flags_are_those_of_the_first_processor(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nflags\t\t: fpu avx2\nprocessor\t: 1\nflags\t\t: fpu avx2 amx_bf16\n")
    assert cpu_flags(path) == {"fpu", "avx2"}


def test_a_file_without_flags_has_none(tmp_path: Path) -> None:
    # As on ARM, whose line is named Features.
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nFeatures\t: fp asimd\n")
    assert cpu_flags(path) == frozenset()


def test_this_machine_has_flags() -> None:
    assert "sse2" in cpu_flags()
