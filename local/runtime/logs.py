"""What functions print, in CloudWatch Logs and in plain files.

The lines around it are Lambda's own, as in
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.models import logs_backends

from local.runtime import embedded_metrics

if TYPE_CHECKING:
    from pathlib import Path

    from local.runtime.environment import Deployed
    from local.runtime.instance import Ended

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """The log of one invocation."""

    group: str
    stream: str
    function_name: str
    text: str
    at: float


def text_of(function: Deployed, request_id: str, ended: Ended, failure: str | None) -> str:
    """The log of one invocation, with the START, END and REPORT lines of Lambda."""
    milliseconds = ended.seconds * 1000
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {function.memory_mb} MB\t"
    )
    if ended.init_seconds is not None:
        report += f"Init Duration: {ended.init_seconds * 1000:.2f} ms\t"
    lines = [f"START RequestId: {request_id} Version: {function.version}"]
    if ended.log.strip():
        lines.append(ended.log.rstrip("\n"))
    if failure:
        lines.append(failure)
    lines += [f"END RequestId: {request_id}", report]
    return "\n".join(lines) + "\n"


class LogWriter:
    """Writes logs in a thread of its own, so that no invocation waits for them."""

    def __init__(self, account: str, region: str, folder: Path) -> None:
        self._account = account
        self._region = region
        self._logs = logs_backends[account][region]
        self._folder = folder
        self._known: set[tuple[str, str]] = set()
        self._begun: set[str] = set()
        self._waiting: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="lambda-logs", daemon=True)
        self._thread.start()

    def write(self, function: Deployed, stream: str, text: str) -> None:
        """Take in one invocation's log; it is readable a moment later, as on AWS."""
        self._waiting.put(Entry(function.log_group, stream, function.name, text, time.time()))

    def close(self) -> None:
        """Write what is waiting and stop."""
        self._waiting.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        while (entry := self._waiting.get()) is not None:
            try:
                self._store(entry)
            except Exception:
                log.exception("The log of %s could not be written", entry.function_name)

    def _store(self, entry: Entry) -> None:
        mode = "a" if entry.function_name in self._begun else "w"  # what another run has left is not ours
        self._begun.add(entry.function_name)
        with (self._folder / f"{entry.function_name}.log").open(mode, encoding="utf-8") as file:
            file.write(entry.text)
        self._make_stream(entry.group, entry.stream)
        milliseconds = int(entry.at * 1000)
        events = [{"timestamp": milliseconds, "message": line + "\n"} for line in entry.text.splitlines()]
        self._logs.put_log_events(entry.group, entry.stream, events)
        for namespace, data in embedded_metrics.in_text(entry.text):
            embedded_metrics.store(self._account, self._region, namespace, data)

    def _make_stream(self, group: str, stream: str) -> None:
        """Make the stream, and the group too if the template has none, as Lambda does."""
        if (group, stream) in self._known:
            return
        if group not in self._logs.groups:
            try:
                self._logs.create_log_group(group, {})
            except ResourceAlreadyExistsException:
                log.debug("%s was made meanwhile", group)
        self._logs.create_log_stream(group, stream)
        self._known.add((group, stream))
