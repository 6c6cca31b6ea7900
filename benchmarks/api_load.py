"""Many clients at once: ``python -m benchmarks.api_load`` against the API of ``make serve``, or any other.

Asks for one drawn picture again and again, and prints how many answers were lost, and the median and 95th
percentile of the seconds that a client waited. The first answers, for which workers start, are left out of
the percentiles and printed apart.
"""

import argparse
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

PICTURE = Path(__file__).resolve().parents[1] / "examples/images/kettle.jpg"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a load.

    Attributes:
        predictions: Prediction -> answers with it.
        lost: Requests without an answer, or with an error.
        seconds: Of each request, in the order in which they ended.
        wall_seconds: From the first request to the last answer.
    """

    predictions: Mapping[str, int]
    lost: int
    seconds: list[float]
    wall_seconds: float


def load(url: str, key: str, requests_in_all: int = 200, clients: int = 8) -> LoadResult:
    """Ask an API for the same picture from several clients at once."""
    body = PICTURE.read_bytes()
    predictions: Counter[str] = Counter()
    seconds: list[float] = []

    def ask(_: int) -> None:
        start = time.perf_counter()
        try:
            with requests.Session() as session:
                session.trust_env = False
                answered = session.post(
                    f"{url}/predict",
                    params={"entity_name": "wattage"},
                    data=body,
                    headers={"content-type": "image/jpeg", "x-api-key": key},
                    timeout=120,
                )
            answered.raise_for_status()
            predictions[str(answered.json()["answers"]["wattage"]["prediction"])] += 1
        except requests.RequestException as error:
            print(f"lost: {error}", file=sys.stderr)
        seconds.append(time.perf_counter() - start)

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, range(requests_in_all)))
    wall = time.perf_counter() - start
    return LoadResult(dict(predictions), requests_in_all - predictions.total(), seconds, wall)


def main() -> int:
    """Run the command and return its exit code: 1 where a request was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api_load", description=__doc__)
    parser.add_argument("--url", default=os.environ.get("TAPELINE_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--key", default=os.environ.get("TAPELINE_API_KEY", ""), help="or TAPELINE_API_KEY")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    cold = load(options.url, options.key, options.clients, options.clients)
    result = load(options.url, options.key, options.requests, options.clients)
    cuts = statistics.quantiles(result.seconds, n=20, method="inclusive")
    print(f"first {options.clients}, while workers start: slowest {max(cold.seconds):.2f} s")
    print(
        f"{options.requests} requests from {options.clients} clients: {result.lost} lost, "
        f"p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s, {options.requests / result.wall_seconds:.1f} a second"
    )
    for prediction, count in result.predictions.items():
        print(f"{count:4} {prediction}")
    return 1 if result.lost or cold.lost else 0


if __name__ == "__main__":
    sys.exit(main())
