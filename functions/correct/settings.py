"""Correct's settings."""

from tapeline.entity_settings import EntitySettings
from tapeline.settings import ResultsSettings, StateMachineArn


class CorrectSettings(EntitySettings, ResultsSettings):
    """What Correct reads from its environment.

    Attributes:
        state_machine_arn: The state machine that makes a run's outputs anew.
    """

    state_machine_arn: StateMachineArn
