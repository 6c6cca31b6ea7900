"""report.json: what a run did, how long it took, and about what it cost."""

import json
import statistics
from array import array
from collections import Counter
from typing import Any, Final

from tapeline.batch.documents import RunDocument
from tapeline.batch.shard_results import STAGES, PictureResult, ShardStats
from tapeline.batch.spool import AnsweredRow

# List prices of us-east-1 in US dollars, an estimate only: aws.amazon.com/lambda/pricing (x86),
# aws.amazon.com/step-functions/pricing (standard), aws.amazon.com/s3/pricing.
LAMBDA_GIGABYTE_SECOND: Final = 0.0000166667
LAMBDA_REQUEST: Final = 0.20 / 1_000_000
STATE_TRANSITION: Final = 0.025 / 1_000
S3_PUT: Final = 0.005 / 1_000
# A Distributed Map counts its child's start and each of the child's states.
TRANSITIONS_PER_SHARD: Final = 2
PUTS_PER_SHARD: Final = 2


class Report:
    """Collects a run's figures while its shard results and rows stream by.

    Args:
        document: The run's description.

    Attributes:
        rows: Rows seen.
        errors: Rows with an error code among them.
    """

    def __init__(self, document: RunDocument) -> None:
        self._document = document
        self._headers: list[ShardStats] = []
        self._milliseconds = {stage: array("f") for stage in STAGES}
        self._entities: dict[str, Counter[str]] = {}
        self._codes: Counter[str] = Counter()
        self._pictures = 0
        self.rows = 0

    @property
    def errors(self) -> int:
        """Rows with an error code."""
        return self._codes.total()

    def add_shard(self, header: ShardStats) -> None:
        """Count a worker's figures on one shard."""
        self._headers.append(header)

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
        # Entities that there aren't could be as many as rows: they count together.
        known = entity_name if answer.error_code != "unknown_entity" else "unknown"
        self._entities.setdefault(known, Counter())[kind] += 1

    def dump(self) -> bytes:
        """Return the report as JSON."""
        return json.dumps(self._document_of_figures(), indent=2).encode()

    def _document_of_figures(self) -> dict[str, Any]:
        source = self._document.source
        hashes = {name: sha for header in self._headers for name, sha in header.model_hashes.items()}
        kinds = sum(self._entities.values(), Counter())
        return {
            "run": self._document.run,
            "input": {"bucket": source.bucket, "key": source.key, "version": source.version},
            "rows": self.rows,
            "answered": kinds["answered"],
            "empty": kinds["empty"],
            "errors": self.errors,
            "errors_by_code": dict(sorted(self._codes.items())),
            "entities": {
                name: {kind: counts[kind] for kind in ("answered", "empty", "errors")}
                for name, counts in sorted(self._entities.items())
            },
            "pictures": self._document.pictures,
            "pictures_read": self._pictures,
            "shards": {"planned": self._document.shards, "answered": len(self._headers)},
            "milliseconds": {stage: _percentiles(spent) for stage, spent in self._milliseconds.items()},
            "worker_seconds": round(sum(header.seconds for header in self._headers), 1),
            "cold_starts": sum(header.cold_start for header in self._headers),
            "resnet50": "present" if hashes else "absent",
            "model_hashes": hashes,
            "code_versions": sorted({header.code_version for header in self._headers}),
            "estimated_cost_usd": round(self._cost(), 6),
        }

    def _cost(self) -> float:
        """US dollars for the workers; what the fixed steps take is below a cent a run."""
        seconds = sum(header.seconds * header.memory_megabytes / 1024 for header in self._headers)
        shards = len(self._headers)
        each = LAMBDA_REQUEST + TRANSITIONS_PER_SHARD * STATE_TRANSITION + PUTS_PER_SHARD * S3_PUT
        return seconds * LAMBDA_GIGABYTE_SECOND + shards * each


def _percentiles(spent: "array[float]") -> dict[str, float] | None:
    """Median and 95th percentile in milliseconds; None where the stage never ran."""
    if not spent:
        return None
    if len(spent) == 1:
        return {"p50": round(spent[0], 1), "p95": round(spent[0], 1)}
    cuts = statistics.quantiles(spent, n=20, method="inclusive")
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1)}
