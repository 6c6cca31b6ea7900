"""report.json: what a run did, how long it took, and about how much it cost."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

from tapeline.batch.documents import RunDocument, dump_document
from tapeline.batch.prices import gigabyte_seconds, workers_usd
from tapeline.batch.schema import Schema
from tapeline.batch.shard_results import STAGES, PictureResult, ShardStats
from tapeline.batch.spool import AnsweredRow
from tapeline.entities import is_known

# The lower ends of the bands that answers are counted in by their confidence. Chosen by hand: nearly all
# wrong answers lie below 0.9.
_BAND_EDGES: Final = (0.0, 0.5, 0.7, 0.9)

# The bands' names, such as ``0.5-0.7``; the last one goes up to 1.
CONFIDENCE_BANDS: Final = tuple(
    f"{low:.1f}-{high:.1f}" for low, high in zip(_BAND_EDGES, (*_BAND_EDGES[1:], 1.0), strict=True)
)

# The entity that rows with an unknown one are counted under.
UNKNOWN_ENTITY: Final = "unknown"


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
        confidence_bands: Band of confidence -> answered rows in it; see :data:`CONFIDENCE_BANDS`.
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


class ReportBuilder:
    """Collects a run's figures while its shard results and rows stream by; memory doesn't grow with them.

    Args:
        document: The run's description.

    Attributes:
        rows: Rows so far.
    """

    def __init__(self, document: RunDocument) -> None:
        self._document = document
        self._answered: set[str] = set()
        self._cold: set[str] = set()
        self._results = 0
        self._broken = 0
        self._seconds = 0.0
        self._gigabyte_seconds = 0.0
        self._hashes: dict[str, str] = {}
        self._versions: set[str] = set()
        # Tenths of a millisecond -> pictures. Workers round to tenths, so that the percentiles are exact.
        self._tenths: dict[str, Counter[int]] = {stage: Counter() for stage in STAGES}
        self._entities: dict[str, Counter[str]] = {}
        self._codes: Counter[str] = Counter()
        self._bands = [0] * len(_BAND_EDGES)
        self._pictures = 0
        self.rows = 0

    @property
    def errors(self) -> int:
        """Rows with an error code so far."""
        return self._codes.total()

    def add_shard(self, stats: ShardStats, *, last: bool = True) -> None:
        """Count a worker's figures about one shard.

        Args:
            stats: The figures in one shard result.
            last: Whether the shard is complete with it; False for what was written before that.
        """
        self._results += 1
        if last:
            self._answered.add(stats.shard)
        if stats.cold_start:
            self._cold.add(stats.shard)
        self._seconds += stats.seconds
        self._gigabyte_seconds += gigabyte_seconds(stats.seconds, stats.memory_megabytes)
        self._hashes.update(stats.model_hashes)
        self._versions.add(stats.code_version)

    def add_broken(self) -> None:
        """Count an object among the shard results that couldn't be read to its end."""
        self._broken += 1

    def add_picture(self, picture: PictureResult) -> None:
        """Count a picture's times."""
        self._pictures += 1
        for stage, spent in picture.milliseconds.items():
            # A shard result may be of another version, with stages that this one doesn't have.
            if stage in self._tenths:
                self._tenths[stage][round(spent * 10)] += 1

    def add_row(self, entity_name: str, answer: AnsweredRow) -> None:
        """Count a row's answer."""
        self.rows += 1
        if answer.error_code:
            self._codes[answer.error_code] += 1
            kind = "errors"
        else:
            kind = "answered" if answer.prediction else "empty"
            if answer.prediction:
                self._bands[bisect_right(_BAND_EDGES, answer.confidence) - 1] += 1
        # There can be as many unknown entities as rows: they are counted together.
        known = entity_name if is_known(entity_name) else UNKNOWN_ENTITY
        self._entities.setdefault(known, Counter())[kind] += 1

    def build(self) -> ReportDocument:
        """Return the report on all that was added."""
        source = self._document.source
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
            confidence_bands=dict(zip(CONFIDENCE_BANDS, self._bands, strict=True)),
            pictures=self._document.pictures,
            pictures_read=self._pictures,
            shards=ShardCounts(self._document.shards, len(self._answered), self._broken),
            milliseconds={stage: _percentiles(tenths) for stage, tenths in self._tenths.items()},
            worker_seconds=round(self._seconds, 1),
            cold_starts=len(self._cold),
            resnet50="present" if self._hashes else "absent",
            model_hashes=dict(self._hashes),
            code_versions=tuple(sorted(self._versions)),
            estimated_cost_usd=round(self._cost(), 6),
        )

    def _cost(self) -> float:
        """The workers' cost in US dollars."""
        # FanOut writes the shard, workers write the results.
        puts = len(self._answered) + self._results
        return workers_usd(self._gigabyte_seconds, len(self._answered), puts)


def _percentiles(tenths: Counter[int]) -> Percentiles | None:
    """Median and 95th percentile of times in tenths of a millisecond; None where the stage never ran."""
    if not tenths:
        return None
    values = sorted(tenths)
    ranks = list(accumulate(tenths[value] for value in values))

    def quantile(twentieths: int) -> float:
        # Linear between neighbours, as statistics.quantiles(method="inclusive") does it.
        index, rest = divmod(twentieths * (ranks[-1] - 1), 20)
        low, high = (values[bisect_right(ranks, min(i, ranks[-1] - 1))] for i in (index, index + 1))
        return round((low * (20 - rest) + high * rest) / 200, 1)

    return Percentiles(quantile(10), quantile(19))
