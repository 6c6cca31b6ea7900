"""The models of the API's requests and responses; ``docs/openapi.json`` is generated from them."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Self, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from tapeline import __version__
from tapeline.answers import Answer, RunnerUp
from tapeline.batch.tracking import RunStatus
from tapeline.errors import RowError
from tapeline.picture import Box
from tapeline.ports import ExecutionState
from tapeline.predicting import Prediction
from tapeline.quantities import UNIT_BY_TYPED_SYMBOL, format_prediction, format_quantity

# Entities that a request may name at most. Chosen by hand: the eight, and many own ones.
_MOST_ENTITIES: Final = 64


# What the API's description has in place of the names of the deployment's entities, which
# :mod:`predict.openapi` puts there.
ENTITY_FORMAT: Final = "tapeline-entity"

# The name of an entity; whether there is one of that name is for :mod:`predict.requests` to say.
EntityName = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": ENTITY_FORMAT,
            "description": "A quantity of a product that can be read off its picture.",
        }
    ),
]


def _decode_base64(value: object) -> object:
    """Decode base64 strictly; pydantic's Base64Bytes drops characters that aren't base64.

    Raises:
        ValueError: The text isn't base64.
    """
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(
            f"expected base64 (RFC 4648, section 4), received something else: {error}"
        ) from error


# Bytes that come as base64. The shortest base64 of a byte has 4 characters: RFC 4648, section 4.
Base64 = Annotated[
    bytes,
    BeforeValidator(_decode_base64),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "minLength": 4}),
]

# A probability, from 0 to 1.
Confidence = Annotated[float, Field(ge=0, le=1)]

# The fields of a request that carry the picture: exactly one of them is given.
_PICTURE_FIELDS: Final = ("image_link", "image_base64")

# The fields of a request that name the entities: exactly one of them is given.
_ENTITY_FIELDS: Final = ("entity_name", "entity_names")


def _require_one_of_each(schema: dict[str, Any]) -> None:
    """Declare in the schema what the validator checks, and remove the defaults, which only Python needs."""
    for name in (*_PICTURE_FIELDS, *_ENTITY_FIELDS, "group_id"):
        del schema["properties"][name]["default"]
    schema["allOf"] = [
        {"oneOf": [{"required": [name]} for name in names]} for names in (_PICTURE_FIELDS, _ENTITY_FIELDS)
    ]


class PredictRequest(BaseModel):
    """One picture, by its link or in base64, and one or more entities."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_require_one_of_each)

    image_link: str = Field(
        default="",
        min_length=1,
        max_length=2048,
        description="https://, http://, or s3:// where pictures are; up to 20 MiB and 64 megapixels.",
        examples=["https://images.example.com/kettle.jpg"],
    )
    image_base64: Base64 = Field(
        default=b"", min_length=1, description="The picture's bytes in base64; up to 4 MiB before encoding."
    )
    # None only where entity_names is given instead: a null in the request is refused.
    entity_name: EntityName = Field(default=cast("Any", None), description="The entity to read.")
    entity_names: list[EntityName] = Field(
        default=[], min_length=1, max_length=_MOST_ENTITIES, description="Several entities."
    )
    group_id: str | int = Field(
        default="",
        description="The product's category; answers go by it where it is one of the challenge's.",
    )
    preview: bool = Field(
        default=False, description="Whether to return the decoded picture, at most 1,024 pixels long."
    )

    @model_validator(mode="after")
    def _check_choices(self) -> Self:
        for names in (_PICTURE_FIELDS, _ENTITY_FIELDS):
            given = [name for name in names if name in self.model_fields_set]
            if len(given) != 1:
                raise ValueError(
                    f"expected one of {' and '.join(names)}, received {' and '.join(given) or 'none'}"
                )
        return self

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities of the request, each once."""
        return unique_names(self.entity_names or [self.entity_name])


def unique_names(names: Iterable[EntityName]) -> tuple[str, ...]:
    """Return the names of entities, each once, in order of first occurrence."""
    return tuple(dict.fromkeys(str(name) for name in names))


class Evidence(BaseModel):
    """The text that a value was read from."""

    text: str = Field(description="The line of text.")
    box: Box = Field(
        description="The line's corners in pixels of the picture: its own top left, top right, bottom right, "
        "bottom left."
    )


class RunnerUpAnswer(BaseModel):
    """Another candidate for the answer."""

    prediction: str = Field(
        description="Number and unit, as in the batch's output.", examples=["12.5 centimetre"]
    )
    value: float = Field(examples=[12.5])
    unit: str = Field(examples=["centimetre"])
    confidence: Confidence
    evidence: Evidence

    @classmethod
    def of(cls, runner_up: RunnerUp) -> Self:
        """Return a runner-up in the API's form."""
        quantity = runner_up.quantity
        return cls(
            prediction=format_quantity(quantity),
            value=float(quantity.value),
            unit=quantity.unit,
            confidence=round(runner_up.confidence, 4),
            evidence=Evidence(text=runner_up.text, box=runner_up.box),
        )


class EntityAnswer(BaseModel):
    """The answer for one entity; its values are null where the picture doesn't say."""

    prediction: str | None = Field(
        description="Number and unit, as in the batch's output.", examples=["12.5 centimetre"]
    )
    value: float | None = Field(examples=[12.5])
    unit: str | None = Field(examples=["centimetre"])
    confidence: Confidence = Field(description="Probability that the prediction is right; 0 without one.")
    stated: Confidence = Field(
        description="Probability that the picture states the entity; without a prediction too."
    )
    evidence: Evidence | None
    runners_up: list[RunnerUpAnswer] = Field(description="Best first.")

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Return an answer in the API's form."""
        quantity = answer.quantity
        return cls(
            prediction=format_prediction(quantity) or None,
            value=None if quantity is None else float(quantity.value),
            unit=None if quantity is None else quantity.unit,
            confidence=round(answer.confidence, 4),
            stated=round(answer.stated, 4),
            evidence=None if answer.box is None else Evidence(text=answer.text, box=answer.box),
            runners_up=[RunnerUpAnswer.of(runner_up) for runner_up in answer.runners_up],
        )


