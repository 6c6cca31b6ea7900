"""One picture among sixteen that ends its process, its worker, or never ends: the other rows are answered."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy
from infra.local.job import Job, answer_csv
from infra.local.package import Override
from infra.local.progress import Progress
from tests.integration.conftest import HANDLERS
from tests.integration.http_server import PictureServer, Reply
from tests.integration.pictures import drawn

PICTURES = 16


@dataclass(frozen=True)
class Poisoned:
    """A stack whose workers' reading process obeys pictures, and the server of these."""

    stack: Stack
    server: PictureServer


@pytest.fixture(scope="module")
def poisoned(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Poisoned]:
    with PictureServer() as server:
        inference = Override(
            {"TEST_ALLOWED_PORT": str(server.address[1]), "PICTURE_SECONDS": "5"},
            handler="poisoned.handler",
            code=(HANDLERS,),
        )
        deployment = Deployment(
            tmp_path_factory.mktemp("models"),
            workers=2,
            parameters={"LargestShard": str(PICTURES)},
            overrides={"InferenceFunction": inference},
            stack="poisoned",
        )
        yield Poisoned(deploy(deployment, cloud), server)


def answer(poisoned: Poisoned, folder: Path, poison: dict[int, str]) -> tuple[list[str], dict[int, str]]:
    """Answer two rows for each of sixteen pictures; return predictions, and error codes by row."""
    lines = ["index,image_link,entity_name"]
    name = "-".join([*poison.values(), *map(str, poison)])
    for number in range(PICTURES):
        body = drawn(f"{number + 1} kg") + (f"poison:{poison[number]}".encode() if number in poison else b"")
        link = poisoned.server.put(f"/{name}-{number}.png", Reply(body))
        lines += [f"{number},{link},item_weight", f"{number},{link},voltage"]
    source = folder / f"{name}.csv"
    source.write_text("\n".join(lines))
    answer_csv(Job(source, folder / "out"), poisoned.stack, Progress(bar=False))
    with (folder / f"out/{name}_out.csv").open(newline="") as file:
        predictions = [row["prediction"] for row in csv.DictReader(file)]
    with (folder / "out/details.csv").open(newline="") as file:
        codes = [row["error_code"] for row in csv.DictReader(file)]
    return predictions, {number: code for number, code in enumerate(codes) if code}


@pytest.mark.parametrize(
    ("poison", "codes"),
    [
        (
            {2: "sigkill", 5: "exit", 9: "memory", 13: "hang"},
            {2: "worker_died", 5: "worker_died", 9: "worker_died", 13: "timeout_reading"},
        ),
        ({5: "worker"}, {5: "worker_died"}),
    ],
)
def test_exactly_the_rows_of_poisoned_pictures_have_errors(
    poisoned: Poisoned, tmp_path: Path, poison: dict[int, str], codes: dict[int, str]
) -> None:
    predictions, found = answer(poisoned, tmp_path, poison)
    assert found == {2 * number + row: code for number, code in codes.items() for row in (0, 1)}
    expected = [f"{number + 1} kilogram" if number not in poison else "" for number in range(PICTURES)]
    assert predictions[::2] == expected
    assert predictions[1::2] == [""] * PICTURES


def test_two_pictures_that_end_their_workers_cost_their_own_rows(poisoned: Poisoned, tmp_path: Path) -> None:
    _, codes = answer(poisoned, tmp_path, {0: "worker", 8: "worker"})
    assert codes == dict.fromkeys([0, 1, 16, 17], "worker_died")
