"""The inputs and outputs of the state machine and of its states.

``infra/batch.asl.yaml`` names these fields in its paths. The state machine passes only these small
documents on; everything else is in the results bucket.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tapeline.batch.schema import first_problem
from tapeline.errors import StateInputError

type _Name = Annotated[str, Field(min_length=1)]
type _Count = Annotated[int, Field(ge=0)]
type _Attempt = Annotated[int, Field(ge=1)]


class StateDocument(BaseModel):
    """What all inputs and outputs have in common: they are validated strictly and are immutable."""

    # A state may receive fields of the state before it that it doesn't read.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class AttemptInput(StateDocument):
    """One attempt at a run's shards: the state machine's input, and the output of the state Missing.

    Attributes:
        run: The run's name.
        attempt: The attempt's number, from 1.
        manifest: Key of the list of the shards to answer.
        shards: Shards in that list; with 0, the reducer comes next.
        spent: Attempts so far that brought nothing; ``Attempts`` limits them.
        answered: Objects with answers that the state Missing has seen: what the next one compares with.
    """

    run: _Name
    attempt: _Attempt
    manifest: _Name
    shards: _Count
    spent: _Count = 0
    answered: _Count = 0


class ShardInput(StateDocument):
    """Input of the state Inference.

    Attributes:
        run: The run's name.
        shard: The shard's name.
    """

    run: _Name
    shard: _Name


class ShardOutput(StateDocument):
    """Output of the state Inference.

    Attributes:
        shard: The shard's name.
        rows: Rows that this worker answered, with an answer or an error.
        errors: Rows with an error among them.
        left: Pictures that were left for the next attempt for lack of time.
    """

    shard: _Name
    rows: _Count
    errors: _Count
    left: _Count


class MissingInput(StateDocument):
    """Input of the state Missing: the attempt that just ended.

    Attributes:
        run: The run's name.
        attempt: The attempt's number, from 1.
        spent: As in :class:`AttemptInput`.
        answered: As in :class:`AttemptInput`.
    """

    run: _Name
    attempt: _Attempt
    spent: _Count = 0
    answered: _Count = 0


class ReducerInput(StateDocument):
    """Input of the state Reducer.

    Attributes:
        run: The run's name.
    """

    run: _Name


class ReducerOutput(StateDocument):
    """Output of the state Reducer, and so of the state machine.

    Attributes:
        rows: Rows in the outputs, which is rows in the input.
        errors: Rows with an error code among them.
        output: Key of the predictions in the results bucket.
        origin: The run whose errors.csv the input is, and whose outputs are to be made anew; None where the
            input is a new one.
    """

    rows: _Count
    errors: _Count
    output: _Name
    origin: _Name | None = None


class ExecutionEnd(StateDocument):
    """The detail of the event that Step Functions sends when an execution has ended.

    Source: docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html

    Attributes:
        name: The execution's name, which is the run's.
        status: How it ended.
        error: The error's name, where it failed.
        cause: The error in words, where it failed.
    """

    name: _Name
    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    error: str | None = None
    cause: str | None = None

    @property
    def failure(self) -> str | None:
        """Why the execution failed; None where it succeeded."""
        if self.status == "SUCCEEDED":
            return None
        return ": ".join(part for part in (self.status, self.error, self.cause) if part)


def parse_input[D: StateDocument](kind: type[D], event: Mapping[str, object]) -> D:
    """Return the input of a state.

    Args:
        kind: What the state takes.
        event: The event that its function received.

    Raises:
        StateInputError: A field is missing or can't be used.
    """
    try:
        return kind.model_validate(event)
    except ValidationError as error:
        raise StateInputError(
            f"expected {kind.__name__} with {', '.join(kind.model_fields)}: {first_problem(error)}; "
            "start the state machine with what FanOut passes to it, or send an event as in events/"
        ) from error
