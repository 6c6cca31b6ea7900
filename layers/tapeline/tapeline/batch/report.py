"""report.json: what a run did, how long it took, and about how much it cost."""

import statistics
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tapeline.batch.documents import RunDocument, dump_document
from tapeline.batch.schema import Schema
from tapeline.batch.shard_results import STAGES, PictureResult, ShardStats
from tapeline.batch.spool import AnsweredRow
from tapeline.errors import ErrorCode

# US dollars for a gigabyte-second of Lambda on x86 in us-east-1: https://aws.amazon.com/lambda/pricing/
LAMBDA_GIGABYTE_SECOND_USD: Final = 0.0000166667

# US dollars for a Lambda request in us-east-1: https://aws.amazon.com/lambda/pricing/
LAMBDA_REQUEST_USD: Final = 0.20 / 1_000_000

# US dollars for a transition of a standard state machine in us-east-1:
# https://aws.amazon.com/step-functions/pricing/
STATE_TRANSITION_USD: Final = 0.025 / 1_000

# US dollars for a PUT request to S3 Standard in us-east-1: https://aws.amazon.com/s3/pricing/
S3_PUT_USD: Final = 0.005 / 1_000

# State transitions for each shard: a Distributed Map counts the start of a child execution and each of its
# states, of which there is one: https://aws.amazon.com/step-functions/pricing/
TRANSITIONS_PER_SHARD: Final = 2

# PUT requests for each shard: FanOut writes the shard, Inference its result.
PUTS_PER_SHARD: Final = 2

# The entity that rows with an unknown one are counted under.
UNKNOWN_ENTITY: Final = "unknown"

# Megabytes in the gigabyte that Lambda's price is for: its memory sizes are powers of two.
_MEGABYTES_PER_GIGABYTE: Final = 1024


@dataclass(frozen=True, slots=True)
class ReportInput:
    """The object version that the run answered.

    Attributes:
        bucket: The drop bucket.
        key: The object's key.
        version: Its version; None in a bucket without versioning.
    """

    bucket: str
    key: str
    version: str | None


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """Rows of one entity.

    Attributes:
        answered: Rows with a prediction.
        empty: Rows without a prediction and without an error.
        errors: Rows with an error code.
    """

    answered: int
    empty: int
    errors: int


