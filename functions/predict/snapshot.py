"""Predict in a snapshot: what has to be in it when Lambda takes it, and what must differ between its copies.

With SnapStart, Lambda starts a version once, takes a snapshot of the whole machine, and starts every worker
from a copy of it: with the reading process in it, its models, and the socket between the two, whose both ends
are on the machine. A process that isn't there any more is started anew by the next picture, as ever.

Before it, the models are loaded and one picture is answered, so that all that happens at a first picture has
happened. No connection to elsewhere is open then: that picture comes from here, and boto3's clients make none
before their first call. boto3 renews credentials by their own date, and Linux its random numbers, which
``os.urandom``, ``uuid`` and ``secrets`` take from it; Python's ``random``, of which waits between retries are
drawn, is seeded anew. Deadlines are set for each request.
Source: docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import os
import random
from collections.abc import Callable

from tapeline.predicting import Predictor


def load_for_snapshot(load: Callable[[], object]) -> None:
    """Load at the start what else is loaded at the first request, where a snapshot is taken of it."""
    if _starts_from_snapshot():
        load()


def with_hooks(predictor: Predictor) -> Predictor:
    """Return a predictor that the runtime prepares before a snapshot and after it, where one is taken."""
    if _starts_from_snapshot():
        # A part of Lambda's own runtime; on a developer's machine, only the tests have it.
        from snapshot_restore_py import register_after_restore, register_before_snapshot  # noqa: PLC0415

        register_before_snapshot(predictor.prepare)
        register_after_restore(random.seed)
    return predictor


def _starts_from_snapshot() -> bool:
    """Say whether this process is one of which Lambda takes a snapshot, or a copy of it."""
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"
