"""What the tests against the local cloud share: one local cloud, its stacks and servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy, files_of
from infra.local.job import Job, answer_csv
from infra.local.package import Override
from infra.local.progress import Progress
from infra.local.service import Service, serve_api
from tapeline.local.running import RunResult
from tests.integration.http_server import PictureServer

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "examples/images"
HANDLERS = Path(__file__).parent / "handlers"
WORKERS = 2


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """One local cloud for the stacks of all tests, except those of commands, which start their own."""
    # Waits between retries are cut to a twentieth: the emulator's own scale for tests.
    with LocalCloud({"SFN_WAIT_SCALE": "0.05"}) as cloud:
        yield cloud


@dataclass(frozen=True)
class Batch:
    """A deployed stack whose Inference may download from one server on loopback, but not from the other."""

    stack: Stack
    allowed: PictureServer
    refused: PictureServer


@pytest.fixture(scope="session")
def batch(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    with PictureServer() as allowed, PictureServer() as refused:
        inference = Override(
            {"TEST_ALLOWED_PORT": str(allowed.address[1]), "TEST_REFUSED_PORT": str(refused.address[1])},
            handler="loopback.handler",
            code=(HANDLERS,),
        )
        deployment = Deployment(
            tmp_path_factory.mktemp("models"),
            workers=WORKERS,
            parameters={"LargestShard": "2"},
            overrides={"InferenceFunction": inference},
            stack="batch",
        )
        yield Batch(deploy(deployment, cloud), allowed, refused)


@dataclass(frozen=True)
class Api:
    """A served API whose Predict may download from one server on loopback, but not from the other."""

    service: Service
    session: requests.Session
    allowed: PictureServer
    refused: PictureServer

    def get(self, path: str, *, key: bool = False) -> requests.Response:
        return self.session.get(f"{self.service.url}{path}", headers=self._headers(key), timeout=60)

    def post(self, document: object) -> requests.Response:
        url = f"{self.service.url}/predict"
        return self.session.post(url, json=document, headers=self._headers(True), timeout=60)

    def post_picture(
        self, body: bytes, entities: list[str], kind: str = "image/png", key: str | None = None
    ) -> requests.Response:
        headers = {"content-type": kind, "x-api-key": self.service.key if key is None else key}
        return self.session.post(
            f"{self.service.url}/predict",
            params={"entity_name": entities},
            data=body,
            headers=headers,
            timeout=60,
        )

    def _headers(self, key: bool) -> dict[str, str]:
        return {"x-api-key": self.service.key} if key else {}


@pytest.fixture(scope="session")
def api(cloud: LocalCloud) -> Iterator[Api]:
    with PictureServer() as allowed, PictureServer() as refused, requests.Session() as session:
        session.trust_env = False
        predict = Override(
            {
                "TEST_ALLOWED_PORT": str(allowed.address[1]),
                "TEST_REFUSED_PORT": str(refused.address[1]),
                "FETCH_SECONDS": "2",
            },
            handler="loopback_predict.handler",
            code=(HANDLERS,),
        )
        deployment = Deployment(
            ROOT / ".cache/models",
            workers=WORKERS,
            overrides={"PredictFunction": predict},
            # All answers are to be reviewed.
            parameters={"ReviewThreshold": "1"},
            stack="api",
        )
        with serve_api(deployment, cloud, port=0, pictures=files_of(IMAGES)) as service:
            yield Api(service, session, allowed, refused)


@pytest.fixture(scope="session")
def example_run(api: Api, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The examples, answered by the batch of the API's stack."""
    job = Job(ROOT / "examples/test.csv", tmp_path_factory.mktemp("examples"))
    return answer_csv(job, api.service.stack, Progress(bar=False))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of a module: its driver's event loop is in the way of others."""
    from tests.integration.chromium import started_chromium  # noqa: PLC0415 - it needs this module

    with started_chromium() as browser:
        yield browser


@pytest.fixture
def server() -> Iterator[PictureServer]:
    """A server of pictures on loopback."""
    with PictureServer() as server:
        yield server
