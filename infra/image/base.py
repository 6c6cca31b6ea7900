"""The image's base by digest: ``python -m infra.image.base`` finds it out and writes it down.

A tag such as ``3.12`` is moved to another image every few weeks; a digest is one image for ever. The lock,
``infra/base_image.lock.json``, has the digest; the Dockerfile and template.yaml repeat it in the reference
that a build uses. This command asks the registry which image the tag names now, and writes all three.

Exit codes: 0 for success, 1 where the registry doesn't answer or the files aren't as they should be, 2 for
wrong usage.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlencode

import requests
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tapeline.errors import BaseImageError

_ROOT: Final = Path(__file__).parents[2]

# Where the lock and the two references are, from the repository's root.
LOCK: Final = Path("infra/base_image.lock.json")
DOCKERFILE: Final = Path("functions/inference/Dockerfile")
TEMPLATE: Final = Path("template.yaml")

# The reference in each of the two files, between what stands before and behind it.
_REFERENCES: Final = {
    DOCKERFILE: re.compile(r"(?m)^(ARG BASE_IMAGE=)(\S+)()$"),
    TEMPLATE: re.compile(r"(?m)^(  BaseImage: \{Type: String, Default: \")([^\"]+)(\")"),
}

# What a registry may answer with: the list of a tag's images for each architecture, or the one image.
# Source: the OCI image specification, "Media Types", and Docker's "Image Manifest V2, Schema 2".
_MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)

# Seconds to connect, and seconds without a byte. Chosen by hand.
_TIMEOUT: Final = (10, 30)

_EXAMPLES: Final = """\
examples:
  python -m infra.image.base           write the digest of the tag's present image
  python -m infra.image.base --check   say whether the files agree, and whether there is a digest
"""


class BaseImage(BaseModel):
    """The lock.

    Attributes:
        version: The version of the lock's format.
        image: Registry and repository, such as ``public.ecr.aws/lambda/python``.
        tag: The tag whose image it is.
        digest: ``sha256:`` and 64 hexadecimal digits; None until it was found out once.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    version: Literal[1]
    image: str = Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$")
    tag: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")
    digest: str | None = Field(pattern=r"^sha256:[0-9a-f]{64}$")

    @property
    def reference(self) -> str:
        """What ``FROM`` takes."""
        return f"{self.image}:{self.tag}" + (f"@{self.digest}" if self.digest else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line after the program's name; that of the process where None.

    Returns:
        The exit code: 0 or 1. Wrong usage leaves with 2 through SystemExit.
    """
    options = _parse(arguments)
    try:
        base = read_lock(options.root)
        if options.check:
            check(base, options.root)
            _say(f"{base.reference}: the lock, {DOCKERFILE} and {TEMPLATE} agree")
        else:
            digest = resolve(base, options.registry)
            renewed = base.model_copy(update={"digest": digest})
            write(renewed, options.root)
            _say(
                f"{renewed.reference}: {'as before' if digest == base.digest else 'written'}; now make build"
            )
    except (BaseImageError, OSError) as error:
        _say(f"error: {error}")
        return 1
    return 0


def read_lock(root: Path) -> BaseImage:
    """Read the lock of a repository.

    Raises:
        BaseImageError: It isn't there, or is malformed.
    """
    path = root / LOCK
    try:
        return BaseImage.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BaseImageError(
            f"expected the base image's lock at {path}, received {error.strerror}: "
            "restore it from the repository"
        ) from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise BaseImageError(
            f"{path}: expected image, tag and digest, received {problems}: restore it from the repository"
        ) from error


def check(base: BaseImage, root: Path) -> None:
    """Check that what a build uses is what the lock says, and is one image for ever.

    Raises:
        BaseImageError: The files differ, or there is no digest.
    """
    for path, pattern in _REFERENCES.items():
        found = pattern.search((root / path).read_text(encoding="utf-8"))
        received = found[2] if found else "nothing"
        if received != base.reference:
            raise BaseImageError(
                f"{path}: expected the base image {base.reference}, received {received}: "
                "run `make base-image`"
            )
    if base.digest is None:
        raise BaseImageError(
            f"expected a digest of {base.reference}, received none: run `make base-image`, with a network"
        )


def resolve(base: BaseImage, registry: str | None = None) -> str:
    """Ask the registry for the digest of the image that the tag names now.

    Args:
        base: The image and its tag.
        registry: The registry's URL; that in the image's name where None.

    Raises:
        BaseImageError: It doesn't answer, or not with a manifest.
    """
    host, _, repository = base.image.partition("/")
    url = f"{registry or f'https://{host}'}/v2/{repository}/manifests/{base.tag}"
    headers = {"Accept": ", ".join(_MANIFEST_TYPES)}
    try:
        response = requests.get(url, headers=headers, timeout=_TIMEOUT)
        if response.status_code == requests.codes.unauthorized:
            token = _token(response.headers.get("WWW-Authenticate", ""))
            headers["Authorization"] = f"Bearer {token}"
            response = requests.get(url, headers=headers, timeout=_TIMEOUT)
        response.raise_for_status()
    except (requests.RequestException, ValueError) as error:
        raise BaseImageError(
            f"expected the manifest of {base.image}:{base.tag} at {url}, received: {error}: try again"
        ) from error
    # Reckoned, not read from a header: this is how an engine checks what it pulls.
    digest = f"sha256:{hashlib.sha256(response.content).hexdigest()}"
    declared = response.headers.get("Docker-Content-Digest", digest)
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if declared != digest or kind not in _MANIFEST_TYPES:
        raise BaseImageError(
            f"expected a manifest with the digest {declared} at {url}, received {kind or 'no type'} with "
            f"{digest}: try again, without a proxy in between"
        )
    return digest


def write(base: BaseImage, root: Path) -> None:
    """Write the lock, and the reference into the Dockerfile and the template.

    Raises:
        BaseImageError: A file hasn't the line with the reference.
    """
    texts = {root / LOCK: base.model_dump_json(indent=2) + "\n"}
    for path, pattern in _REFERENCES.items():
        text, count = pattern.subn(
            lambda found: f"{found[1]}{base.reference}{found[3]}", (root / path).read_text(encoding="utf-8")
        )
        if count != 1:
            raise BaseImageError(
                f"{path}: expected one line with the base image, received {count}: "
                "restore it from the repository"
            )
        texts[root / path] = text
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


def _token(challenge: str) -> str:
    """Get a token as a registry's challenge says, for whoever asks.

    Source: distribution.github.io/distribution/spec/auth/token/
    """
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.startswith("Bearer ") or "realm" not in fields:
        raise ValueError(f"a challenge that isn't understood: {challenge!r}")
    realm = fields.pop("realm")
    response = requests.get(f"{realm}?{urlencode(fields)}", timeout=_TIMEOUT)
    response.raise_for_status()
    document = response.json()
    names = ("token", "access_token")
    found = [document[name] for name in names if name in document] if isinstance(document, dict) else []
    if not found:
        raise ValueError(f"no token from {realm}")
    return str(found[0])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.image.base",
        description="Find out the base image's digest, and write it into the lock, Dockerfile and template.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where there is no digest")
    parser.add_argument(
        "--registry", metavar="URL", help="the registry, where it isn't at https:// and its name"
    )
    parser.add_argument("--root", type=Path, default=_ROOT, help="the repository (default: this one)")
    options: argparse.Namespace = parser.parse_args(arguments)
    return options


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
