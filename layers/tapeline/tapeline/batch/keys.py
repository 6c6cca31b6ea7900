"""The keys of a run's objects, the names of its outputs, and the run's own name.

::

    results bucket
    ├── runs/RUN/run.json                    the run's input and its counts
    ├── runs/RUN/manifest.json               the shards of the first attempt
    ├── runs/RUN/manifest-2.json             the shards of the second attempt
    ├── runs/RUN/shards/00000.jsonl          pictures, each with its questions
    ├── runs/RUN/shard_results/
    │   ├── 00000.begun1.jsonl               a worker has begun with a shard; 2: another one, and so on
    │   ├── 00000.0001.jsonl                 a part: answers that a worker wrote while it went on
    │   └── 00000.jsonl                      the last answers: the shard is complete
    ├── runs/RUN/thumbnails/17.json          what is around the answer to row 17
    ├── runs/RUN/reruns/RERUN.json          a run of rows of this run's errors.csv
    ├── runs/RUN/review.jsonl                the least sure rows, for the page
    ├── results/STEM/RUN/                    STEM_out.csv, details.csv, errors.csv, review.csv,
    │                                        report.html and report.json, or rejected.json alone;
    │                                        corrections.csv where a person decided rows
    └── results/SLUG/RUN/rejected.json       where STEM can't be a folder's name; SLUG is its readable
                                             part in RUN
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from tapeline.batch.table_formats import split_name
from tapeline.errors import RejectedInputError

# How each row was answered.
DETAILS: Final = "details.csv"

# The rows with errors, in the input's columns.
ERRORS: Final = "errors.csv"

# The unsure rows, in the input's columns.
REVIEW: Final = "review.csv"

# The run's figures, to look at.
REPORT_PAGE: Final = "report.html"

# The run's figures.
REPORT: Final = "report.json"

# What persons decided; there only where somebody has.
CORRECTIONS: Final = "corrections.csv"

# The rows of dropped corrections that couldn't be taken.
REFUSED_CORRECTIONS: Final = "corrections_refused.csv"

# Why a file was rejected; its only output.
REJECTED: Final = "rejected.json"

# What the names of objects that say that a worker has begun have after the shard's name.
_BEGUN: Final = "begun"

# Characters of the file's stem in a run's name. Step Functions takes execution names of at most 80
# characters: 48 for the stem, a hyphen and 16 for the digest leave room.
_SLUG_LENGTH: Final = 48

# Hexadecimal digits of the digest in a run's name: 64 bits, chosen by hand.
_DIGEST_LENGTH: Final = 16

# What the name of the predictions has after the input's stem, and before the end of its format.
_PREDICTIONS_SUFFIX: Final = "_out"

# Bytes of a CSV's stem in UTF-8 at most, so that the predictions can be downloaded: a file's name has at most
# 255 bytes on Linux. All keys then have fewer than the 1,024 bytes that S3 takes: the longest has 585.
# Sources: NAME_MAX in linux/limits.h; Amazon S3 user guide, "Naming Amazon S3 objects".
MAX_STEM_BYTES: Final = 255 - len(_PREDICTIONS_SUFFIX) - len(".csv")


@dataclass(frozen=True, slots=True)
class InputObject:
    """The object version that a run answers.

    Attributes:
        bucket: The drop bucket.
        key: The decoded key, such as ``incoming/test.csv``.
        version: The object's version; None in a bucket without versioning.
        etag: The object's entity tag, which tells contents apart in a bucket without versioning.
    """

    bucket: str
    key: str
    version: str | None
    etag: str = ""

    @property
    def stem(self) -> str:
        """The file's name without its folder, and without the end that says its format."""
        return split_name(PurePosixPath(self.key).name)[0]

    @property
    def format(self) -> str:
        """The end of the file's name that says its format, which the predictions have too: ``.csv``."""
        return split_name(PurePosixPath(self.key).name)[1]

    @property
    def run(self) -> str:
        """The run's name: readable, and different for each object version."""
        identity = "\0".join((self.bucket, self.key, self.version or self.etag))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{self.slug}-{digest}"

    @property
    def slug(self) -> str:
        """The readable part of the run's name: 1 to 48 letters, digits and hyphens."""
        # Step Functions refuses most punctuation in execution names.
        slug = re.sub(r"[^A-Za-z0-9]+", "-", self.stem).strip("-")[:_SLUG_LENGTH]
        return slug or "run"


def run_document_key(run: str) -> str:
    """Key of the document that describes the run."""
    return f"runs/{run}/run.json"


def manifest_key(run: str, attempt: int) -> str:
    """Key of the list of shards of one attempt; attempts count from 1."""
    return f"runs/{run}/manifest.json" if attempt == 1 else f"runs/{run}/manifest-{attempt}.json"


def shards_prefix(run: str) -> str:
    """Prefix of the keys of a run's shards."""
    return f"runs/{run}/shards/"


def shard_results_prefix(run: str) -> str:
    """Prefix of the keys of a run's shard results."""
    return f"runs/{run}/shard_results/"


