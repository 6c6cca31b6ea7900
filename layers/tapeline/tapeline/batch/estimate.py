"""What a file would take, before anything is started: rows, pictures, refused rows, minutes and dollars."""

import ipaddress
import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tapeline.batch.parts import PART_SECONDS
from tapeline.batch.prices import LAMBDA_GIGABYTE_SECOND_USD, gigabyte_seconds, workers_usd
from tapeline.batch.rows import Row, RowReader
from tapeline.batch.shards import shard_size
from tapeline.download.addresses import AddressPolicy
from tapeline.download.links import S3Link, S3Prefix, parse_link, show_link
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import ErrorCode, RowError

# Seconds of a worker for a picture at the default memory: docs/scale.md, "Before a run".
SECONDS_PER_PICTURE: Final = 0.6

# Seconds until a worker's first answer: docs/architecture.md, "The image".
COLD_START_SECONDS: Final = 5.0

# FanOut's and Reducer's seconds a row, and their memory in MB. CPU seconds for a row, 19 and 48 millionths,
# at half a vCPU and a whole one: docs/scale.md, "What was measured" and "Memory, time and price".
FAN_OUT_SECONDS_PER_ROW: Final = 19e-6 / 0.5
REDUCER_SECONDS_PER_ROW: Final = 48e-6 / 1.0
FAN_OUT_MEGABYTES: Final = 885
REDUCER_MEGABYTES: Final = 1769

# Links whose checks are remembered. Chosen by hand: files name a picture in rows that are near to each other.
_REMEMBERED_LINKS: Final = 4096


@dataclass(frozen=True, slots=True)
class Pace:
    """How a deployment works, as far as minutes and dollars depend on it. The defaults are the template's.

    Attributes:
        workers: Shards of one run that run at once, ``RunConcurrency``.
        largest_shard: Pictures in a shard at most, ``LargestShard``.
        memory_megabytes: A worker's memory, ``InferenceMemory``.
        seconds_per_picture: Seconds of a worker for a picture, ``SecondsPerPicture``.
    """

    workers: int = 40
    largest_shard: int = 200
    memory_megabytes: int = 1769
    seconds_per_picture: float = SECONDS_PER_PICTURE


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Rows that end in one error whatever their pictures show.

    Attributes:
        rows: How many there are.
        first: The position of the first of them, from 0.
        error: Its message.
    """

    rows: int
    first: int
    error: str


@dataclass(frozen=True, slots=True)
class InputCounts:
    """What is in a file, as far as it is known without following a link.

    Attributes:
        rows: Data rows.
        pictures: Distinct links.
        refused_pictures: Links among them that aren't followed.
        refused: Error code -> its rows; only codes that occurred.
    """

    rows: int
    pictures: int
    refused_pictures: int = 0
    refused: dict[str, RefusedRows] | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a file would take.

    Attributes:
        rows: Data rows.
        pictures: Distinct links.
        refused_rows: Rows that end in an error whatever their pictures show; None where rows weren't checked.
        refused: Error code -> its rows; None where rows weren't checked.
        shards: Shards of the first attempt.
        minutes: From the drop to the outputs, with no other run beside it and no picture tried again.
        usd: US dollars at list prices.
        seconds_per_picture: The time of a picture that these are reckoned from.
        workers: Shards that run at once.
    """

    rows: int
    pictures: int
    refused_rows: int | None
    refused: dict[str, RefusedRows] | None
    shards: int
    minutes: float
    usd: float
    seconds_per_picture: float
    workers: int


