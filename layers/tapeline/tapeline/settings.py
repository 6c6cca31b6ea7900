"""What the functions' settings have in common; each function's class is made of these."""

from typing import Annotated

from pydantic import StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tapeline.errors import SettingsError

type BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]


class Settings(BaseSettings):
    """Settings from environment variables of the same names in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")


class ResultsSettings(Settings):
    """For functions that work in the results bucket."""

    results_bucket: BucketName


class DropSettings(Settings):
    """For functions that read what users drop."""

    drop_bucket: BucketName


def load_settings[S: Settings](kind: type[S]) -> S:
    """Read and check a function's settings.

    Raises:
        SettingsError: A variable is missing or wrong; the message names each with what was expected.
    """
    try:
        return kind()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}, received {item['input']!r}"
            if item["type"] != "missing"
            else f"{'.'.join(map(str, item['loc'])).upper()}: expected a value, received none"
            for item in error.errors()
        )
        raise SettingsError(
            f"{kind.__name__}: {problems}: set the variable in template.yaml, or in env.json for a local call"
        ) from error
