import pytest
from pydantic import TypeAdapter, ValidationError

from tapeline.download.links import S3Link, parse_link
from tapeline.errors import RowError
from tapeline.settings import BucketName, StateMachineArn


@pytest.mark.parametrize("name", ["abc", "drop.eu-1", "9" * 63])
def test_names_of_buckets_are_the_same_in_settings_and_links(name: str) -> None:
    assert TypeAdapter(BucketName).validate_python(name) == name
    assert parse_link(f"s3://{name}/key") == S3Link(name, "key")


@pytest.mark.parametrize("name", ["", "ab", "Bucket", "-ab", "ab.", "a_b", "9" * 64, "bucket\n"])
def test_what_is_no_name_of_a_bucket_is_refused_in_settings_and_links(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(BucketName).validate_python(name)
    with pytest.raises(RowError):
        parse_link(f"s3://{name}/key")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:states:eu-west-1:123456789012:stateMachine:batch",
        "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:batch:1",
    ],
)
def test_the_arn_of_a_state_machine_is_accepted(arn: str) -> None:
    assert TypeAdapter(StateMachineArn).validate_python(arn) == arn


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "batch",
        "arn:aws:states:eu-west-1:123456789012:stateMachine:",
        "arn:aws:states:eu-west-1:12345678901:stateMachine:batch",
        "arn:aws:states:eu-west-1:123456789012:execution:batch",
        "arn:aws:lambda:eu-west-1:123456789012:stateMachine:batch",
        " arn:aws:states:eu-west-1:123456789012:stateMachine:batch",
        "arn:aws:states:eu-west-1:123456789012:stateMachine:batch\n",
    ],
)
def test_another_arn_is_refused(arn: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        TypeAdapter(StateMachineArn).validate_python(arn)
