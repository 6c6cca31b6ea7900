"""A state machine as :class:`tapeline.ports.ExecutionStarter`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StateMachine:
    """Starts executions of one standard state machine.

    Args:
        client: A boto3 Step Functions client.
        arn: The state machine's ARN.
    """

    def __init__(self, client: "SFNClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, name: str, payload: str) -> bool:
        """Start an execution under a name, with a JSON document as its input.

        Step Functions takes a name once in 90 days: that is what makes a repeated event harmless.

        Returns:
            False where an execution of that name was started before, which then goes on alone.
        """
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=name, input=payload)
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        return True
