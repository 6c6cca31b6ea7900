"""Correct's settings."""

from tapeline.settings import ResultsSettings, StateMachineArn


class CorrectSettings(ResultsSettings):
    """What Correct reads from its environment.

    Attributes:
        state_machine_arn: The state machine that makes a run's outputs anew.
    """

    state_machine_arn: StateMachineArn
