from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from mypy_boto3_stepfunctions import SFNClient

from tapeline.adapters.step_functions import StateMachine
from tapeline.ports import ExecutionState

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:batch"
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:batch:run-1"
START = {"stateMachineArn": MACHINE, "name": "run-1", "input": '{"run": "1"}'}


@pytest.fixture
def client() -> SFNClient:
    return boto3.client(
        "stepfunctions", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y"
    )


@pytest.fixture
def stub(client: SFNClient) -> Iterator[Stubber]:
    """Answers in order, and fails on a request that wasn't expected or didn't come."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def machine(client: SFNClient) -> StateMachine:
    return StateMachine(client, MACHINE)


class TestStart:
    def test_an_execution_is_started_under_its_name(self, machine: StateMachine, stub: Stubber) -> None:
        started = {"executionArn": EXECUTION, "startDate": datetime.now(UTC)}
        stub.add_response("start_execution", started, START)
        assert machine.start("run-1", '{"run": "1"}')

    def test_a_name_that_was_used_before_is_no_error(self, machine: StateMachine, stub: Stubber) -> None:
        stub.add_client_error("start_execution", "ExecutionAlreadyExists", expected_params=START)
        assert not machine.start("run-1", '{"run": "1"}')

    @pytest.mark.parametrize("code", ["StateMachineDoesNotExist", "AccessDeniedException", "InvalidName"])
    def test_other_errors_are_raised(self, machine: StateMachine, stub: Stubber, code: str) -> None:
        stub.add_client_error("start_execution", code)
        with pytest.raises(ClientError, match=code):
            machine.start("run-1", "{}")


STATES: dict[str, ExecutionState] = {
    "RUNNING": "running",
    "PENDING_REDRIVE": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "failed",
    "ABORTED": "failed",
}


class TestState:
    def test_every_status_of_step_functions_has_a_state(self, client: SFNClient) -> None:
        known = client.meta.service_model.shape_for("ExecutionStatus").metadata["enum"]
        assert sorted(known) == sorted(STATES)

    @pytest.mark.parametrize("status", STATES)
    def test_a_status_is_read_as_its_state(self, machine: StateMachine, stub: Stubber, status: str) -> None:
        described = {
            "executionArn": EXECUTION,
            "stateMachineArn": MACHINE,
            "status": status,
            "startDate": datetime.now(UTC),
        }
        stub.add_response("describe_execution", described, {"executionArn": EXECUTION})
        assert machine.state("run-1") == STATES[status]

    def test_an_unknown_execution_has_no_state(self, machine: StateMachine, stub: Stubber) -> None:
        stub.add_client_error(
            "describe_execution", "ExecutionDoesNotExist", expected_params={"executionArn": EXECUTION}
        )
        assert machine.state("run-1") is None

    @pytest.mark.parametrize("code", ["InvalidArn", "AccessDeniedException"])
    def test_other_errors_are_raised(self, machine: StateMachine, stub: Stubber, code: str) -> None:
        stub.add_client_error("describe_execution", code)
        with pytest.raises(ClientError, match=code):
            machine.state("run-1")
