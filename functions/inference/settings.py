"""Inference's settings."""

import os
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from tapeline.settings import BucketName, ResultsSettings

# docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: one vCPU at 1,769 MB.
MEGABYTES_PER_CPU: Final = 1769


class Mirror(NamedTuple):
    """Where copies of the pictures lie, under the last part of their links."""

    bucket: str
    prefix: str


class InferenceSettings(ResultsSettings):
    """What Inference reads from its environment.

    Attributes:
        image_buckets: Buckets that ``s3://`` links may name, separated by commas.
        image_mirror: ``s3://bucket/prefix/`` that is asked for a picture first; empty for none.
        models_dir: The folder with the converted ResNet50; without one in it, pictures have no labels.
        downloads: Downloads that go on at once.
        max_pixels: Pixels of a picture at most.
        max_bytes: Bytes of a picture's file at most.
        fetch_seconds: Time that a download may take, with its redirects and retries.
        reserve_seconds: Time before the deadline at which a worker hands back what is left; more
            than ``fetch_seconds``, which a hanging download takes.
        aws_lambda_function_memory_size: Set by Lambda itself: MB of memory, which CPUs come with.
    """

    image_buckets: str
    image_mirror: Annotated[str, Field(pattern=r"^(s3://[^/]+/(.*/)?)?$")] = ""
    models_dir: Path
    downloads: Annotated[int, Field(ge=1, le=64)] = 8
    max_pixels: Annotated[int, Field(ge=1)] = 64_000_000
    max_bytes: Annotated[int, Field(ge=1)] = 20 * 1024 * 1024
    fetch_seconds: Annotated[float, Field(gt=0)] = 30.0
    reserve_seconds: Annotated[float, Field(ge=0)] = 45.0
    aws_lambda_function_memory_size: Annotated[int, Field(ge=128)] = MEGABYTES_PER_CPU

    @property
    def allowed_buckets(self) -> frozenset[BucketName]:
        """The names in ``image_buckets``."""
        return frozenset(name.strip() for name in self.image_buckets.split(",") if name.strip())

    @property
    def mirror(self) -> Mirror | None:
        """The bucket and prefix in ``image_mirror``, or None."""
        if not self.image_mirror:
            return None
        bucket, _, prefix = self.image_mirror.removeprefix("s3://").partition("/")
        return Mirror(bucket, prefix)

    @property
    def threads(self) -> int:
        """Threads to compute with: the whole CPUs that are paid for, at most those there are."""
        paid = max(1, self.aws_lambda_function_memory_size // MEGABYTES_PER_CPU)
        return min(paid, len(os.sched_getaffinity(0)))