class ReadPicture(BaseModel):
    """The decoded picture; boxes are in its pixels."""

    width: int = Field(description="In pixels, after the picture's EXIF rotation.")
    height: int = Field(description="In pixels, after the picture's EXIF rotation.")
    preview: str | None = Field(description="A data: URL of a JPEG, where the request asks for it.")


class LabelScore(BaseModel):
    """An ImageNet class with the score that ResNet50 gives the picture."""

    name: str = Field(examples=["espresso_maker"])
    score: Confidence = Field(description="The class's probability.")


class Versions(BaseModel):
    """The versions of the code and of the models."""

    code: str = Field(description="Tapeline's version.")
    models: dict[str, str] = Field(description="Model file: its SHA-256. Empty without ResNet50.")


class PredictResponse(BaseModel):
    """The answers for one picture."""

    answers: dict[EntityName, EntityAnswer] = Field(description="Entity: its answer.")
    picture: ReadPicture
    labels: list[LabelScore] = Field(description="ResNet50's five best classes; empty where it is absent.")
    notes: list[str] = Field(description="What limits left out of the reading; mostly empty.")
    milliseconds: dict[str, float] = Field(description="Stage: its wall-clock time; `all` is their sum.")
    versions: Versions
    group_id: str | int | None = Field(description="As in the request.")
    request_id: str

    @classmethod
    def of(cls, prediction: Prediction, *, group_id: str | int | None, request_id: str) -> Self:
        """Return a prediction in the API's form.

        Args:
            prediction: The answers of one picture.
            group_id: As in the request.
            request_id: The request's id.

        Raises:
            RowError: The picture, or one of the entities, can't be answered.
        """
        result = prediction.result
        answers: dict[str, EntityAnswer] = {}
        for name, answer in result.answers.items():
            if isinstance(answer, RowError):
                raise answer
            answers[name] = EntityAnswer.of(answer)
        assert result.size is not None  # noqa: S101 - otherwise the answers would be errors
        width, height = result.size
        spent = {stage: round(milliseconds, 1) for stage, milliseconds in result.milliseconds.items()}
        return cls(
            answers=answers,
            picture=ReadPicture(
                width=width,
                height=height,
                preview=data_url(result.preview) if result.preview else None,
            ),
            labels=[LabelScore(name=label.name, score=round(label.score, 4)) for label in result.labels],
            notes=list(result.notes),
            milliseconds={**spent, "all": round(sum(spent.values()), 1)},
            versions=Versions(code=__version__, models=dict(prediction.model_hashes)),
            group_id=group_id,
            request_id=request_id,
        )


def data_url(jpeg: bytes) -> str:
    """Return a JPEG as a data: URL."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


class RunOutput(BaseModel):
    """One of a run's output files."""

    name: str = Field(examples=["test_out.csv"])
    url: str = Field(description="Link to the file; needs no key, valid for `link_seconds`.")


class RunResponse(BaseModel):
    """The progress of a batch run."""

    run: str
    state: ExecutionState
    input: str = Field(description="The input's key in the drop bucket.", examples=["incoming/test.csv"])
    rows: int
    rows_done: int = Field(description="Rows with an answer or an error.")
    pictures: int = Field(description="Distinct links.")
    errors: int = Field(description="Rows with an error.")
    errors_by_code: dict[str, int] = Field(description="Error code: rows. docs/formats.md lists the codes.")
    outputs: list[RunOutput] = Field(description="The predictions first; empty before the run has succeeded.")
    link_seconds: int = Field(description="How long the links are valid.")

    @classmethod
    def of(cls, status: RunStatus, *, link_seconds: int) -> Self:
        """Return a run's status in the API's form."""
        return cls(
            run=status.run,
            state=status.state,
            input=status.source,
            rows=status.rows,
            rows_done=status.rows_done,
            pictures=status.pictures,
            errors=sum(status.errors_by_code.values()),
            errors_by_code=dict(status.errors_by_code),
            outputs=[RunOutput(name=name, url=url) for name, url in status.outputs.items()],
            link_seconds=link_seconds,
        )


class EntityUnits(BaseModel):
    """An entity and the units that an answer for it may have."""

    name: EntityName
    units: list[str] = Field(examples=[["gram", "kilogram"]])
    symbols: dict[str, str] = Field(
        description="Symbol: unit. What may be typed for the units, beside their names.",
        examples=[{"g": "gram", "kg": "kilogram"}],
    )


class Entities(BaseModel):
    """All entities."""

    entities: list[EntityUnits]

    @classmethod
    def of(cls, units_by_entity: Mapping[str, Iterable[str]]) -> Self:
        """Return the entities and their units in the API's form."""
        return cls(
            entities=[
                EntityUnits(name=name, units=sorted(units), symbols=_symbols(set(units)))
                for name, units in units_by_entity.items()
            ]
        )


def _symbols(units: set[str]) -> dict[str, str]:
    symbols = {symbol: unit for symbol, unit in UNIT_BY_TYPED_SYMBOL.items() if unit in units}
    # In a volume, an ounce is a fluid one.
    return symbols | ({"oz": "fluid ounce"} if "fluid ounce" in units else {})


class Health(BaseModel):
    """The API answers."""

    status: str = Field(examples=["ok"])
    version: str = Field(description="Tapeline's version.")
