"""Notices as events of EventBridge and as messages of an SNS topic, to which mail addresses may subscribe."""

from typing import TYPE_CHECKING, Final

from tapeline.errors import NoticeError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sns import SNSClient

# The events' source, which rules match.
SOURCE: Final = "tapeline"


class TopicNotifier:
    """Sends notices; a :class:`tapeline.ports.Notifier`.

    Args:
        events: A boto3 EventBridge client; events go to the account's default bus.
        sns: A boto3 SNS client.
        topic_arn: The topic.
    """

    def __init__(self, events: "EventBridgeClient", sns: "SNSClient", topic_arn: str) -> None:
        self._events = events
        self._sns = sns
        self._topic_arn = topic_arn

    def notify(self, kind: str, detail: str, subject: str, text: str) -> None:
        """Send an event, then a message.

        Raises:
            NoticeError: EventBridge refused the event.
        """
        answer = self._events.put_events(Entries=[{"Source": SOURCE, "DetailType": kind, "Detail": detail}])
        if answer["FailedEntryCount"]:
            entry = answer["Entries"][0]
            raise NoticeError(
                "expected EventBridge to take the event, received "
                f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}: Lambda tries again"
            )
        self._sns.publish(TopicArn=self._topic_arn, Subject=subject, Message=text)
