"""Start the local cloud as a process of its own, and stop it.

    running = server.start(port=0)
    boto3.client("ecs", endpoint_url=running.endpoint, …)
    running.stop()

The process ends with the one that started it, even when that is killed: its standard input is a pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Self

from local.process import PROJECT, Options
from local.processes import STOP_LIMIT_S

START_LIMIT_S = 180.0

Step = Callable[[str], object]


class StartError(RuntimeError):
    """The local cloud could not be started; the message is the reason, in one sentence."""


@dataclass
class Running:
    """A local cloud that is ready.

    Attributes:
        endpoint: Base URL of every AWS API, without a trailing slash.
        pid: Process id.
    """

    endpoint: str
    pid: int
    _process: subprocess.Popen[str]

    def stop(self) -> None:
        """Stop it and wait for its end; a second time does nothing."""
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        return self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    port: int = 0, *, on_step: Step | None = None, limit_s: float = START_LIMIT_S, **options: Any
) -> Running:
    """Start a local cloud and wait until it is ready.

    Args:
        port: TCP port on 127.0.0.1; 0 takes a free one.
        on_step: Called with a sentence for each step of the start.
        limit_s: How long to wait.
        options: Other fields of `local.process.Options`, for instance `template=None` for an empty cloud,
            `time_scale=1`, `seed=False`, `habits={"duplicate_share": 0}`.

    Raises:
        StartError: It ended, or was not ready in time; its own words are in the message.
    """
    chosen = replace(Options(**options), port=port)
    errors = _error_file(chosen)
    with errors.open("w", encoding="utf-8") as error_output:
        process = subprocess.Popen(
            _command(chosen),
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=error_output,
            text=True,
        )
    try:
        endpoint = _wait_for_readiness(process, on_step, time.monotonic() + limit_s)
    except BaseException as error:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()
        if isinstance(error, StartError):
            raise StartError(f"{error}{_last_words(errors)}") from None
        raise
    return Running(endpoint, process.pid, process)


def start_detached(options: Options) -> int:
    """Start a local cloud that goes on after this process; do not wait for it.

    Returns:
        Its process id.
    """
    with _error_file(options).open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            _command(replace(options, stay=True)),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return process.pid


def log_file(options: Options) -> Path:
    """Where the process writes its warnings."""
    return Path(options.build) / "logs" / f"local-cloud-{options.port or f'of-{os.getpid()}'}.log"


def _error_file(options: Options) -> Path:
    path = log_file(options)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _command(options: Options) -> list[str]:
    return [sys.executable, "-m", "local.process", json.dumps(asdict(options))]


def _wait_for_readiness(process: subprocess.Popen[str], on_step: Step | None, deadline: float) -> str:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    if process.stdout is None:
        raise StartError("The local cloud has no output to follow")
    threading.Thread(target=_follow, args=(process.stdout, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            process.send_signal(signal.SIGUSR1)  # it writes into its log where it stands
            time.sleep(0.2)
            raise StartError("The local cloud was not ready in time.") from None
        if not line:
            raise StartError(f"The local cloud ended with exit code {process.wait()}.")
        report = json.loads(line)
        if report["event"] == "failed":
            raise StartError(report["text"])
        if report["event"] == "ready":
            return str(report["endpoint"])
        if on_step and "text" in report:
            on_step(report["text"])


def _follow(output: IO[str], lines: queue.SimpleQueue[str]) -> None:
    """Read on for as long as the process lives, so that it never blocks on a full pipe."""
    with output:
        for line in output:
            if line.startswith("{"):  # a library may print as well
                lines.put(line)
    lines.put("")


def _last_words(errors: Path) -> str:
    text = errors.read_text(encoding="utf-8", errors="replace").strip()
    return f"\n{text[-2000:]}" if text else ""
