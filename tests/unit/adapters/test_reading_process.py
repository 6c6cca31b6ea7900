"""The reading process: whatever a picture does to it, the worker goes on, and only that picture pays."""

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeline.adapters.reading_process import ReadingProcess
from tapeline.answering import Components, answer_pictures
from tapeline.answers import Answer, PictureAnswers, PictureQuery
from tapeline.errors import (
    DeadlineError,
    ErrorCode,
    ModelFileError,
    ReadingProcessError,
    RowError,
    SettingsError,
)
from tests.unit.fakes import Classifier, Fetcher
from tests.unit.poison import KILLS

QUERY = PictureQuery("link", ("item_weight", "colour"))


def start(
    factory: str = "load", seconds: float = 20, memory: int = 1000, **arguments: object
) -> ReadingProcess:
    return ReadingProcess(
        f"tests.unit.poison:{factory}", arguments, memory_megabytes=memory, picture_seconds=seconds
    )


@pytest.fixture
def process() -> Iterator[ReadingProcess]:
    process = start()
    yield process
    process.close()


def code(found: PictureAnswers) -> ErrorCode | None:
    answer = found.answers["item_weight"]
    return answer.code if isinstance(answer, RowError) else None


def is_running(pid: int | None) -> bool:
    assert pid
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_picture_is_answered_as_in_this_process(process: ReadingProcess) -> None:
    assert dict(process.model_hashes) == Classifier.model_hashes
    found = process.answer(QUERY, b"fine" * 1_000_000)
    weight, colour = found.answers["item_weight"], found.answers["colour"]
    assert isinstance(weight, Answer)
    assert weight.text == "12.5 kg"
    assert isinstance(colour, RowError)
    assert (colour.code, found.size) == (ErrorCode.UNKNOWN_ENTITY, (200, 100))
    pid = process.pid
    process.answer(QUERY, b"another")
    assert process.pid == pid


@pytest.mark.parametrize("kill", KILLS)
def test_one_picture_among_sixteen_that_ends_the_process_has_the_only_error(
    process: ReadingProcess, kill: str
) -> None:
    links = [f"fine {number}" for number in range(16)]
    links[5] = kill
    queries = [PictureQuery(link, ("item_weight",)) for link in links]
    found = list(answer_pictures(queries, Components(Fetcher(), process)))
    assert [number for number, result in enumerate(found) if code(result)] == [5]
    assert code(found[5]) is ErrorCode.WORKER_DIED


def test_the_error_says_how_the_process_ended(process: ReadingProcess) -> None:
    def message(body: bytes) -> str:
        error = process.answer(QUERY, body).answers["item_weight"]
        assert isinstance(error, RowError)
        return error.message

    assert "(signal 9, SIGKILL), 2 times: replace the picture" in message(b"sigkill")
    assert "(exit code 7)" in message(b"exit")
    assert "surprise" in message(b"raise")


def test_a_picture_is_not_to_blame_for_one_lost_process(process: ReadingProcess, tmp_path: Path) -> None:
    found = process.answer(QUERY, f"once {tmp_path / 'seen'}".encode())
    assert (tmp_path / "seen").exists()
    assert code(found) is None
    pid = process.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert code(process.answer(QUERY, b"fine")) is None


@pytest.mark.parametrize("body", [b"hang", b"stop"])
def test_a_picture_that_takes_too_long_is_ended(body: bytes) -> None:
    process = start(seconds=1)
    assert process.model_hashes
    pid, begin = process.pid, time.monotonic()
    assert code(process.answer(QUERY, body)) is ErrorCode.TIMEOUT_READING
    assert 1 <= time.monotonic() - begin < 5
    assert not is_running(pid)
    assert code(process.answer(QUERY, b"fine")) is None
    process.close()


def test_a_process_that_receives_nothing_more_is_ended_too() -> None:
    process = start(seconds=1)
    assert process.model_hashes
    assert process.pid
    os.kill(process.pid, signal.SIGSTOP)
    # More than the socket holds.
    assert code(process.answer(QUERY, bytes(20_000_000))) is ErrorCode.TIMEOUT_READING
    process.close()


