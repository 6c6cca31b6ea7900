"""In-memory stand-ins for the ports."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from tapeline.errors import ObjectMissingError
from tapeline.picture import Classification, Label, Picture, TextLine
from tapeline.ranking.own_entities import OWN_EVIDENCE
from tapeline.telemetry import Metric, Span


class MemoryStore:
    """A bucket; remembers the order of its writes, and takes only keys that S3 takes."""

    def __init__(self, **objects: bytes) -> None:
        self.objects: dict[str, bytes] = dict(objects)
        self.written: list[str] = []

    @contextmanager
    def open(self, key: str, version: str | None = None) -> Iterator[Iterator[bytes]]:
        body = self.read(key)
        yield (body[start : start + 7] for start in range(0, len(body), 7))

    def read(self, key: str) -> bytes:
        if key not in self.objects:
            raise ObjectMissingError(key)
        return self.objects[key]

    def exists(self, key: str) -> bool:
        return key in self.objects

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self.objects if key.startswith(prefix))

    def write(self, key: str, body: bytes | IO[bytes], *, content_type: str) -> None:
        assert content_type
        assert len(key.encode()) <= 1024
        assert not {".", ".."} & set(key.split("/"))
        self.objects[key] = body if isinstance(body, bytes) else body.read()
        self.written.append(key)

    def write_once(self, key: str, body: bytes, *, content_type: str) -> bool:
        if key in self.objects:
            return False
        self.write(key, body, content_type=content_type)
        return True

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        body = self.objects.get(key)
        return (b"", "") if body is None else (body, _tag(body))

    def write_tagged(self, key: str, body: bytes, tag: str, *, content_type: str) -> str | None:
        if self.read_tagged(key)[1] != tag:
            return None
        self.write(key, body, content_type=content_type)
        return _tag(body)


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Executions:
    """A state machine that remembers what it was started with."""

    def __init__(self) -> None:
        self.payloads: dict[str, str] = {}

    def start(self, name: str, payload: str) -> bool:
        if name in self.payloads:
            return False
        self.payloads[name] = payload
        return True


class Seen:
    """Telemetry that remembers."""

    def __init__(self) -> None:
        self.metrics: list[Metric] = []
        self.spans: list[Span] = []

    def emit(self, metrics: Iterable[Metric]) -> None:
        self.metrics.extend(metrics)

    def trace(self, spans: Iterable[Span]) -> None:
        self.spans.extend(spans)

    def total(self, name: str, **dimensions: str) -> float:
        found = [
            item
            for item in self.metrics
            if item.name == name and dimensions.items() <= item.dimensions.items()
        ]
        assert found, name
        return sum(value for item in found for value in item.values)


class Notices:
    """A notifier that remembers what it was told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str, str]] = []

    def notify(self, kind: str, detail: str, subject: str, text: str) -> None:
        self.sent.append((kind, detail, subject, text))


class Fetcher:
    """Answers a link with its own text, and counts what is on its way or waits."""

    def __init__(self, fail: Callable[[str], None] | None = None) -> None:
        self._fail = fail
        self._lock = threading.Lock()
        self.links: list[str] = []

    def fetch(self, link: str) -> bytes:
        with self._lock:
            self.links.append(link)
        if self._fail:
            self._fail(link)
        return link.encode()


class Decoder:
    """Makes a grey picture of any bytes, with the bytes' length as its shade."""

    def decode(self, data: bytes) -> Picture:
        return Picture(np.full((10, 20, 3), len(data) % 256, np.uint8), 200, 100)


class Reader:
    """Reads the same line in each picture."""

    def __init__(self, text: str = "12.5 kg") -> None:
        self.text = text

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        return [TextLine(self.text, 0.9, ((0, 0), (100, 0), (100, 20), (0, 20)))]


class Classifier:
    """Labels each picture by its shade."""

    model_hashes = {"weights.h5": "0" * 64}  # noqa: RUF012

    def __init__(self) -> None:
        self.batches: list[int] = []

    def classify(self, pictures: Sequence[Picture]) -> list[Classification]:
        self.batches.append(len(pictures))
        return [
            Classification(
                (Label("n0", f"shade {picture.pixels[0, 0, 0]}", 0.5),), np.zeros(2048, np.float32)
            )
            for picture in pictures
        ]


def write_entities(folder: Path, name: str, more: str = "") -> Path:
    """Write an entities file with one weight as an own entity, trained to answer whatever there is."""
    path = folder / "mine.toml"
    path.write_text(f'[{name}]\nkind = "mass"\n{more}')
    sure = [9.0 if evidence == "bias" else 0.0 for evidence in OWN_EVIDENCE]
    path.with_suffix(".trained.json").write_text(json.dumps({"entities": {name: {"weights": sure}}}))
    return path
