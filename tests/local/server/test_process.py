"""The process: it starts, says when it is ready, ends with its parent, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local import processes, server
from local.process import PROJECT
from tests.local.empty_cloud import EmptyCloud, eventually

EMPTY = {"template": None, "seed": False, "world": False}


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {**EMPTY, "build": str(tmp_path)}


def test_a_port_in_use_is_said_in_one_sentence(options: dict[str, Any]):
    # Given somebody who listens
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        # When
        with pytest.raises(server.StartError) as failed:
            server.start(port, **options)

    # Then
    assert str(failed.value) == (
        f"Port {port} is already in use. Stop the local cloud that runs there with "
        f"`python -m local down --port {port}`, or choose another port with --port."
    )


def test_everything_ends_when_the_parent_is_killed_and_the_port_is_free_again(options: dict[str, Any]):
    # Given a cloud with a function that is busy, started by a process of its own
    program = (
        "import sys, json, time\n"
        "from local import server\n"
        f"running = server.start(0, **json.loads({json.dumps(json.dumps(options))}))\n"
        "print(running.endpoint, running.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    endpoint, pid = parent.stdout.readline().split()
    cloud = EmptyCloud(endpoint)
    busy = cloud.function(
        "import time\ndef handler(e, c):\n    open(e, 'w').close()\n    time.sleep(60)", Timeout=60
    )
    started = Path(options["build"]) / "started"
    cloud.invoke(busy, str(started), InvocationType="Event")
    assert eventually(started.exists)
    descendants = _descendants(int(pid))
    assert len(descendants) >= 2  # the fork server and the function

    # When the parent is killed
    parent.kill()
    parent.wait()
    parent.stdout.close()

    # Then the cloud, its fork server and the function are gone, and another can take the port
    assert eventually(lambda: not any(processes.is_alive(one) for one in [int(pid), *descendants]))
    again = server.start(int(endpoint.rpartition(":")[2]), **options)
    assert again.endpoint == endpoint

    # And when that one is killed itself, its functions end with it
    cloud.invoke(EmptyCloud(endpoint).function("def handler(e, c):\n    pass"))
    descendants = _descendants(again.pid)
    os.kill(again.pid, signal.SIGKILL)
    assert len(descendants) >= 2
    assert eventually(lambda: not any(processes.is_alive(one) for one in descendants))
    again.stop()


def test_health_tells_the_state(cloud: EmptyCloud):
    health = cloud.world("GET", "/health")
    assert health.status == 200
    assert health.json["status"] == "ready"


def test_an_unknown_place_is_not_found(cloud: EmptyCloud):
    assert cloud.http("GET", "/_aws/else").status == 404
    assert cloud.world("GET", "/else").status == 404


def _descendants(pid: int) -> list[int]:
    shown = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = {int(one): int(parent) for one, parent in (line.split() for line in shown.splitlines())}
    found, waiting = [], [pid]
    while waiting:
        above = waiting.pop()
        below = [one for one, parent in parents.items() if parent == above]
        found += below
        waiting += below
    return found
