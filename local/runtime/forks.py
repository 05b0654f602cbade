"""The server's side of the fork server: ask for execution environments, learn how they ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.runtime import frames

PROJECT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60.0


class ForkServer:
    """A running `local.runtime.zygote`.

    Start it from the main thread: on Linux the kernel ends it when the thread that started it ends.

    Args:
        python: The interpreter of the functions.
        packages: Folders in which it finds the packages that it loads ahead, besides its own.
    """

    def __init__(self, python: str = sys.executable, packages: Sequence[str] = ()) -> None:
        ours, theirs = socket.socketpair()
        command = [python, "-m", "local.runtime.zygote", str(theirs.fileno()), str(os.getpid())]
        # Nothing of our own environment is passed on; PATH lets functions start the system's programs.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "en_US.UTF-8", "TZ": "UTC"}
        if packages:
            environment["PYTHONPATH"] = os.pathsep.join(packages)
        environment["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = (
            "YES"  # macOS would end a fork that uses its libraries
        )
        self._process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        self._control = ours
        self._forking = threading.Lock()
        self._changed = threading.Condition()
        self._forked: int | None = None
        self._ended: dict[int, int] = {}
        self._ready = False
        self._closed = False
        threading.Thread(target=self._listen, name="fork-server", daemon=True).start()

    def fork(self, request: dict[str, Any], connection: socket.socket, log: int) -> int:
        """Fork one environment, which takes over its end of the connection and writes to the log.

        Returns:
            The process id.

        Raises:
            RuntimeError: The fork server is gone.
        """
        body = frames.encode(request)
        with self._forking, self._changed:
            self._await(lambda: self._ready)
            self._forked = None
            head, rest = body[: frames.HEADER.size], body[frames.HEADER.size :]
            socket.send_fds(self._control, [head], [connection.fileno(), log])
            self._control.sendall(rest)
            self._await(lambda: self._forked is not None)
            return self._forked or 0

    def exit_code_of(self, pid: int, *, within_s: float = 1.0) -> int | None:
        """How an environment ended: its exit code, minus the signal that ended it, or None if unknown."""
        with self._changed:
            self._changed.wait_for(lambda: pid in self._ended or self._closed, within_s)
            return self._ended.pop(pid, None)

    def close(self) -> None:
        """End the fork server and, through it, every environment."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _await(self, condition: Any) -> None:
        self._changed.wait_for(lambda: condition() or self._closed, START_LIMIT_S)
        if not condition():
            raise RuntimeError("The fork server of the Lambda runtime has ended; see its output above.")

    def _listen(self) -> None:
        try:
            while True:
                message, _ = frames.receive(self._control)
                with self._changed:
                    self._note(message)
                    self._changed.notify_all()
        except (frames.ConnectionClosedError, OSError):
            with self._changed:
                self._closed = True
                self._changed.notify_all()

    def _note(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready = True
        elif "forked" in message:
            self._forked = message["forked"]
        else:
            self._ended[message["ended"]] = message["status"]
            while len(self._ended) > 1000:  # nobody asks after environments that were ended on purpose
                del self._ended[next(iter(self._ended))]
