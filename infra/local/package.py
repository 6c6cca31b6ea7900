"""The template as CloudFormation accepts it: code zipped and uploaded, image functions made zip functions."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from samtranslator.yaml_helper import yaml_parse

import tapeline

# Stores bytes under a file name; returns their ``s3://`` address.
type Upload = Callable[[str, bytes], str]

# The runtime of a zip function that replaces an image function: that of the image.
_RUNTIME: Final = "python3.12"

# The date of all files in an archive, so that the same files make the same bytes: the earliest of the format.
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)

# zlib's compression level, 1 to 9. Chosen by hand: the archives stay on this machine, so speed counts.
_ZIP_LEVEL: Final = 1

# The folder in an installed package with what isn't the package's own.
_BESIDE: Final = "deployment"

# The error name of a throttled call -> the same, and MiniStack's own name for it.
_THROTTLED: Final = (
    '"Lambda.TooManyRequestsException"',
    '"Lambda.TooManyRequestsException", "Lambda.Unknown"',
)


@dataclass(frozen=True, slots=True)
class Override:
    """What is different about one function in a local deployment.

    Attributes:
        environment: Variables on top of the template's.
        handler: Another handler, for tests and benchmarks that replace a function.
        code: Folders whose modules are added to the function's own.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    handler: str | None = None
    code: tuple[Path, ...] = ()


