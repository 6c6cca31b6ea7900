import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tapeline.batch.shards import ManifestItem
from tapeline.batch.states import (
    AttemptInput,
    MissingInput,
    ReducerInput,
    ReducerOutput,
    ShardInput,
    ShardOutput,
    StateDocument,
    parse_input,
)
from tapeline.errors import StateInputError

ROOT = Path(__file__).parents[3]
MACHINE: dict[str, Any] = yaml.safe_load((ROOT / "infra/batch.asl.yaml").read_text())
STATES: dict[str, Any] = MACHINE["States"]
INFERENCE: dict[str, Any] = STATES["Infer"]["ItemProcessor"]["States"]["Inference"]
ATTEMPT = {
    "run": "test-1",
    "attempt": 1,
    "manifest": "runs/test-1/manifest.json",
    "shards": 3,
    "spent": 1,
    "answered": 7,
}


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (AttemptInput, ATTEMPT),
        (MissingInput, ATTEMPT),
        (ReducerInput, ATTEMPT),
        (ShardInput, {"run": "test-1", "shard": "00000-7"}),
    ],
)
def test_a_state_takes_what_it_needs_of_what_the_machine_passes_on(
    kind: type[StateDocument], event: dict[str, object]
) -> None:
    needed = {name: event[name] for name in kind.model_fields}
    assert parse_input(kind, event).model_dump() == needed
    assert list(kind.model_fields) == [name for name in event if name in needed]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"attempt": 1}, "run: Field required, received nothing"),
        ({"run": "test-1"}, "attempt: Field required, received nothing"),
        ({"run": "test-1", "attempt": "1"}, "attempt: .* integer, received '1'"),
        ({"run": "test-1", "attempt": 0}, "attempt: .* greater than or equal to 1, received 0"),
        ({"run": "test-1", "attempt": True}, "attempt: .* integer, received True"),
        ({"run": "", "attempt": 1}, "run: .* at least 1 character, received ''"),
        ({"run": 7, "attempt": 1}, "run: .* string, received 7"),
        ([], r"document: .*, received \[\]"),
    ],
)
def test_an_event_that_is_no_input_is_reported_with_its_field(event: Any, problem: str) -> None:
    with pytest.raises(
        StateInputError,
        match=f"^expected MissingInput with run, attempt, spent, answered: {problem}; start the state",
    ):
        parse_input(MissingInput, event)


def test_the_machine_names_fields_that_the_documents_have() -> None:
    text = (ROOT / "infra/batch.asl.yaml").read_text()
    assert set(re.findall(r"(?<!\$)\$\.(?!Payload)(\w+)", text)) <= {
        *AttemptInput.model_fields,
        *ReducerOutput.model_fields,
    }
    assert set(re.findall(r"\$\.Payload\.(\w+)", text)) <= set(ShardOutput.model_fields)
    assert re.findall(r"Map\.Item\.Value\.(\w+)", text) == list(ManifestItem.__dataclass_fields__)
    # The state InTime reads when the run started; Inference doesn't.
    selected = {name.removesuffix(".$") for name in STATES["Infer"]["ItemSelector"]} - {"started"}
    assert selected == set(ShardInput.model_fields)


def test_what_one_state_puts_out_the_next_one_takes() -> None:
    assert STATES["Missing"]["OutputPath"] == "$.Payload"
    assert (STATES["Missing"]["Next"], STATES["Pending"]["Default"]) == ("Pending", "Reducer")
    assert STATES["Infer"]["ResultPath"] is None
    for kind in (MissingInput, ReducerInput):
        assert set(kind.model_fields) <= set(AttemptInput.model_fields)
    assert list(ReducerOutput.model_fields) == ["rows", "errors", "output", "origin"]
    assert STATES["Origin"]["Parameters"] == {"run.$": "$.origin"}


@pytest.mark.parametrize(
    ("state", "task"),
    [("Inference", INFERENCE), ("Missing", STATES["Missing"]), ("Reducer", STATES["Reducer"])],
)
def test_a_state_its_function_and_its_module_have_one_name(state: str, task: dict[str, Any]) -> None:
    assert task["Parameters"]["FunctionName"] == f"${{{state}FunctionArn}}"
    name = state.lower()
    assert (ROOT / f"functions/{name}/app.py").is_file()
    assert (ROOT / f"layers/tapeline/tapeline/batch/{name}.py").is_file()
    image = state == "Inference"
    deployed = ROOT / ("functions/inference/Dockerfile" if image else "template.yaml")
    named = f'CMD ["{name}.app.handler"]' if image else f"Handler: {name}.app.handler"
    assert named in deployed.read_text().splitlines() or f"      {named}" in deployed.read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "kind"), [("inference", ShardInput), ("missing", MissingInput), ("reducer", ReducerInput)]
)
def test_the_event_for_a_local_call_is_the_states_input(name: str, kind: type[StateDocument]) -> None:
    event = json.loads((ROOT / f"events/{name}.json").read_text())
    assert parse_input(kind, event).model_dump() == event
