"""What a CPU computes the OCR models in.

Without numpy and OpenVINO: workers read the setting, and load no models.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tapeline.errors import SettingsError

# What the models are computed in: ``auto`` for the fastest that the CPU has instructions for.
type Precision = Literal["auto", "float32", "bf16", "int8"]

# Flags of /proc/cpuinfo with which products of bfloat16 are one instruction. Source: Linux, cpufeatures.h.
_BF16_FLAGS: Final = frozenset({"avx512_bf16", "amx_bf16"})

# OpenVINO's name of bfloat16 among a device's OPTIMIZATION_CAPABILITIES. Source: its documentation of CPUs.
_BF16_CAPABILITY: Final = "BF16"

_CPUINFO: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class ChosenPrecision:
    """What each part of the reader is computed in.

    Attributes:
        int8_detector: Whether the detector is the one that was quantised to 8-bit integers.
        floats: What everything else is computed in.
    """

    int8_detector: bool
    floats: Literal["float32", "bf16"]


def choose_precision(
    wanted: Precision, capabilities: Collection[str], flags: Collection[str]
) -> ChosenPrecision:
    """Return what to compute in on a CPU.

    Args:
        wanted: The setting. ``int8`` is the quantised detector with everything else in float32, ``auto`` the
            quantised detector with everything else in bfloat16 where the CPU has it: any CPU computes with
            8-bit integers faster than with float32.
        capabilities: OpenVINO's OPTIMIZATION_CAPABILITIES of the CPU.
        flags: The CPU's flags in /proc/cpuinfo.

    Raises:
        SettingsError: ``bf16`` is wanted, which the CPU lacks.
    """
    has_bf16 = _BF16_CAPABILITY in capabilities and not _BF16_FLAGS.isdisjoint(flags)
    if wanted == "bf16" and not has_bf16:
        raise SettingsError(
            "READING_PRECISION: expected a precision that this CPU computes in, received bf16, for which it "
            f"has none of the flags {', '.join(sorted(_BF16_FLAGS))}: set auto, float32 or int8"
        )
    in_bf16 = wanted == "bf16" or (wanted == "auto" and has_bf16)
    return ChosenPrecision(int8_detector=wanted in {"auto", "int8"}, floats="bf16" if in_bf16 else "float32")


def cpu_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """Return the flags of the first processor; none where the file has none."""
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()
