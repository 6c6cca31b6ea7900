"""The functions' settings: valid, wrong and missing values."""

import pytest

from fan_out.settings import FanOutSettings
from inference.settings import InferenceSettings
from missing.settings import MissingSettings
from notify.settings import NotifySettings
from reducer.settings import ReducerSettings
from tapeline.errors import SettingsError
from tapeline.settings import Settings, load_settings

TOPIC = "arn:aws:sns:us-east-1:123456789012:tapeline-notifications"
SETTINGS: dict[type[Settings], dict[str, str]] = {
    FanOutSettings: {
        "RESULTS_BUCKET": "results",
        "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:batch",
        "WORKERS": "50",
        "LARGEST_SHARD": "200",
        "INFERENCE_MEMORY": "3008",
        "SECONDS_PER_PICTURE": "1",
        "MAX_ROWS": "1000",
        "MAX_RUN_COST": "100",
        "NOTIFICATION_TOPIC_ARN": TOPIC,
    },
    InferenceSettings: {
        "RESULTS_BUCKET": "results",
        "IMAGE_BUCKETS": "drop/images/,",
        "MODELS_DIR": "/models",
    },
    NotifySettings: {"RESULTS_BUCKET": "results", "NOTIFICATION_TOPIC_ARN": TOPIC},
    MissingSettings: {"RESULTS_BUCKET": "results", "ATTEMPTS": "2"},
    ReducerSettings: {"RESULTS_BUCKET": "results", "DROP_BUCKET": "drop"},
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_are_checked_at_start(kind: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS[kind].items():
        monkeypatch.setenv(name, value)
    load_settings(kind)
    monkeypatch.setenv("RESULTS_BUCKET", "No Bucket")
    with pytest.raises(SettingsError, match=r"RESULTS_BUCKET: .* received 'No Bucket'"):
        load_settings(kind)
    for name in SETTINGS[kind]:
        monkeypatch.setenv("RESULTS_BUCKET", "results")
        monkeypatch.delenv(name)
        with pytest.raises(SettingsError, match=f"{name}: expected a value, received none"):
            load_settings(kind)
        monkeypatch.setenv(name, SETTINGS[kind][name])


def test_buckets_of_pictures_may_have_prefixes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS[InferenceSettings].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IMAGE_BUCKETS", "drop/images/, shop,,archive/2024/new/")
    assert load_settings(InferenceSettings).allowed_prefixes == {
        ("drop", "images/"),
        ("shop", ""),
        ("archive", "2024/new/"),
    }
    for wrong in ("drop/images", "drop//", "Drop", "s3://drop/", "drop/a//"):
        monkeypatch.setenv("IMAGE_BUCKETS", wrong)
        with pytest.raises(SettingsError, match=r"IMAGE_BUCKETS: .*bucket/prefix/"):
            load_settings(InferenceSettings)


def test_a_precision_is_one_that_the_reader_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS[InferenceSettings].items():
        monkeypatch.setenv(name, value)
    assert load_settings(InferenceSettings).reading_precision == "auto"
    monkeypatch.setenv("READING_PRECISION", "bf16")
    assert load_settings(InferenceSettings).reading_precision == "bf16"
    monkeypatch.setenv("READING_PRECISION", "fp16")
    with pytest.raises(SettingsError, match=r"READING_PRECISION: .*'int8', received 'fp16'"):
        load_settings(InferenceSettings)