def test_a_reply_that_was_not_taken_is_not_the_next_picture_s(
    process: ReadingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert process.model_hashes
    pid = process.pid

    def receive(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("tapeline.adapters.message_channel.MessageChannel.receive", receive)
        with pytest.raises(MemoryError):
            process.answer(QUERY, b"raise")
    assert not is_running(pid)
    assert code(process.answer(QUERY, b"fine")) is None


def test_a_missed_deadline_ends_the_work(process: ReadingProcess) -> None:
    assert process.model_hashes
    pid = process.pid
    with pytest.raises(DeadlineError):
        process.answer(QUERY, b"hang", time.monotonic() + 0.5)
    assert not is_running(pid)
    assert code(process.answer(QUERY, b"fine", time.monotonic() + 30)) is None


def test_a_deadline_that_passes_while_models_are_loaded_leaves_them_loading() -> None:
    process = start("load_slowly", seconds_to_load=1)
    pid = process.pid
    with pytest.raises(DeadlineError):
        process.answer(QUERY, b"fine", time.monotonic() + 0.2)
    assert process.pid == pid
    assert code(process.answer(QUERY, b"fine", time.monotonic() + 30)) is None
    assert process.pid == pid
    process.close()


def test_time_in_which_nobody_waits_does_not_count_as_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    process = start()
    pid = process.pid
    time.sleep(2.5)
    monkeypatch.setattr("tapeline.adapters.reading_process._START_SECONDS", 2.0)
    assert code(process.answer(QUERY, b"fine")) is None
    assert process.pid == pid
    process.close()


def test_a_process_that_never_loads_its_models_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapeline.adapters.reading_process._START_SECONDS", 0.5)
    process = start("load_slowly", seconds_to_load=60)
    pid = process.pid
    with pytest.raises(DeadlineError):
        process.answer(QUERY, b"fine", time.monotonic() + 0.3)
    assert process.pid == pid
    with pytest.raises(ReadingProcessError, match="received nothing within"):
        process.answer(QUERY, b"fine", time.monotonic() + 30)
    assert process.pid is None
    assert not is_running(pid)


def test_hashes_are_known_while_a_replaced_process_loads() -> None:
    process = start("load_slowly", memory=600, seconds_to_load=2)
    assert code(process.answer(QUERY, b"keep 425")) is None
    begin = time.monotonic()
    assert dict(process.model_hashes) == Classifier.model_hashes
    assert time.monotonic() - begin < 1
    process.close()


def test_a_model_file_that_is_wrong_is_the_workers_error() -> None:
    process = start("load_nothing")
    with pytest.raises(ModelFileError, match="expected a model"):
        process.answer(QUERY, b"fine")
    with pytest.raises(ModelFileError, match="expected a model"):
        assert process.model_hashes


@pytest.mark.parametrize("name", ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"])
def test_a_process_takes_its_cpu_for_what_it_is(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "SSE41")
    monkeypatch.setenv("TAPELINE_OTHER", "kept")
    process = start()
    assert process.model_hashes
    environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    process.close()
    assert b"TAPELINE_OTHER=kept" in environment
    assert b"MALLOC_MMAP_THRESHOLD_=33554432" in environment
    assert not [entry for entry in environment if entry.startswith(name.encode())]


def test_a_precision_that_the_cpu_lacks_is_the_workers_error() -> None:
    process = start("lack_bf16")
    with pytest.raises(SettingsError, match=r"READING_PRECISION: expected .*, received bf16"):
        process.answer(QUERY, b"fine")


def test_a_process_that_ends_while_loading_is_the_workers_error() -> None:
    with pytest.raises(ReadingProcessError, match="exit code 3"):
        start("end_while_loading").answer(QUERY, b"fine")


def test_a_process_that_keeps_much_memory_is_replaced_between_pictures() -> None:
    process = start(memory=600)
    assert process.model_hashes
    pid = process.pid
    assert code(process.answer(QUERY, b"keep 425")) is None
    assert process.pid != pid
    assert not is_running(pid)
    # More than the limit, together with what the first process kept.
    assert code(process.answer(QUERY, b"keep 300")) is None
    process.close()


def test_memory_that_is_mapped_and_never_written_to_replaces_no_process() -> None:
    process = start(memory=600)
    assert process.model_hashes
    pid = process.pid
    for _ in range(4):
        assert code(process.answer(QUERY, b"map 400")) is None
    assert process.pid == pid
    # What is left for a picture is less by what earlier ones wrote, not by what they mapped.
    assert code(process.answer(QUERY, b"keep 200")) is None
    assert code(process.answer(QUERY, b"memory")) is ErrorCode.WORKER_DIED
    process.close()


def test_a_process_ends_with_its_object() -> None:
    process = start()
    assert process.model_hashes
    pid = process.pid
    del process
    gc.collect()
    assert not is_running(pid)


_PARENT = """
import threading, time
from tapeline.adapters.reading_process import ReadingProcess
from tapeline.answers import PictureQuery
process = ReadingProcess("tests.unit.poison:load", {}, memory_megabytes=1000)
assert process.model_hashes
threading.Timer(0.5, lambda: print(process.pid, flush=True)).start()
process.answer(PictureQuery("link", ("width",)), b"hang")
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_busy_process_ends_with_its_parent(end: signal.Signals) -> None:
    path = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(end)
        parent.wait()
        give_up = time.monotonic() + 5
        while is_running(pid) and time.monotonic() < give_up:
            time.sleep(0.02)
        assert not is_running(pid)
