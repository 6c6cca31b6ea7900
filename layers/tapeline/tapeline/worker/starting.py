"""Starts the process that loads the models and answers pictures, for workers and for this machine alike."""

from pathlib import Path
from typing import Final

from tapeline.adapters.precision import Precision
from tapeline.adapters.reading_process import MAX_PICTURE_SECONDS, ReadingProcess
from tapeline.download.limits import MAX_PICTURE_PIXELS

# MB of a worker's memory that aren't the reading process's: for nine downloaded bodies of 20 MiB, and for the
# worker itself. Measured: 95 MB without bodies.
_OTHER_MEGABYTES: Final = 320

# What puts the answerer together in the reading process.
_FACTORY: Final = "tapeline.worker.loading:load_answerer"


def start_answerer(
    models_dir: Path,
    *,
    threads: int,
    memory_megabytes: int,
    precision: Precision = "auto",
    max_pixels: int = MAX_PICTURE_PIXELS,
    picture_seconds: float = MAX_PICTURE_SECONDS,
    cache: Path | None = None,
) -> ReadingProcess:
    """Start a reading process; its models are loaded while the caller does other things.

    Args:
        models_dir: The folder with the converted ResNet50; where it isn't there, pictures have no labels.
        threads: Threads to compute with.
        memory_megabytes: Memory of the worker; the process may write to what the worker's other work leaves.
        precision: What the text reader computes in: ``auto`` for the fastest that the CPU has.
        max_pixels: Pixels of a picture at most.
        picture_seconds: Time that a picture may take, from its bytes to its answers.
        cache: A folder where compiled models are kept for later processes; None for none.
    """
    return ReadingProcess(
        _FACTORY,
        {
            "models_dir": str(models_dir),
            "threads": threads,
            "max_pixels": max_pixels,
            "precision": precision,
            "cache_dir": None if cache is None else str(cache),
        },
        memory_megabytes=memory_megabytes - _OTHER_MEGABYTES,
        picture_seconds=picture_seconds,
    )
