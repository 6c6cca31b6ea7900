"""What Inference and Predict share: their settings, and the adapters put together from them.

The models are loaded by :mod:`tapeline.worker.loading`, in a process of their own.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, field_validator

from tapeline.adapters.clients import s3_client
from tapeline.adapters.http_fetcher import HttpFetcher
from tapeline.adapters.precision import Precision
from tapeline.adapters.reading_process import MAX_PICTURE_SECONDS
from tapeline.adapters.s3_fetcher import LinkFetcher, MirrorFetcher, S3Fetcher
from tapeline.answering import Components
from tapeline.buckets import BUCKET_NAME
from tapeline.download.addresses import AddressPolicy
from tapeline.download.limits import (
    MAX_DOWNLOADS,
    MAX_FETCH_SECONDS,
    MAX_PICTURE_BYTES,
    MAX_PICTURE_PIXELS,
    FetchLimits,
)
from tapeline.download.links import S3Prefix
from tapeline.ports import PictureFetcher
from tapeline.settings import ResultsSettings
from tapeline.worker.starting import start_answerer

# MB of memory with which Lambda gives one vCPU.
# Source: docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEGABYTES_PER_CPU: Final = 1769

# A bucket, alone or with a prefix, as a regular expression.
_BUCKET_OR_PREFIX: Final = rf"{BUCKET_NAME}(/([^/]+/)*)?"


class WorkerSettings(ResultsSettings):
    """What a worker reads from its environment.

    Attributes:
        image_buckets: Where ``s3://`` links may lead: ``bucket``, or ``bucket/prefix/`` with a slash at its
            end, separated by commas.
        image_mirror: ``s3://bucket/prefix/`` from which a picture is fetched first; empty for none.
        models_dir: The folder with the converted ResNet50; where it isn't there, pictures have no labels.
        reading_precision: What the text reader computes in: ``auto`` for the fastest that the CPU has.
        downloads: Downloads that go on at once.
        max_pixels: Pixels of a picture at most.
        max_bytes: Bytes of a picture's file at most.
        fetch_seconds: Time that a download may take, with its redirects and retries.
        picture_seconds: Time that a picture may take, from its bytes to its answers.
        aws_lambda_function_memory_size: Set by Lambda itself: MB of memory, which CPUs come with.
    """

    image_buckets: str
    image_mirror: Annotated[str, Field(pattern=r"^(s3://[^/]+/(.*/)?)?$")] = ""
    models_dir: Path
    reading_precision: Precision = "auto"
    downloads: Annotated[int, Field(ge=1, le=64)] = MAX_DOWNLOADS
    max_pixels: Annotated[int, Field(ge=1)] = MAX_PICTURE_PIXELS
    max_bytes: Annotated[int, Field(ge=1)] = MAX_PICTURE_BYTES
    fetch_seconds: Annotated[float, Field(gt=0)] = MAX_FETCH_SECONDS
    picture_seconds: Annotated[float, Field(gt=0)] = MAX_PICTURE_SECONDS
    aws_lambda_function_memory_size: Annotated[int, Field(ge=128)] = MEGABYTES_PER_CPU

    @field_validator("image_buckets")
    @classmethod
    def _check_image_buckets(cls, value: str) -> str:
        for name in _split_names(value):
            if not re.fullmatch(_BUCKET_OR_PREFIX, name):
                raise ValueError(f"expected bucket or bucket/prefix/, separated by commas; {name!r} isn't")
        return value

    @property
    def allowed_prefixes(self) -> frozenset[S3Prefix]:
        """Where ``s3://`` links may lead, from ``image_buckets``."""
        return frozenset(_s3_prefix(name) for name in _split_names(self.image_buckets))

    @property
    def mirror(self) -> S3Prefix | None:
        """Where ``image_mirror`` has copies of pictures, under the file names of their links, or None."""
        return _s3_prefix(self.image_mirror.removeprefix("s3://")) if self.image_mirror else None

    @property
    def threads(self) -> int:
        """Threads to compute with: the whole CPUs that are paid for, at most those there are."""
        paid = max(1, self.aws_lambda_function_memory_size // MEGABYTES_PER_CPU)
        return min(paid, len(os.sched_getaffinity(0)))


def build_components(settings: WorkerSettings, policy: AddressPolicy | None = None) -> Components:
    """Connect the fetchers, and start the process that loads the models and answers pictures.

    Args:
        settings: The function's settings.
        policy: Which addresses downloads may go to: public ones where it is left out. Only tests
            pass one, in code; no setting leads here.
    """
    # First of all: its models are loaded while the rest is put together.
    answerer = start_answerer(
        settings.models_dir,
        threads=settings.threads,
        precision=settings.reading_precision,
        memory_megabytes=settings.aws_lambda_function_memory_size,
        max_pixels=settings.max_pixels,
        picture_seconds=settings.picture_seconds,
    )
    return Components(
        fetcher=_fetcher(settings, policy or AddressPolicy()),
        answerer=answerer,
        downloads=settings.downloads,
    )


def link_fetcher(s3: Collection[str]) -> PictureFetcher:
    """Return a fetcher of links, from the web and from parts of S3, with the limits of the workers.

    Args:
        s3: Where ``s3://`` links may lead: ``bucket``, or ``bucket/prefix/`` with a slash at its end.
    """
    allowed = frozenset(map(_s3_prefix, s3))
    return LinkFetcher(HttpFetcher(AddressPolicy(), FetchLimits()), S3Fetcher(s3_client(), allowed))


def _fetcher(settings: WorkerSettings, policy: AddressPolicy) -> PictureFetcher:
    limits = FetchLimits(total=settings.fetch_seconds, max_bytes=settings.max_bytes)
    s3 = S3Fetcher(s3_client(), settings.allowed_prefixes, settings.max_bytes)
    origin = LinkFetcher(HttpFetcher(policy, limits, connections=settings.downloads), s3)
    mirror = settings.mirror
    if mirror is None:
        return origin
    return MirrorFetcher(
        s3_client(),
        mirror,
        origin,
        max_bytes=settings.max_bytes,
        extra_ports=policy.extra_ports,
    )


def _split_names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _s3_prefix(text: str) -> S3Prefix:
    bucket, _, prefix = text.partition("/")
    return S3Prefix(bucket, prefix)
