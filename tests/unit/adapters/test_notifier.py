"""Notices by EventBridge and SNS."""

import json
from typing import Any

import pytest

from tapeline.adapters.notifier import TopicNotifier
from tapeline.errors import NoticeError


class Client:
    """Both clients; remembers the calls."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer
        self.calls: list[dict[str, Any]] = []

    def put_events(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        return self._answer

    def publish(self, **request: Any) -> None:
        self.calls.append(request)


def test_an_event_and_a_message_are_sent() -> None:
    client: Any = Client({"FailedEntryCount": 0, "Entries": [{}]})
    TopicNotifier(client, client, "topic").notify("Run ended", json.dumps({"run": "r"}), "subject", "text")
    assert client.calls == [
        {"Entries": [{"Source": "tapeline", "DetailType": "Run ended", "Detail": '{"run": "r"}'}]},
        {"TopicArn": "topic", "Subject": "subject", "Message": "text"},
    ]


def test_an_event_that_is_refused_is_an_error() -> None:
    client: Any = Client(
        {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled", "ErrorMessage": "slow"}]}
    )
    with pytest.raises(NoticeError, match="Throttled: slow"):
        TopicNotifier(client, client, "topic").notify("Run ended", "{}", "subject", "text")
