"""A run's figures, collected while its results stream by: what it did, how long it took, what it cost."""

from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import Final

from tapeline.batch.documents import RunDocument
from tapeline.batch.prices import gigabyte_seconds, workers_usd
from tapeline.batch.report_document import (
    EntityCounts,
    FailedRow,
    Percentiles,
    ReportDocument,
    ReportInput,
    ReviewCounts,
    ShardCounts,
)
from tapeline.batch.rows import Row
from tapeline.batch.shard_results import STAGES, PictureResult, ShardStats
from tapeline.batch.spool import AnsweredRow

# The lower ends of the bands that answers are counted in by their confidence. Chosen by hand: nearly all
# wrong answers lie below 0.9.
_BAND_EDGES: Final = (0.0, 0.5, 0.7, 0.9)

# The bands' names, such as ``0.5-0.7``; the last one goes up to 1.
CONFIDENCE_BANDS: Final = tuple(
    f"{low:.1f}-{high:.1f}" for low, high in zip(_BAND_EDGES, (*_BAND_EDGES[1:], 1.0), strict=True)
)

# The entity that rows with an unknown one are counted under.
UNKNOWN_ENTITY: Final = "unknown"

# Equal parts of the confidence, from 0 to 1, that answers are counted in. Chosen by hand.
CONFIDENCE_BINS: Final = 20

# The first rows of an error code that the report names. Chosen by hand.
_FIRST_ROWS: Final = 3

# Characters of an input's cell in the report. Chosen by hand.
_SHOWN_CELL: Final = 200


class ReportBuilder:
    """Collects a run's figures while its shard results and rows stream by; memory doesn't grow with them.

    Args:
        document: The run's description.
        threshold: How sure an answer has to be, from 0 to 1, not to be reviewed.
        reruns: Runs of this run's errors.csv.

    Attributes:
        rows: Rows so far.
    """

    def __init__(self, document: RunDocument, threshold: float = 0.0, reruns: tuple[str, ...] = ()) -> None:
        self._document = document
        self._threshold = threshold
        self._reruns = reruns
        self._bins = [0] * CONFIDENCE_BINS
        self._decisions: Counter[str] = Counter()
        self._first: dict[str, list[FailedRow]] = {}
        self._thumbnails = 0
        self._unsure = 0
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

    def add_review(self, unsure: int, thumbnails: int) -> None:
        """Count the rows to review, and the thumbnails of them."""
        self._unsure += unsure
        self._thumbnails += thumbnails

    def add_row(self, row: Row, answer: AnsweredRow, machine: AnsweredRow | None = None) -> None:
        """Count a row's answer.

        Args:
            row: The row.
            answer: Its answer.
            machine: What was predicted, where a person decided about it.
        """
        self.rows += 1
        predicted = machine or answer
        if predicted.prediction:
            last = CONFIDENCE_BINS - 1
            self._bins[min(int(predicted.confidence * CONFIDENCE_BINS), last)] += 1
        if answer.decision:
            self._decisions[answer.decision] += 1
        entity_name = row.entity_name
        if answer.error_code:
            self._codes[answer.error_code] += 1
            self._name_error(row, answer)
            kind = "errors"
        else:
            kind = "answered" if answer.prediction else "empty"
            if answer.prediction:
                self._bands[bisect_right(_BAND_EDGES, answer.confidence) - 1] += 1
        # There can be as many unknown entities as rows: they are counted together.
        known = entity_name if entity_name in self._document.entities else UNKNOWN_ENTITY
        self._entities.setdefault(known, Counter())[kind] += 1

    def _name_error(self, row: Row, answer: AnsweredRow) -> None:
        first = self._first.setdefault(answer.error_code, [])
        if len(first) < _FIRST_ROWS:
            index, link, entity = (
                cell[:_SHOWN_CELL] for cell in (row.index, row.image_link, row.entity_name)
            )
            first.append(FailedRow(index, link, entity, answer.error))

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
            shards=ShardCounts(
                self._document.shards, sum("/" not in name for name in self._answered), self._broken
            ),
            milliseconds={stage: _percentiles(tenths) for stage, tenths in self._tenths.items()},
            worker_seconds=round(self._seconds, 1),
            cold_starts=len(self._cold),
            resnet50="present" if self._hashes else "absent",
            model_hashes=dict(self._hashes),
            code_versions=tuple(sorted(self._versions)),
            estimated_cost_usd=round(self._cost(), 6),
            reruns=self._reruns,
            review=ReviewCounts(
                self._threshold,
                self._unsure,
                self._decisions["confirmed"],
                self._decisions["corrected"],
                self._thumbnails,
                tuple(self._bins),
            ),
            first_errors={code: tuple(first) for code, first in sorted(self._first.items())},
        )

    def _cost(self) -> float:
        """The workers' cost in US dollars."""
        # FanOut writes the shard, workers write the results and the thumbnails.
        puts = len(self._answered) + self._results + self._thumbnails
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
