"""report.json: what a run did, how long it took, and about how much it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tapeline.batch.documents import dump_document
from tapeline.batch.schema import Schema


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
        broken: Objects among the shard results that couldn't be read to their end. What they lack counts as
            unanswered.
    """

    planned: int
    answered: int
    broken: int = 0


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
class FailedRow:
    """One of the first rows with an error code.

    Attributes:
        index: As in the input.
        image_link: As in the input; its beginning.
        entity_name: As in the input; its beginning.
        error: What was expected, what came, and what to do.
    """

    index: str
    image_link: str
    entity_name: str
    error: str


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """How sure a run's answers are, and what persons made of them.

    Attributes:
        threshold: How sure an answer has to be, from 0 to 1, not to be reviewed.
        unsure: Rows in review.csv.
        confirmed: Rows whose prediction a person found right.
        corrected: Rows that a person answered otherwise.
        thumbnails: Crops of pictures that were kept.
        confidence: Answered rows by the confidence of their prediction: in as many equal parts from 0 to 1.
    """

    threshold: float = 0.0
    unsure: int = 0
    confirmed: int = 0
    corrected: int = 0
    thumbnails: int = 0
    confidence: tuple[int, ...] = ()


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
        confidence_bands: Band of confidence -> answered rows in it; see
            :data:`tapeline.batch.report.CONFIDENCE_BANDS`.
        pictures: Distinct links in the input.
        pictures_read: Pictures in shard results, each counted once, or as often as it has tasks.
        shards: The run's shards.
        milliseconds: Stage -> its times; None where the stage never ran.
        worker_seconds: Wall-clock time of all shards.
        cold_starts: Shards that were a worker's first.
        resnet50: Whether the workers had its model files.
        model_hashes: File name -> SHA-256 of the model files.
        code_versions: Versions of this package that answered shards.
        estimated_cost_usd: US dollars at list prices for the workers. What the other functions cost is less
            than a cent a run.
        reruns: Runs of this run's errors.csv whose answers are in these.
        review: How sure the answers are.
        first_errors: Error code -> its first rows.
    """

    run: str
    input: ReportInput
    rows: int
    answered: int
    empty: int
    errors: int
    errors_by_code: Mapping[str, int]
    entities: Mapping[str, EntityCounts]
    confidence_bands: Mapping[str, int]
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
    reruns: tuple[str, ...] = ()
    review: ReviewCounts = ReviewCounts()
    first_errors: Mapping[str, tuple[FailedRow, ...]] = field(default_factory=dict)

    @property
    def seconds_per_picture(self) -> float | None:
        """Seconds of a worker for a picture, its cold starts among them; None where no picture was read."""
        return self.worker_seconds / self.pictures_read if self.pictures_read else None

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