def shard_key(run: str, shard: str) -> str:
    """Key of one shard."""
    return f"{shards_prefix(run)}{shard}.jsonl"


def shard_result_key(run: str, shard: str) -> str:
    """Key of the result of one shard."""
    return f"{shard_results_prefix(run)}{shard}.jsonl"


def shard_objects_prefix(run: str, shard: str) -> str:
    """Prefix of the keys of all that workers wrote about one shard."""
    return f"{shard_results_prefix(run)}{shard}."


def part_key(run: str, shard: str, number: int) -> str:
    """Key of one part of a shard's result; parts count from 1."""
    return f"{shard_results_prefix(run)}{shard}.{number:04d}.jsonl"


def begun_key(run: str, shard: str, number: int) -> str:
    """Key of the object that says that a worker has begun with a shard; workers count from 1."""
    return f"{shard_results_prefix(run)}{shard}.{_BEGUN}{number}.jsonl"


def thumbnails_prefix(run: str) -> str:
    """Prefix of the keys of a run's thumbnails."""
    return f"runs/{run}/thumbnails/"


def thumbnail_key(run: str, row: int) -> str:
    """Key of the thumbnail of one row, by its position."""
    return f"{thumbnails_prefix(run)}{row}.json"


def thumbnail_row(key: str) -> int:
    """The row in the key of a thumbnail; -1 where the key is of something else."""
    name = PurePosixPath(key).stem
    return int(name) if name.isdecimal() else -1


def reruns_prefix(run: str) -> str:
    """Prefix of the keys of what says that rows of a run were tried again in another one."""
    return f"runs/{run}/reruns/"


def rerun_key(run: str, rerun: str) -> str:
    """Key of the description of a run that tries rows of this one again."""
    return f"{reruns_prefix(run)}{rerun}.json"


def review_queue_key(run: str) -> str:
    """Key of the least sure rows of a run, as the page takes them."""
    return f"runs/{run}/review.jsonl"


def shard_of(key: str) -> str:
    """The name of the shard in the key of a shard, of its result, or of a part of it."""
    return PurePosixPath(key).stem.partition(".")[0]


def part_number(key: str) -> int | None:
    """The number in the key of a part; None where the key is of something else."""
    number = PurePosixPath(key).stem.partition(".")[2]
    return int(number) if number.isdecimal() else None


def is_begun(key: str) -> bool:
    """Say whether a key is of an object that says that a worker has begun with a shard."""
    return PurePosixPath(key).stem.partition(".")[2].startswith(_BEGUN)


def is_complete(key: str) -> bool:
    """Say whether a key is of the last object of a shard's result, which says that the shard is complete."""
    return "." not in PurePosixPath(key).stem


def predictions_name(stem: str, end: str = ".csv") -> str:
    """Name of the predictions, such as ``test_out.csv`` for the stem ``test`` and the end ``.csv``."""
    return f"{stem}{_PREDICTIONS_SUFFIX}{end}"


def results_prefix(stem: str, run: str) -> str:
    """Prefix of the keys of a run's outputs."""
    return f"results/{stem}/{run}/"


def check_stem(stem: str, end: str = ".csv") -> None:
    """Check that outputs can be named after an input's stem.

    Args:
        stem: The stem.
        end: The end of the name that says the format.

    Raises:
        RejectedInputError: It is made of dots alone, or too long.
    """
    if not stem.strip("."):
        raise RejectedInputError(
            expected=f"a name that isn't made of dots alone before {end}, after which outputs are named",
            received=repr(stem),
            advice="rename the file, such as to test.csv",
        )
    size = len(stem.encode())
    most = MAX_STEM_BYTES + len(".csv") - len(end)
    if size > most:
        raise RejectedInputError(
            expected=f"at most {most} bytes before {end} in the name, after which outputs are named",
            received=f"{size} bytes in UTF-8",
            advice="give the file a shorter name",
        )


def output_keys(source: InputObject, run: str | None = None) -> dict[str, str]:
    """Name -> key of each output of a run that succeeded, the predictions first and the report last.

    Args:
        source: The run's input.
        run: The run's name, where the input is a copy of the one that it was made of.
    """
    names = (predictions_name(source.stem, source.format), DETAILS, ERRORS, REVIEW, REPORT_PAGE, REPORT)
    return {name: output_key(source, name, run) for name in names}


def predictions_key(source: InputObject, run: str | None = None) -> str:
    """Key of a run's predictions; they are written last, so that where they are, all outputs are."""
    return output_key(source, predictions_name(source.stem, source.format), run)


def output_key(source: InputObject, name: str, run: str | None = None) -> str:
    """Key of one of a run's outputs; the arguments are those of :func:`output_keys`."""
    return f"{results_prefix(source.stem, run or source.run)}{name}"


def rejection_key(source: InputObject) -> str:
    """Key of the document that says why an input was rejected.

    It can be written whatever the input's name is: where the stem itself is the reason, the folder is
    named after the readable part of the run's name.
    """
    try:
        check_stem(source.stem, source.format)
    except RejectedInputError:
        return f"{results_prefix(source.slug, source.run)}{REJECTED}"
    return output_key(source, REJECTED)
