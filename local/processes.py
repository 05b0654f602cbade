"""Processes by their id: whether they live, whether they are a local cloud, and how they are stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time

STOP_LIMIT_S = 10.0


def stop_process(pid: int) -> None:
    """Stop a local cloud by its process id, at the latest after ten seconds."""
    for number, patience in ((signal.SIGTERM, STOP_LIMIT_S), (signal.SIGKILL, 1.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if not is_alive(pid):
                return
            time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether the process exists and is not merely waiting for its parent to notice its end."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def is_local_cloud(pid: int) -> bool:
    """Whether the process with this id is a local cloud, and not another one that got the id later."""
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "local.process" in shown.stdout
