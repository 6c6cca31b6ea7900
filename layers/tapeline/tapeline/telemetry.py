"""What is seen of the work: metrics and spans, as plain values, and the port that takes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

# The units of CloudWatch's metrics that are used here.
# Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
type Unit = Literal["Count", "Seconds", "Percent", "None"]


@dataclass(frozen=True, slots=True)
class Metric:
    """Values of one metric.

    Attributes:
        name: Such as ``Pictures``.
        unit: What the values are in.
        values: One or more.
        dimensions: Name -> value: what tells this metric from others of its name, beside the stack.
    """

    name: str
    unit: Unit
    values: tuple[float, ...]
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of work in time.

    Attributes:
        name: What was done.
        start: When it began, in seconds since 1970.
        seconds: How long it took.
    """

    name: str
    start: float
    seconds: float


class Telemetry(Protocol):
    """Takes what is seen. It never fails the work."""

    def emit(self, metrics: Iterable[Metric]) -> None:
        """Send metrics."""
        ...

    def trace(self, spans: Iterable[Span]) -> None:
        """Send spans of the current invocation."""
        ...


class _Silent:
    """Takes everything and keeps nothing."""

    def emit(self, metrics: Iterable[Metric]) -> None:
        pass

    def trace(self, spans: Iterable[Span]) -> None:
        pass


# Where nobody looks: on a developer's machine, in evaluation, in tests.
SILENT: Final[Telemetry] = _Silent()


def count(name: str, value: float, **dimensions: str) -> Metric:
    """Return a metric that counts things."""
    return Metric(name, "Count", (value,), dimensions)


def stage_seconds(pictures: Iterable[Mapping[str, float]], function: str) -> list[Metric]:
    """Return how long each stage of some pictures took.

    Args:
        pictures: Stage -> milliseconds, for each picture.
        function: Where they were read: ``inference`` or ``predict``.
    """
    by_stage: dict[str, list[float]] = {}
    for picture in pictures:
        for stage, milliseconds in picture.items():
            by_stage.setdefault(stage, []).append(milliseconds / 1000)
    return [
        Metric("StageSeconds", "Seconds", tuple(values), {"function": function, "stage": stage})
        for stage, values in by_stage.items()
    ]


def consecutive(milliseconds: Mapping[str, float], end: float) -> list[Span]:
    """Return a picture's stages as spans, one after the other.

    Args:
        milliseconds: Stage -> time, in their order.
        end: When the last of them ended, in seconds since 1970.
    """
    start = end - sum(milliseconds.values()) / 1000
    spans = []
    for stage, spent in milliseconds.items():
        spans.append(Span(stage, start, spent / 1000))
        start += spent / 1000
    return spans


def side_by_side(pictures: Iterable[Mapping[str, float]], start: float) -> list[Span]:
    """Return the stages of many pictures as spans, each as long as all pictures took in it.

    Args:
        pictures: Stage -> milliseconds, for each picture.
        start: When the work began, in seconds since 1970.
    """
    totals: dict[str, float] = {}
    for picture in pictures:
        for stage, spent in picture.items():
            totals[stage] = totals.get(stage, 0.0) + spent / 1000
    return [Span(stage, start, seconds) for stage, seconds in totals.items()]
