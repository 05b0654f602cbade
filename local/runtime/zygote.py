"""The fork server: one process that has imported the heavy libraries and forks an environment per request.

Started as `python -m local.runtime.zygote <descriptor>` with a socket to the server. It is single-threaded,
so that forking is safe, and it holds none of the product's code: that is imported in the fork only.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from typing import Any

from local import orphans
from local.runtime import frames, libraries, preload, worker


class Zygote:
    """Forks execution environments, and reports the ends of those that stop."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._wake, wake_writer = socket.socketpair()
        self._wake_writer = wake_writer
        self._allowed: dict[tuple[str, ...], frozenset[str]] = {}

    def run(self) -> None:
        """Serve until the server closes the connection or dies."""
        preload.import_heavy_modules()
        preload.keep_data_files(service_models=True)
        self._listen_for_ended_children()
        frames.send(self._control, {"ready": True})
        models = preload.read_service_models()
        more_to_read = True
        while True:
            ready, _, _ = select.select([self._control, self._wake], [], [], 0 if more_to_read else None)
            if self._wake in ready:
                self._report_ended_children()
            if self._control in ready and not self._serve_one():
                return
            if not ready and more_to_read:
                more_to_read = next(models, None) is not None

    def _listen_for_ended_children(self) -> None:
        self._wake.setblocking(False)
        self._wake_writer.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)

    def _report_ended_children(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake.recv(4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            frames.send(self._control, {"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    def _serve_one(self) -> bool:
        try:
            head, descriptors, _, _ = socket.recv_fds(self._control, frames.HEADER.size, 2)
            if len(head) < frames.HEADER.size:
                return False
            head_length, payload_length = frames.HEADER.unpack(head)
            request = json.loads(frames.read_exactly(self._control, head_length + payload_length))
        except (OSError, frames.ConnectionClosedError):
            return False
        self._fork(request, *descriptors)
        return True

    def _fork(self, request: dict[str, Any], connection: int, log: int) -> None:
        allowed = self._allowed_modules(tuple(request["layers"]))
        parent = os.getpid()
        pid = os.fork()
        if pid:
            os.close(connection)
            os.close(log)
            frames.send(self._control, {"forked": pid})
            return
        try:
            self._become_environment(request, connection, log, parent, allowed)
        except BaseException:  # noqa: BLE001 - the fork must never return into the fork server's loop
            traceback.print_exc()
        os._exit(1)

    def _allowed_modules(self, layers: tuple[str, ...]) -> frozenset[str]:
        if layers not in self._allowed:
            wanted = (*libraries.RUNTIME_DISTRIBUTIONS, *libraries.required_by_layers(layers))
            self._allowed[layers] = libraries.top_level_modules(wanted)
        return self._allowed[layers]

    def _become_environment(
        self, request: dict[str, Any], connection: int, log: int, parent: int, allowed: frozenset[str]
    ) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        orphans.die_with_parent(parent)
        for inherited in (self._control, self._wake, self._wake_writer):
            inherited.close()
        os.setpgid(0, 0)  # so that a timeout ends the processes that the function started, too
        _take_output(log)
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        os.chdir(request["task_root"])
        libraries.restrict_imports(request["paths"], allowed)
        for name in [name for name in sys.modules if name == "local" or name.startswith("local.")]:
            del sys.modules[name]
        exit_code = 0
        try:
            worker.serve(socket.socket(fileno=connection), request["handler"])
        except SystemExit as stop:
            exit_code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        sys.stdout.flush()
        os._exit(exit_code)


def _take_output(log: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def main() -> None:
    """Take over the socket whose descriptor is the first argument."""
    orphans.die_with_parent(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server decides
    Zygote(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