def count_input(
    chunks: Iterable[bytes], allowed: Collection[S3Prefix] | None = None, entities: EntitySet = EIGHT
) -> InputCounts:
    """Count a file's rows, its pictures, and the rows that would be refused.

    Memory grows with the pictures, by about 100 bytes each.

    Args:
        chunks: The file's bytes, split anywhere.
        allowed: Where ``s3://`` links may lead; None where it isn't known, and any of them counts as allowed.
        entities: The entities that rows can ask for.

    Raises:
        RejectedInputError: The file can't be used as a whole.
    """
    # Their hashes, of 64 bits: 5,000,000 links are in less room, and two of them share one once in a million
    # files.
    asked: set[int] = set()
    links: set[int] = set()
    refused: Counter[ErrorCode] = Counter()
    first: dict[ErrorCode, tuple[int, str]] = {}
    check = lru_cache(_REMEMBERED_LINKS)(_LinkCheck(allowed))
    rows = 0
    for row in RowReader(chunks):
        rows += 1
        link = hash(row.image_link)
        links.add(link)
        error = _own_error(row, entities) or check(row.image_link)
        if error is None:
            asked.add(link)
        else:
            refused[error.code] += 1
            first.setdefault(error.code, (row.position, error.message))
    found = {str(code): RefusedRows(count, *first[code]) for code, count in sorted(refused.items())}
    return InputCounts(rows, len(links), len(links) - len(asked), found)


def estimate_run(counts: InputCounts, pace: Pace) -> Estimate:
    """Reckon minutes and dollars.

    Args:
        counts: What is in the file.
        pace: How the deployment works.
    """
    read = counts.pictures - counts.refused_pictures
    size = shard_size(counts.pictures, workers=pace.workers, largest=pace.largest_shard)
    shards = math.ceil(counts.pictures / size)
    busy = min(pace.workers, shards)
    cold = COLD_START_SECONDS if busy else 0.0
    seconds = read * pace.seconds_per_picture
    # The workers take shards of one size in turns, of which the last is seldom full.
    turns = math.ceil(shards / pace.workers)
    longest = min(turns * size * pace.seconds_per_picture, seconds)
    fan_out = counts.rows * FAN_OUT_SECONDS_PER_ROW
    reducer = counts.rows * REDUCER_SECONDS_PER_ROW
    # FanOut writes the shard; workers write that they have begun, parts, and the last object.
    puts = 3 * shards + math.floor(seconds / PART_SECONDS)
    usd = workers_usd(gigabyte_seconds(seconds + busy * cold, pace.memory_megabytes), shards, puts)
    others = gigabyte_seconds(fan_out, FAN_OUT_MEGABYTES) + gigabyte_seconds(reducer, REDUCER_MEGABYTES)
    return Estimate(
        rows=counts.rows,
        pictures=counts.pictures,
        refused_rows=None if counts.refused is None else sum(item.rows for item in counts.refused.values()),
        refused=counts.refused,
        shards=shards,
        minutes=round((fan_out + cold + longest + reducer) / 60, 1),
        usd=round(usd + others * LAMBDA_GIGABYTE_SECOND_USD, 4),
        seconds_per_picture=pace.seconds_per_picture,
        workers=pace.workers,
    )


def _own_error(row: Row, entities: EntitySet) -> RowError | None:
    """Return the error of a row without its link."""
    if row.problem is not None:
        return RowError(ErrorCode.BAD_ROW, row.problem)
    return None if row.entity_name in entities else entities.unknown(row.entity_name)


class _LinkCheck:
    """Says why a link won't be followed, without a look at the network.

    Args:
        allowed: As for :func:`count_input`.
    """

    def __init__(self, allowed: Collection[S3Prefix] | None) -> None:
        self._allowed = allowed
        self._policy = AddressPolicy()

    def __call__(self, link: str) -> RowError | None:
        try:
            parsed = parse_link(link)
            if isinstance(parsed, S3Link):
                return self._s3(parsed, link)
            if _is_address(parsed.host):
                self._policy.check(parsed.host, parsed.port, host=parsed.host)
        except RowError as error:
            return error
        return None

    def _s3(self, parsed: S3Link, link: str) -> RowError | None:
        if self._allowed is None or any(prefix.covers(parsed) for prefix in self._allowed):
            return None
        return RowError(
            ErrorCode.BLOCKED_ADDRESS, f"expected a link to where pictures are, received {show_link(link)}"
        )


def _is_address(host: str) -> bool:
    # Asked first, as most hosts are names: an address ends with a digit, or is one of IPv6.
    if not (host[-1].isdecimal() or ":" in host):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
