"""A mended moto on a port of its own, for tests; in a process of its own, as mends hold for the process.

Run as a program it is that process. Its functions run in the process itself, straight from their folders or
archives; the real ones run in processes, which is not the matter here.
"""

from __future__ import annotations

import atexit
import functools
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Server:
    """Where the server listens and where it writes the status changes it tells of."""

    port: int
    changes: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, **config: Any) -> Any:
        return _client(service, self.endpoint, tuple(config.items()))

    def status_changes(self, execution_arn: str) -> list[dict[str, Any]]:
        details = [json.loads(line) for line in self.changes.read_text().splitlines()]
        return [one for one in details if one["executionArn"] == execution_arn]


_session = boto3.Session()


@functools.cache
def _client(service: str, endpoint: str, config: tuple[tuple[str, Any], ...]) -> Any:
    return _session.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            retries={"total_max_attempts": 1},
            max_pool_connections=64,
            s3={"addressing_style": "path"},
            **dict(config),
        ),
    )


@functools.cache
def running() -> Server:
    """The server of this test process, started when it is first asked for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    changes = Path(tempfile.mkdtemp()) / "changes.jsonl"
    changes.touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with changes.with_name("log.txt").open("wb") as log:
        command = [sys.executable, "-W", "ignore", __file__, str(port), str(changes)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    atexit.register(process.kill)
    server = Server(port, changes)
    _wait(server, process)
    return server


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{server.endpoint}/moto-api/", timeout=5)
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {server.changes.with_name('log.txt').read_text()}")


def _main(port: int, changes: Path) -> None:
    import logging

    from moto.server import ThreadedMotoServer

    from local import mends, settings
    from local.mends import executions

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    settings.use(settings.Settings(port=port))
    mends.install()
    mends.install()  # a second time changes nothing, as every test then shows
    _run_functions_here()

    def write(detail: dict[str, object]) -> None:
        with changes.open("a") as file:
            file.write(json.dumps(detail) + "\n")

    executions.on_status_change.append(write)
    ThreadedMotoServer("127.0.0.1", port, verbose=False).start()
    while os.getppid() != 1:
        time.sleep(0.5)


def _run_functions_here() -> None:
    from moto.awslambda.models import LambdaFunction

    def invoke(self: Any, event: Any = None) -> tuple[str, bool, str]:
        asked = json.loads(event or "{}") if isinstance(event, str | None) else event
        if asked.get("sleep", 0) > int(self.timeout or 3):
            time.sleep(int(self.timeout or 3))
            message = f"2026 Task timed out after {self.timeout}.00 seconds"
            return json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message}), True, ""
        try:
            return json.dumps(_handler(self)(asked, None)), False, ""
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its answer
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}), True, ""

    LambdaFunction._invoke_lambda = invoke  # type: ignore[method-assign]


def _handler(function: Any) -> Any:
    from local import lambda_code

    folders = lambda_code.folders_of(function.function_name)
    if folders:
        source = (folders[0] / "handler.py").read_text()
        paths = [str(place / "python") for place in folders[1:]]
    else:
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            source, paths = archive.read("handler.py").decode(), []
    sys.path[:0] = paths
    os.environ.update({key: str(value) for key, value in (function.environment_vars or {}).items()})
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope["handler"]


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]))
