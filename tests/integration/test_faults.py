"""A store that fails a part of all requests: every row is answered, once and in order."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, deploy
from infra.local.job import Job, answer_csv
from infra.local.package import Override
from infra.local.progress import Progress
from tests.integration.conftest import HANDLERS
from tests.integration.faulty_proxy import WAYS, FaultyProxy

ROWS = 100


@pytest.mark.parametrize(
    ("name", "share", "ways", "shard"),
    [
        ("fifth", 0.2, WAYS, 8),
        # Among 34 shard results, a reducer that can't read on never finds all of them whole.
        ("cut", 0.2, ["cut"], 3),
    ],
)
def test_a_store_that_fails_loses_no_row(
    cloud: LocalCloud, tmp_path: Path, name: str, share: float, ways: Sequence[str], shard: int
) -> None:
    with FaultyProxy(cloud.endpoint, share, ways=ways) as store:
        environment = {"AWS_ENDPOINT_URL_S3": store.url}
        overrides = {f"{name}Function": Override(environment) for name in ("FanOut", "Missing", "Reducer")}
        overrides["InferenceFunction"] = Override(
            {**environment, "STUB_SECONDS": "0"}, handler="stub.handler", code=(HANDLERS,)
        )
        deployment = Deployment(
            Path("no-models"),
            workers=2,
            parameters={"LargestShard": str(shard)},
            overrides=overrides,
            stack=name,
        )
        source = tmp_path / f"{name}.csv"
        rows = "".join(f"{number},https://example.com/{number}.jpg,voltage\n" for number in range(ROWS))
        source.write_text(f"index,image_link,entity_name\n{rows}")
        result = answer_csv(Job(source, tmp_path / "out"), deploy(deployment, cloud), Progress(bar=False))
    with result.predictions.open(newline="") as file:
        answers = [(row["index"], row["prediction"]) for row in csv.DictReader(file)]
    assert answers == [(str(number), "1 volt") for number in range(ROWS)]
    # The functions did talk to it, and it did fail.
    assert store.total > 2 * ROWS / shard
    assert abs(store.failed.total() / store.total - share) < 0.2
