"""MiniStack, an emulator of AWS, as a context manager: with its own port, folder and process group."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from botocore.config import Config

from infra.local.engine import Engine
from infra.local.host import check_port, check_space, end_group
from infra.local.interrupts import held
from infra.local.package import Override, built_images, package
from tapeline.errors import LocalCloudError

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

# Access key and secret key of all clients and functions; MiniStack accepts any.
LOCAL_KEY: Final = "local"

# Seconds within which MiniStack must answer. Chosen by hand: it takes about one on an idle machine.
_START_SECONDS: Final = 60

# Seconds between two checks whether MiniStack answers. Chosen by hand: well below its start time.
_START_POLL_SECONDS: Final = 0.05

# Seconds for one check whether MiniStack answers. Chosen by hand: a check is answered within milliseconds.
_HEALTH_SECONDS: Final = 1

# Seconds between two checks whether the stack is created. Chosen by hand: creation takes about one second.
_STACK_POLL_SECONDS: Final = 0.1

# The bucket for the functions' code, which CloudFormation reads.
_PACKAGES_BUCKET: Final = "packages"

# Lines of the log that an error message ends with. Chosen by hand: a traceback fits.
_SHOWN_LOG_LINES: Final = 20

# Variables of the caller's environment that MiniStack receives: none of its AWS configuration.
_KEPT_VARIABLES: Final = (
    "PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
)  # fmt: skip

# Options of the containers that functions run in: only /tmp can be written to, with 512 MB as on Lambda:
# docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
_CONTAINER_FLAGS: Final = "--read-only --tmpfs /tmp:rw,mode=1777,size=512m"

# Seconds for one request to the Docker Engine; MiniStack's default is 10. Chosen by hand: an engine that is
# busy with a large image takes longer.
_ENGINE_SECONDS: Final = 60


class LocalCloud:
    """An emulated AWS on the loopback interface.

    Nothing of the caller's AWS configuration reaches it, and no request leaves for the real AWS:
    clients have its address and made-up keys.

    Args:
        environment: Variables on top of those that the emulator is started with.
        engine: A Docker Engine for image functions to run in; without one they run as zip functions do,
            in processes of this machine.
        address: The address of this machine to listen at; the engine's gateway where there is one.
        port: The port to listen at; 0 for a free one.

    Attributes:
        region: The emulated region.
        account: The emulated account.
        folder: Its own folder, removed at the end; holds ``ministack.log``.
        endpoint: Its address, once entered.
    """

    region: Final = "us-east-1"
    account: Final = "000000000000"

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        engine: Engine | None = None,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._environment = dict(environment or {})
        self._engine = engine
        # Containers reach it at their network's gateway, an address of this host that isn't the loopback's.
        self._address = engine.gateway if engine else address
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path()
        self.endpoint = ""

    def __enter__(self) -> Self:
        """Start MiniStack and wait until it answers.

        Raises:
            LocalCloudError: It ended, or didn't answer in time; the message has its last lines. Or there is
                too little space for it.
            PortTakenError: The given port is taken.
        """
        try:
            with held():
                self.folder = Path(tempfile.mkdtemp(prefix="tapeline-cloud-"))
                check_space(self.folder)
                self._start()
            self._wait_until_it_answers()
        except BaseException:
            with held():
                self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End MiniStack with all its workers, and remove its folder."""
        with held():
            self._stop()

    @property
    def log(self) -> Path:
        """MiniStack's log; the functions' own lines are in it too."""
        return self.folder / "ministack.log"

    def client(self, service: str) -> Any:
        """Return a client for another of its services, such as ``sns``."""
        client: Any = boto3.client(service, **self._client_options())  # type: ignore[call-overload]
        return client

    @cached_property
    def s3(self) -> "S3Client":
        """A client for its S3."""
        return boto3.client("s3", **self._client_options())

    @cached_property
    def step_functions(self) -> "SFNClient":
        """A client for its Step Functions."""
        return boto3.client("stepfunctions", **self._client_options())

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """A client for its CloudFormation."""
        return boto3.client("cloudformation", **self._client_options())

    @cached_property
    def lambda_(self) -> "LambdaClient":
        """A client for its Lambda."""
        return boto3.client("lambda", **self._client_options())

    @cached_property
    def api_gateway(self) -> "APIGatewayClient":
        """A client for its API Gateway."""
        return boto3.client("apigateway", **self._client_options())

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """A client for its CloudWatch Logs."""
        return boto3.client("logs", **self._client_options())

    def deploy(
        self,
        template: Path,
        *,
        stack: str = "tapeline",
        parameters: Mapping[str, str] | None = None,
        overrides: Mapping[str, Override] | None = None,
    ) -> dict[str, str]:
        """Create the template's stack.

        Args:
            template: Path of template.yaml.
            stack: The stack's name.
            parameters: Values for the template's parameters.
            overrides: Logical id of a function -> what is different about it here.

        Returns:
            The stack's outputs by name.

        Raises:
            LocalCloudError: The stack couldn't be created; the message has the reasons.
        """
        self.s3.create_bucket(Bucket=_PACKAGES_BUCKET)

        def upload(name: str, body: bytes) -> str:
            key = f"{stack}/{name}"
            self.s3.put_object(Bucket=_PACKAGES_BUCKET, Key=key, Body=body)
            return f"s3://{_PACKAGES_BUCKET}/{key}"

        document = package(template, upload, overrides or {}, self._images(template))
        # Not in the request, of which CloudFormation takes 51,200 bytes.
        upload("template.json", json.dumps(document).encode())
        url = f"{self.endpoint}/{_PACKAGES_BUCKET}/{stack}/template.json"
        self._create_stack(stack, url, parameters or {})
        self._deploy_apis()
        outputs = self._describe(stack).get("Outputs", [])
        return {item["OutputKey"]: item["OutputValue"] for item in outputs}

    def _create_stack(self, stack: str, template_url: str, parameters: Mapping[str, str]) -> None:
        self.cloudformation.create_stack(
            StackName=stack,
            TemplateURL=template_url,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        while (status := self._describe(stack)["StackStatus"]).endswith("IN_PROGRESS"):
            time.sleep(_STACK_POLL_SECONDS)
        if status != "CREATE_COMPLETE":
            events = self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            reasons = [
                f"{event.get('LogicalResourceId')}: {event['ResourceStatusReason']}"
                for event in events
                if event.get("ResourceStatusReason")
            ]
            raise LocalCloudError(f"expected the stack to be created, it is {status}: {'; '.join(reasons)}")

    def _describe(self, stack: str) -> "StackTypeDef":
        return self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]

    def _images(self, template: Path) -> dict[str, str] | None:
        if self._engine is None:
            return None
        try:
            images = built_images(template)
        except FileNotFoundError as error:
            raise LocalCloudError(
                f"expected what `make build` makes, found none at {error.filename}: run it first"
            ) from error
        self._engine.require(images.values())
        return images

    def last_lines(self, count: int = _SHOWN_LOG_LINES) -> str:
        """Return the end of its log, without blank lines."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join([line for line in text.splitlines() if line.strip()][-count:])

    def _deploy_apis(self) -> None:
        """Deploy each stage anew: gateway responses, which are resources here, take effect with that."""
        for api in self.api_gateway.get_rest_apis()["items"]:
            for stage in self.api_gateway.get_stages(restApiId=api["id"])["item"]:
                self.api_gateway.create_deployment(restApiId=api["id"], stageName=stage["stageName"])

    def _client_options(self) -> dict[str, Any]:
        return {
            "endpoint_url": self.endpoint,
            "region_name": self.region,
            "aws_access_key_id": LOCAL_KEY,
            "aws_secret_access_key": LOCAL_KEY,
            "config": Config(
                s3={"addressing_style": "path"},
                retries={"mode": "standard", "max_attempts": 3},
                proxies={},
                max_pool_connections=32,
            ),
        }

    def _start(self) -> None:
        # Whatever listens there already could be another local cloud, and answer in this one's place.
        port = check_port(self._address, self._port)
        self.endpoint = f"http://{self._address}:{port}"
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C goes to us alone, and we end the whole group.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack.app"],
                cwd=self.folder,
                env=self._process_environment(port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise LocalCloudError(
                    f"expected the local cloud to answer at {self.endpoint}, it did not:\n{self.last_lines()}"
                )
            time.sleep(_START_POLL_SECONDS)

    def _process_environment(self, port: int) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            "TMPDIR": str(self.folder),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": self._address,
            "LAMBDA_EXECUTOR": "local",
            **self._engine_environment(),
            "MINISTACK_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": LOCAL_KEY,
            "AWS_SECRET_ACCESS_KEY": LOCAL_KEY,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            **self._environment,
        }

    def _engine_environment(self) -> dict[str, str]:
        if self._engine is None:
            # Else it would look for containers of its own to remove.
            return {"DOCKER_HOST": f"unix://{self.folder}/no-docker"}
        return {
            "DOCKER_HOST": self._engine.host,
            # The name under which it labels its containers, and so finds none but its own.
            "MINISTACK_HOSTNAME": self._engine.name,
            "DOCKER_NETWORK": self._engine.name,
            "AWS_ENDPOINT_URL": self.endpoint,
            "LAMBDA_DOCKER_FLAGS": _CONTAINER_FLAGS,
            "MINISTACK_DOCKER_TIMEOUT": str(_ENGINE_SECONDS),
        }

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.endpoint}/_ministack/health", timeout=_HEALTH_SECONDS) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end_group(process)
        # Not the working directory, which an unset path would be.
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)