@dataclass(frozen=True, slots=True)
class ShardCounts:
    """Shards of a run.

    Attributes:
        planned: Shards of the first attempt.
        answered: Shards with a result, the remainders of other shards among them.
    """

    planned: int
    answered: int


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How a stage's time is distributed over the pictures, in milliseconds.

    Attributes:
        p50: The median.
        p95: The 95th percentile.
    """

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """report.json.

    Attributes:
        run: The run's name.
        input: The object version that it answered.
        rows: Rows in the input.
        answered: Rows with a prediction.
        empty: Rows without a prediction and without an error.
        errors: Rows with an error code.
        errors_by_code: Error code -> rows; only codes that occurred.
        entities: Entity -> its rows; unknown entities together.
        pictures: Distinct links in the input.
        pictures_read: Pictures in shard results, each counted once.
        shards: The run's shards.
        milliseconds: Stage -> its times; None where the stage never ran.
        worker_seconds: Wall-clock time of all shards.
        cold_starts: Shards that were a worker's first.
        resnet50: Whether the workers had its model files.
        model_hashes: File name -> SHA-256 of the model files.
        code_versions: Versions of this package that answered shards.
        estimated_cost_usd: US dollars at list prices for the workers. What the other functions cost is less
            than a cent a run.
    """

    run: str
    input: ReportInput
    rows: int
    answered: int
    empty: int
    errors: int
    errors_by_code: Mapping[str, int]
    entities: Mapping[str, EntityCounts]
    pictures: int
    pictures_read: int
    shards: ShardCounts
    milliseconds: Mapping[str, Percentiles | None]
    worker_seconds: float
    cold_starts: int
    resnet50: Literal["present", "absent"]
    model_hashes: Mapping[str, str]
    code_versions: tuple[str, ...]
    estimated_cost_usd: float

    def dump(self) -> bytes:
        """Return the document as JSON."""
        return dump_document(self)

    @classmethod
    def load(cls, body: bytes) -> "ReportDocument":
        """Return what :meth:`dump` wrote.

        Raises:
            CorruptObjectError: The bytes are something else.
        """
        return _REPORT.load(body)


_REPORT: Final = Schema(ReportDocument, name="a run's report", advice="drop the CSV again")


class ReportBuilder:
    """Collects a run's figures while its shard results and rows stream by.

    Args:
        document: The run's description.

    Attributes:
        rows: Rows so far.
    """

    def __init__(self, document: RunDocument) -> None:
        self._document = document
        self._shards: list[ShardStats] = []
        self._milliseconds = {stage: array("f") for stage in STAGES}
        self._entities: dict[str, Counter[str]] = {}
        self._codes: Counter[str] = Counter()
        self._pictures = 0
        self.rows = 0

    @property
    def errors(self) -> int:
        """Rows with an error code so far."""
        return self._codes.total()

    def add_shard(self, stats: ShardStats) -> None:
        """Count a worker's figures about one shard."""
        self._shards.append(stats)

    def add_picture(self, picture: PictureResult) -> None:
        """Count a picture's times."""
        self._pictures += 1
        for stage, spent in picture.milliseconds.items():
            self._milliseconds[stage].append(spent)

    def add_row(self, entity_name: str, answer: AnsweredRow) -> None:
        """Count a row's answer."""
        self.rows += 1
        if answer.error_code:
            self._codes[answer.error_code] += 1
            kind = "errors"
        else:
            kind = "answered" if answer.prediction else "empty"
        # There can be as many unknown entities as rows: they are counted together.
        known = entity_name if answer.error_code != ErrorCode.UNKNOWN_ENTITY else UNKNOWN_ENTITY
        self._entities.setdefault(known, Counter())[kind] += 1

    def build(self) -> ReportDocument:
        """Return the report on all that was added."""
        source = self._document.source
        hashes = {name: digest for stats in self._shards for name, digest in stats.model_hashes.items()}
        kinds = sum(self._entities.values(), Counter())
        return ReportDocument(
            run=self._document.run,
            input=ReportInput(source.bucket, source.key, source.version),
            rows=self.rows,
            answered=kinds["answered"],
            empty=kinds["empty"],
            errors=self.errors,
            errors_by_code=dict(sorted(self._codes.items())),
            entities={
                name: EntityCounts(counts["answered"], counts["empty"], counts["errors"])
                for name, counts in sorted(self._entities.items())
            },
            pictures=self._document.pictures,
            pictures_read=self._pictures,
            shards=ShardCounts(planned=self._document.shards, answered=len(self._shards)),
            milliseconds={stage: _percentiles(spent) for stage, spent in self._milliseconds.items()},
            worker_seconds=round(sum(stats.seconds for stats in self._shards), 1),
            cold_starts=sum(stats.cold_start for stats in self._shards),
            resnet50="present" if hashes else "absent",
            model_hashes=hashes,
            code_versions=tuple(sorted({stats.code_version for stats in self._shards})),
            estimated_cost_usd=round(self._cost(), 6),
        )

    def _cost(self) -> float:
        """The workers' cost in US dollars."""
        gigabyte_seconds = sum(
            stats.seconds * stats.memory_megabytes / _MEGABYTES_PER_GIGABYTE for stats in self._shards
        )
        per_shard = (
            LAMBDA_REQUEST_USD + TRANSITIONS_PER_SHARD * STATE_TRANSITION_USD + PUTS_PER_SHARD * S3_PUT_USD
        )
        return gigabyte_seconds * LAMBDA_GIGABYTE_SECOND_USD + len(self._shards) * per_shard


def _percentiles(spent: "array[float]") -> Percentiles | None:
    """Median and 95th percentile; None where the stage never ran."""
    if not spent:
        return None
    if len(spent) == 1:
        return Percentiles(round(spent[0], 1), round(spent[0], 1))
    # Cut points at each 5 %: the 10th is the median, the 19th the 95th percentile.
    cuts = statistics.quantiles(spent, n=20, method="inclusive")
    return Percentiles(round(cuts[9], 1), round(cuts[18], 1))
