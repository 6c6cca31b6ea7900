"""The models of the requests and responses about a run's review; see :mod:`predict.models`."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from predict.models import Confidence
from tapeline.batch.corrections import Decision
from tapeline.batch.review import QueuedRow
from tapeline.batch.reviewing import Decisions
from tapeline.batch.thumbnails import Thumbnail
from tapeline.picture import Box

# Decisions in one request at most. Chosen by hand: a request has at most 6 MB.
MAX_DECISIONS = 1000

# A row's position in the run's input, from 0.
type RowNumber = Annotated[int, Field(ge=0, le=9_999_999_999)]


class ReviewedRunnerUp(BaseModel):
    """Another candidate for a row's answer."""

    prediction: str = Field(examples=["12.5 centimetre"])
    confidence: Confidence
    text: str = Field(description="The line that it was read from.")
    box: Box | None = Field(description="The line's corners in pixels of the picture.")


class ReviewedRow(BaseModel):
    """An unsure row."""

    row: RowNumber = Field(description="Its position in the run's input, from 0.")
    index: str
    image_link: str
    entity_name: str
    prediction: str = Field(description="Empty where the picture doesn't say.", examples=["12.5 centimetre"])
    confidence: Confidence
    stated: Confidence
    text: str = Field(description="The line that the prediction was read from.")
    box: Box | None = Field(description="The line's corners in pixels of the picture.")
    runners_up: list[ReviewedRunnerUp]

    @classmethod
    def of(cls, row: QueuedRow) -> Self:
        """Return a row in the API's form."""
        return cls(
            row=row.row,
            index=row.index,
            image_link=row.image_link,
            entity_name=row.entity_name,
            prediction=row.prediction,
            confidence=row.confidence,
            stated=row.stated,
            text=row.text,
            box=row.box,
            runners_up=[
                ReviewedRunnerUp(prediction=prediction, confidence=confidence, text=text, box=box)
                for prediction, confidence, text, box in row.runners_up
            ],
        )


class ReviewedRows(BaseModel):
    """Some of a run's unsure rows, the least sure first."""

    run: str
    total: int = Field(description="Unsure rows that the API has: at most 10,000.")
    offset: int
    rows: list[ReviewedRow]

    @classmethod
    def of(cls, run: str, rows: Sequence[QueuedRow], offset: int, limit: int) -> Self:
        """Return a part of the rows in the API's form."""
        part = rows[offset : offset + limit]
        return cls(run=run, total=len(rows), offset=offset, rows=list(map(ReviewedRow.of, part)))


class RowThumbnail(BaseModel):
    """What was kept of a row's picture."""

    bounds: tuple[float, float, float, float] = Field(
        description="Left, top, right, bottom, in pixels of the picture."
    )
    image: str = Field(description="A data: URL of a WebP.")


class RowPicture(BaseModel):
    """A row's picture: as it is behind its link now, or else what was kept of it."""

    width: int | None = Field(description="In pixels; boxes are in these. Null where it can't be had.")
    height: int | None
    preview: str | None = Field(description="A data: URL of a JPEG, at most 1,024 pixels long.")
    thumbnail: RowThumbnail | None = Field(description="In place of the preview, where one was kept.")
    problem: str | None = Field(description="Why the picture can't be had.")

    @classmethod
    def kept(cls, thumbnail: Thumbnail | None, problem: str) -> Self:
        """Return what was kept of a picture that can't be had."""
        kept = None
        if thumbnail is not None:
            kept = RowThumbnail(bounds=thumbnail.bounds, image=f"data:image/webp;base64,{thumbnail.webp}")
        return cls(width=None, height=None, preview=None, thumbnail=kept, problem=problem)


class RowDecision(BaseModel):
    """What a person decided about a row."""

    row: RowNumber
    answer: str = Field(description="The right prediction; empty where the picture doesn't say.")
    decision: Decision


class RunDecisions(BaseModel):
    """All that persons decided about a run."""

    tag: str = Field(description="Of this content; empty before the first decision.")
    decisions: list[RowDecision]

    @classmethod
    def of(cls, decisions: Decisions) -> Self:
        """Return decisions in the API's form, in the order of rows."""
        found = sorted(decisions.corrections.items())
        return cls(
            tag=decisions.tag,
            decisions=[
                RowDecision(row=row, answer=each.answer, decision=each.decision) for row, each in found
            ],
        )


class NewDecision(BaseModel):
    """A person's answer to one row."""

    model_config = ConfigDict(extra="forbid", strict=True)

    row: RowNumber
    answer: Annotated[str, Field(max_length=200)] | None = Field(
        description="A value such as `12.5 cm`, `right`, or `none` where the picture doesn't say; null takes "
        "the decision back.",
        examples=["12.5 cm"],
    )


class SaveDecisions(BaseModel):
    """Decisions to save."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tag: str = Field(max_length=200, description="Of the decisions that these are based on.")
    decisions: list[NewDecision] = Field(min_length=1, max_length=MAX_DECISIONS)

    def answers(self) -> dict[int, str | None]:
        """Return the answers by row; the last one of each."""
        return {each.row: each.answer for each in self.decisions}


class OutputsStarted(BaseModel):
    """The run's outputs are being made anew."""

    execution: str = Field(description="The name of the execution that makes them.")
