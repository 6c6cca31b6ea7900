"""Where a run keeps its objects, and how it is named.

::

    results bucket
    ├── runs/RUN/run.json              what runs: input, columns, counts
    ├── runs/RUN/manifest.json         the shards of the first pass (manifest-2.json: of the second)
    ├── runs/RUN/shards/00000.jsonl    pictures and the rows that ask about them
    ├── runs/RUN/parts/00000.jsonl     a shard's answers
    └── results/STEM/RUN/              STEM_out.csv, details.csv, errors.csv, report.json,
                                       or rejected.json alone
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

# Step Functions takes execution names of at most 80 characters, without most punctuation.
_SLUG_LENGTH: Final = 48
_HASH_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class InputObject:
    """The object version that a run answers.

    Attributes:
        bucket: The drop bucket.
        key: The decoded key, such as ``incoming/test.csv``.
        version: The object's version; None in a bucket that has no versions.
        etag: The object's entity tag: what tells contents apart where there are no versions.
    """

    bucket: str
    key: str
    version: str | None
    etag: str = ""

    @property
    def stem(self) -> str:
        """The file's name without its folder and ending."""
        return PurePosixPath(self.key).stem

    @property
    def run(self) -> str:
        """The run's name: readable, and the same for the same object version only."""
        identity = "\0".join((self.bucket, self.key, self.version or self.etag))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:_HASH_LENGTH]
        slug = re.sub(r"[^A-Za-z0-9]+", "-", self.stem).strip("-")[:_SLUG_LENGTH]
        return f"{slug or 'run'}-{digest}"


def run_document_key(run: str) -> str:
    """Key of the document that describes the run."""
    return f"runs/{run}/run.json"


def manifest_key(run: str, attempt: int) -> str:
    """Key of the list of shards of one pass; passes count from 1."""
    return f"runs/{run}/manifest.json" if attempt == 1 else f"runs/{run}/manifest-{attempt}.json"


def shards_prefix(run: str) -> str:
    """Prefix of the keys of all shards of a run."""
    return f"runs/{run}/shards/"


def parts_prefix(run: str) -> str:
    """Prefix of the keys of all parts of a run."""
    return f"runs/{run}/parts/"


def shard_key(run: str, shard: str) -> str:
    """Key of one shard."""
    return f"{shards_prefix(run)}{shard}.jsonl"


def part_key(run: str, shard: str) -> str:
    """Key of the part with one shard's answers."""
    return f"{parts_prefix(run)}{shard}.jsonl"


def shard_of(key: str) -> str:
    """The shard that a shard's or part's key names."""
    return PurePosixPath(key).stem


def results_prefix(stem: str, run: str) -> str:
    """Prefix under which a run's outputs lie."""
    return f"results/{stem}/{run}/"
