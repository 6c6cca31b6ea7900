"""The template, deployed to a local cloud: its options, its stack, and the pictures in its bucket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.local.cloud import LocalCloud
from infra.local.package import Override
from tapeline.adapters.s3_store import BucketStore
from tapeline.adapters.step_functions import StateMachine
from tapeline.batch.keys import InputObject
from tapeline.local.components import processors

TEMPLATE: Final = Path(__file__).resolve().parents[2] / "template.yaml"

# Workers at once: the processors that this process may use.
DEFAULT_WORKERS: Final = processors()

# Pictures in a shard at most. Chosen by hand: small shards keep the progress bar moving, and a warm worker
# starts on its next shard within milliseconds.
_LARGEST_SHARD: Final = 8

# Prefix of the keys of uploaded pictures in the drop bucket: what the template's ImagePrefix is by default.
_PICTURES_PREFIX: Final = "images/"

# Functions that load the model files.
_FUNCTIONS_WITH_MODELS: Final = ("InferenceFunction", "PredictFunction")


@dataclass(frozen=True, slots=True)
class Deployment:
    """How to deploy the template.

    Attributes:
        models: The folder that ``make models`` fills; None where the image has its own model files.
        mirrors: Whether uploaded pictures answer links by their file names, instead of the internet.
        workers: Shards that run at once, and pictures that the API answers at once.
        parameters: Values for further parameters of the template.
        overrides: Logical id of a function -> what is different about it, for tests and benchmarks.
        stack: The stack's name.
    """

    models: Path | None = None
    mirrors: bool = False
    workers: int = DEFAULT_WORKERS
    parameters: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    stack: str = "tapeline"


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed template.

    Attributes:
        name: The stack's name.
        cloud: The local cloud that it is in.
        outputs: The stack's outputs by name.
    """

    name: str
    cloud: LocalCloud
    outputs: Mapping[str, str]

    @property
    def drop_bucket(self) -> str:
        """Name of the bucket for inputs and uploaded pictures."""
        return self.outputs["DropBucketName"]

    @property
    def drop(self) -> BucketStore:
        """The bucket for inputs and uploaded pictures."""
        return BucketStore(self.cloud.s3, self.drop_bucket)

    def drop_file(self, key: str, body: bytes) -> InputObject:
        """Put a file into the drop bucket, and return its version."""
        answer = self.cloud.s3.put_object(Bucket=self.drop_bucket, Key=key, Body=body)
        return InputObject(self.drop_bucket, key, answer["VersionId"], answer["ETag"].strip('"'))

    @property
    def results(self) -> BucketStore:
        """The results bucket."""
        return BucketStore(self.cloud.s3, self.outputs["ResultsBucketName"])

    @property
    def state_machine(self) -> StateMachine:
        """The state machine whose executions are the runs."""
        return StateMachine(self.cloud.step_functions, self.outputs["StateMachineArn"])

    def resource(self, logical_id: str) -> str:
        """Return the physical id of one of the template's resources."""
        found = self.cloud.cloudformation.describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        return found["StackResourceDetail"]["PhysicalResourceId"]


def deploy(deployment: Deployment, cloud: LocalCloud) -> Stack:
    """Deploy the template to a started local cloud.

    Raises:
        LocalCloudError: The stack couldn't be created.
    """
    name = deployment.stack
    # Known before the stack is there, and the same each time: events/env.json names the buckets.
    suffix = f"{cloud.account}-{cloud.region}"
    mirror = f"s3://{name}-drop-{suffix}/{_PICTURES_PREFIX}"
    outputs = cloud.deploy(
        TEMPLATE,
        stack=name,
        parameters={
            "MaxConcurrency": str(deployment.workers),
            "RunConcurrency": str(deployment.workers),
            "LargestShard": str(_LARGEST_SHARD),
            # Nothing here costs anything.
            "MaxRunCost": "0",
            "BucketSuffix": suffix,
            **({"ImageMirror": mirror} if deployment.mirrors else {}),
            **deployment.parameters,
        },
        overrides=_with_models(deployment.overrides, deployment.models),
    )
    return Stack(name, cloud, outputs)


def upload_pictures(pictures: Mapping[str, Path], stack: Stack) -> None:
    """Upload pictures to where the template's ImageMirror looks for them.

    Args:
        pictures: The name of each -> its file.
        stack: Where to.
    """
    for name, path in pictures.items():
        key = f"{_PICTURES_PREFIX}{name}"
        stack.cloud.s3.put_object(Bucket=stack.drop_bucket, Key=key, Body=path.read_bytes())


def files_of(folder: Path) -> dict[str, Path]:
    """Return name -> file, of all files in a folder."""
    return {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}


def _with_models(overrides: Mapping[str, Override], models: Path | None) -> dict[str, Override]:
    """Return overrides that also tell the functions where the model files are on this machine.

    Workers write each picture as soon as it is answered, so that the progress goes by pictures.
    """
    environment = {"PART_SECONDS": "0"}
    if models is not None:
        environment["MODELS_DIR"] = str(models.resolve())
    added = {}
    for name in _FUNCTIONS_WITH_MODELS:
        given = overrides.get(name, Override())
        added[name] = Override(environment | dict(given.environment), given.handler, given.code)
    return {**overrides, **added}
