"""A store that fails: a proxy in front of the local cloud's S3 that disturbs a part of the requests."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, override

from tests.integration.forwarding_proxy import Answer, ForwardingProxy, Request

# S3's answers where it fails: status -> code.
# Source: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_CODES: Final = {500: "InternalError", 503: "SlowDown"}

WAYS: Final = ("500", "503", "refused", "unanswered", "cut")


class FaultyProxy(ForwardingProxy):
    """Fails requests by chance, in one of some ways, each as likely as another.

    ``500`` and ``503`` answer without forwarding. ``refused`` resets the connection without forwarding,
    ``unanswered`` after it: what was to be written is there, and the client doesn't know. ``cut`` resets it
    in the midst of the answer's content; where there is none, it is the same.

    Args:
        target: The local cloud's endpoint.
        share: Share of the requests that fail, 0 to 1.
        seed: For the chance.
        ways: The ways to fail.
    """

    def __init__(self, target: str, share: float, seed: int = 0, ways: Sequence[str] = WAYS) -> None:
        super().__init__(target)
        self._share = share
        self._ways = tuple(ways)
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._lock = threading.Lock()
        self._total = 0
        self._failed: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many requests came."""
        with self._lock:
            return self._total

    @property
    def failed(self) -> Counter[str]:
        """How many requests failed, by the way in which they did."""
        with self._lock:
            return self._failed.copy()

    @override
    def answer(self, request: Request) -> Answer:
        way = self._draw()
        if way is None:
            return super().answer(request)
        if way.isdigit():
            return _error(int(way), request.method)
        if way == "refused":
            return Answer(0, [], b"", 0, cut=-1)
        answer = super().answer(request)
        whole = way == "unanswered" or not answer.content
        return replace(answer, cut=-1 if whole else len(answer.content) // 2)

    def _draw(self) -> str | None:
        with self._lock:
            self._total += 1
            if self._chance.random() >= self._share:
                return None
            way = self._chance.choice(self._ways)
            self._failed[way] += 1
            return way


def _error(status: int, method: str) -> Answer:
    code = _CODES[status]
    content = f"<Error><Code>{code}</Code><Message>made to fail</Message></Error>".encode()
    headers = [("Content-Type", "application/xml")]
    return Answer(status, headers, b"" if method == "HEAD" else content, len(content))
