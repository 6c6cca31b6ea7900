"""The command behind ``make serve``."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import IMAGES, ROOT
from tests.integration.test_run_command import command, environment, local_clouds


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_first_and_leaves_nothing_running(
    signal_number: signal.Signals, tmp_path: Path
) -> None:
    with subprocess.Popen(
        command("serve", "--images", IMAGES, "--workers", "1"),
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url, key = (process.stdout.readline().strip() for _ in range(2))
        with requests.Session() as session:
            session.trust_env = False
            page = session.get(url, timeout=60)
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert session.get(f"{url}/health", timeout=60).json()["status"] == "ok"
            name, _, value = key.partition("=")
            assert name == "TAPELINE_API_KEY"
            answered = session.post(
                f"{url}/predict",
                json={"image_link": "https://images.example.com/kettle.jpg", "entity_name": "wattage"},
                headers={"x-api-key": value},
                timeout=60,
            )
            assert answered.json()["answers"]["wattage"]["prediction"] == "2200 watt"
        process.send_signal(signal_number)
        rest, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert rest == ""
    assert "everything that was started has been ended" in said
    deadline = time.monotonic() + 10
    while local_clouds(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert local_clouds(tmp_path) == []
    assert not list(tmp_path.glob("tapeline-cloud-*"))


def test_a_taken_port_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("serve", "--port", port),
            cwd=ROOT,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"expected port {port} to be free" in done.stderr
    assert done.stdout == ""
    assert local_clouds(tmp_path) == []
