"""Where the deployment is that the tests prove: an AWS account, or the local cloud."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, files_of
from infra.local.service import serve_api

ROOT: Final = Path(__file__).parents[2]
IMAGES: Final = ROOT / "examples/images"

# What the test's own stack has: little concurrency, so that a new account's quota is enough.
PARAMETERS: Final[Mapping[str, str]] = {
    "MaxConcurrency": "3",
    "RunConcurrency": "2",
    "FanOutConcurrency": "1",
    "ApiConcurrency": "1",
    "LargestShard": "8",
    "MaxRunCost": "1",
    "LogDays": "1",
}


@dataclass(frozen=True)
class Target:
    """A deployed stack, and who can be asked about it.

    Attributes:
        stack: The stack's name.
        is_aws: Whether it is in an AWS account.
        outputs: The stack's outputs.
        url: The API's base URL, without a slash at its end.
        key: An API key.
        client: Returns a boto3 client for a service.
    """

    stack: str
    is_aws: bool
    outputs: Mapping[str, str]
    url: str
    key: str
    client: Callable[[str], Any] = field(repr=False)

    @property
    def drop_bucket(self) -> str:
        return self.outputs["DropBucketName"]

    @property
    def results_bucket(self) -> str:
        return self.outputs["ResultsBucketName"]

    def resource(self, logical_id: str) -> str:
        """Return the physical id of one of the template's resources."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def delete(self) -> None:
        """Delete the stack, and the buckets that it leaves."""
        cloudformation = self.client("cloudformation")
        if self.is_aws:
            # With the repository of its images.
            _sam("delete", "--stack-name", self.stack, "--no-prompts")
        else:
            cloudformation.delete_stack(StackName=self.stack)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=self.stack, WaiterConfig={"Delay": 1}
            )
        s3 = self.client("s3")
        for bucket in (self.drop_bucket, self.results_bucket):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
            s3.delete_bucket(Bucket=bucket)

    def is_there(self) -> bool:
        """Say whether anything of the stack is left."""
        stacks = self.client("cloudformation").list_stacks()["StackSummaries"]
        buckets = [item["Name"] for item in self.client("s3").list_buckets()["Buckets"]]
        live = [
            item
            for item in stacks
            if item["StackName"] == self.stack and item["StackStatus"] != "DELETE_COMPLETE"
        ]
        return bool(live) or bool({self.drop_bucket, self.results_bucket} & set(buckets))


@contextmanager
def local_target() -> Iterator[Target]:
    """Deploy to a local cloud of its own."""
    with LocalCloud({"SFN_WAIT_SCALE": "0.05"}) as cloud:
        deployment = Deployment(
            ROOT / ".cache/models", workers=2, parameters=PARAMETERS, stack="tapeline-e2e"
        )
        with serve_api(deployment, cloud, port=0, pictures=files_of(IMAGES)) as service:
            stack = service.stack
            yield Target(stack.name, False, stack.outputs, service.url, service.key, cloud.client)


@contextmanager
def aws_target() -> Iterator[Target]:
    """Deploy what make build built to the account and region of the credentials."""
    session: Any = boto3.Session()
    if session.region_name is None:
        raise ValueError("expected a region, received none: set AWS_REGION, or one in your AWS profile")
    suffix = f"{int(time.time()):x}"
    stack = f"tapeline-e2e-{suffix}"
    parameters = {
        **PARAMETERS,
        "BucketSuffix": suffix,
        "ImageMirror": f"s3://{stack}-drop-{suffix}/images/",
    }
    _sam(
        "deploy", "--stack-name", stack, "--resolve-s3", "--resolve-image-repos",
        "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--tags", f"application={stack}",
        "--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items()),
    )  # fmt: skip
    found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found}
    target = Target(stack, True, outputs, outputs["ApiUrl"].rstrip("/"), "", session.client)
    key = session.client("apigateway").get_api_key(apiKey=target.resource("ApiKey"), includeValue=True)[
        "value"
    ]
    for path in sorted(IMAGES.iterdir()):
        session.client("s3").upload_file(str(path), target.drop_bucket, f"images/{path.name}")
    try:
        yield Target(stack, True, outputs, target.url, key, session.client)
    finally:
        if target.is_there():
            target.delete()


def _sam(*arguments: str) -> None:
    subprocess.run([ROOT / ".venv-sam/bin/sam", *arguments], cwd=ROOT, check=True)
