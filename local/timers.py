"""Work that is done later, or now but by somebody else: one heap of due times and a set of threads."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

Work = Callable[[], object]
MOST_THREADS = 128


class Timers:
    """Runs work in background threads, at once or after a delay."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix=name)
        self._heap: list[tuple[float, int, Work]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._run, name=f"{name}-timers", daemon=True).start()

    def after(self, seconds: float, work: Work) -> None:
        """Run it once, that many seconds from now; errors are logged, nobody waits for a result."""
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + max(0.0, seconds), next(self._order), work))
            self._changed.notify()

    def soon(self, work: Work) -> None:
        """Run it now, in another thread."""
        if not self._closed:
            self._executor.submit(_run_and_log, work)

    def close(self) -> None:
        """Run nothing more. What is running is not waited for."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                if not self._heap:
                    self._changed.wait()
                    continue
                due = self._heap[0][0]
                remaining = due - time.monotonic()
                if remaining > 0:
                    self._changed.wait(remaining)
                    continue
                _, _, work = heapq.heappop(self._heap)
            self.soon(work)


def _run_and_log(work: Work) -> None:
    try:
        work()
    except Exception:
        log.exception("Background work failed")