def package(
    template: Path, upload: Upload, overrides: Mapping[str, Override], images: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the template with its local paths replaced by uploaded archives.

    Without images, an image function becomes a zip function with the handler that its image would run:
    its code and the layer's come along, and its dependencies are those of the interpreter that runs the
    emulator.

    Args:
        template: Path of template.yaml; the paths in it are relative to its folder.
        upload: Stores an archive.
        overrides: Logical id of a function -> what is different about it.
        images: Logical id of an image function -> its image's tag, where image functions remain such;
            see :func:`built_images`.

    Raises:
        KeyError: An override names a function that isn't in the template.
    """
    root = template.parent
    document: dict[str, Any] = yaml_parse(template.read_text(encoding="utf-8"))
    resources = document["Resources"]
    for name, override in overrides.items():
        _override(resources[name]["Properties"], override)
    gateway_responses: dict[str, Any] = {}
    layers = [name for name, item in resources.items() if item["Type"] == "AWS::Serverless::LayerVersion"]
    for name, resource in resources.items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            archive = _layer_archive(root / properties["ContentUri"])
            properties["ContentUri"] = upload(f"{name}.zip", archive)
        elif resource["Type"] == "AWS::Serverless::Function":
            if properties.get("PackageType") == "Image":
                if images is not None:
                    properties["ImageUri"] = images[name]
                    continue
                _image_to_zip(root, resource, layers)
            override = overrides.get(name, Override())
            archive = zip_folder(root / properties["CodeUri"], *override.code)
            properties["CodeUri"] = upload(f"{name}.zip", archive)
        elif resource["Type"] == "AWS::Serverless::StateMachine":
            text = (root / properties["DefinitionUri"]).read_text(encoding="utf-8")
            numbers = _numeric_substitutions(document, properties["DefinitionSubstitutions"])
            definition = definition_as_json(text, numbers).replace(*_THROTTLED)
            properties["DefinitionUri"] = upload(f"{name}.json", definition.encode())
        elif resource["Type"] == "AWS::Serverless::Api":
            gateway_responses |= _gateway_responses(name, properties.pop("GatewayResponses", {}))
    resources |= gateway_responses
    return document


def built_images(template: Path) -> dict[str, str]:
    """Return the tags that ``sam build`` gave: logical id of an image function -> its image's tag.

    Functions that are built alike share an image, which is named after one of them.

    Args:
        template: Path of template.yaml; the built one lies in .aws-sam/build beside it.

    Raises:
        FileNotFoundError: Nothing was built.
    """
    built: dict[str, Any] = yaml_parse(
        (template.parent / ".aws-sam/build/template.yaml").read_text(encoding="utf-8")
    )
    properties = {name: resource.get("Properties", {}) for name, resource in built["Resources"].items()}
    return {name: item["ImageUri"] for name, item in properties.items() if "ImageUri" in item}


def definition_as_json(text: str, numbers: Iterable[str]) -> str:
    """Return a state machine's YAML definition as JSON, its ``${placeholders}`` kept.

    Args:
        text: The definition.
        numbers: Placeholders that stand for numbers, which are unquoted in JSON.
    """
    definition = json.dumps(yaml.safe_load(text), indent=2)
    for name in numbers:
        definition = definition.replace(f'"${{{name}}}"', f"${{{name}}}")
    return definition


def zip_folder(folder: Path, *more: Path, under: str = "", without: str = "__pycache__") -> bytes:
    """Return a zip archive of the files in some folders, without caches.

    Args:
        folder: The first folder.
        more: Folders whose files are put beside the first one's.
        under: A prefix for all names in the archive.
        without: The name of further folders to leave out.
    """
    left_out = {"__pycache__", without}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_ZIP_LEVEL) as archive:
        for root in (folder, *more):
            for path in sorted(root.rglob("*")):
                if path.is_file() and left_out.isdisjoint(path.relative_to(root).parts):
                    name = f"{under}{path.relative_to(root).as_posix()}"
                    archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), path.read_bytes())
    return buffer.getvalue()


def _layer_archive(folder: Path) -> bytes:
    """Return a layer's archive: of a clone's folder, or, where there is none, of the installed package."""
    if folder.is_dir():
        return zip_folder(folder, under="python/")
    package = Path(tapeline.__file__).parent
    return zip_folder(package, under=f"python/{package.name}/", without=_BESIDE)


def _gateway_responses(api: str, responses: Mapping[str, Any]) -> dict[str, Any]:
    """Return an API's gateway responses as resources: MiniStack ignores those in the API's definition."""
    return {
        f"{api}{kind.replace('_', '').title()}Response": {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                "RestApiId": {"Ref": api},
                "ResponseType": kind,
                **({"StatusCode": str(response["StatusCode"])} if "StatusCode" in response else {}),
                "ResponseTemplates": response["ResponseTemplates"],
                "ResponseParameters": {
                    f"gatewayresponse.header.{header}": value
                    for header, value in response["ResponseParameters"]["Headers"].items()
                },
            },
        }
        for kind, response in responses.items()
    }


def _override(properties: dict[str, Any], override: Override) -> None:
    variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
    variables.update(override.environment)
    if override.handler is not None and properties.get("PackageType") == "Image":
        properties["ImageConfig"] = {"Command": [override.handler]}
    elif override.handler is not None:
        properties["Handler"] = override.handler


def _image_to_zip(root: Path, resource: dict[str, Any], layers: list[str]) -> None:
    properties, metadata = resource["Properties"], resource.pop("Metadata")
    dockerfile = root / metadata["Dockerfile"]
    command = properties.pop("ImageConfig", {}).get("Command") or _command(dockerfile)
    del properties["PackageType"]
    properties.update(
        Handler=command[0],
        Runtime=_RUNTIME,
        CodeUri=str(dockerfile.parent.parent.relative_to(root)),
        Layers=[{"Ref": name} for name in layers],
    )


def _command(dockerfile: Path) -> list[str]:
    found = re.findall(r"^CMD (\[.*\])$", dockerfile.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ValueError(f'{dockerfile}: expected a line CMD ["module.handler"], found none')
    command: list[str] = json.loads(found[-1])
    return command


def _numeric_substitutions(document: Mapping[str, Any], substitutions: Mapping[str, Any]) -> list[str]:
    numeric = {name for name, item in document["Parameters"].items() if item["Type"] == "Number"}
    return [
        name
        for name, value in substitutions.items()
        if isinstance(value, Mapping) and value.get("Ref") in numeric
    ]
