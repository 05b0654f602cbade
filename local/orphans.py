"""A process that must not outlive the one that started it, even when that one is killed with SIGKILL."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies (Linux; elsewhere this does nothing).

    See prctl(2), PR_SET_PDEATHSIG: the setting is lost by fork, and it refers to the parent's *thread*,
    so whoever starts such a child must do so from a thread that lives as long as it does.

    Args:
        parent: Process id that the parent should have. When it is another one, the parent died
            before the kernel could be asked.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def watch_end_of(stream: IO[bytes], then: Callable[[], None]) -> threading.Thread:
    """Call back once a pipe reaches its end, which it does when the process at its other end dies."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while stream.read(4096):
                pass
        then()

    thread = threading.Thread(target=wait, name="watch-parent", daemon=True)
    thread.start()
    return thread
