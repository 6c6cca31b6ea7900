"""A state machine as :class:`tapeline.ports.ExecutionStarter` and :class:`tapeline.ports.ExecutionReader`."""

from typing import TYPE_CHECKING, Final

from tapeline.ports import ExecutionState

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Status of an execution -> its state.
# Source: docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
_STATES: Final[dict[str, ExecutionState]] = {
    "RUNNING": "running",
    "PENDING_REDRIVE": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "failed",
    "ABORTED": "failed",
}


class StateMachine:
    """Starts and looks up executions of one standard state machine.

    Args:
        client: A boto3 Step Functions client.
        arn: The state machine's ARN.
    """

    def __init__(self, client: "SFNClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, name: str, payload: str) -> bool:
        """Start an execution under a name, with a JSON document as its input.

        Step Functions accepts a name once in 90 days, so that a repeated event starts nothing.

        Returns:
            False where an execution of that name was started before, which then goes on alone.
        """
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=name, input=payload)
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        return True

    def state(self, name: str) -> ExecutionState | None:
        """Return an execution's state; None where there is none of that name."""
        try:
            answer = self._client.describe_execution(executionArn=self._execution_arn(name))
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        return _STATES[answer["status"]]

    def failure(self, name: str) -> str:
        """Return why an execution failed, such as ``FAILED: States.TaskFailed: out of memory``.

        Returns:
            The execution's status, error and cause, as Step Functions describes them.
        """
        answer = self._client.describe_execution(executionArn=self._execution_arn(name))
        return f"{answer['status']}: {answer.get('error')}: {answer.get('cause')}"

    def _execution_arn(self, name: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"
