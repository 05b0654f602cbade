"""The one Lambda runtime of this process: made at the start of the local cloud, reached from everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.runtime.asynchronous import EventQueue, find_function
from local.runtime.code import CodeStore
from local.runtime.errors import RefusedError
from local.runtime.forks import ForkServer
from local.runtime.instance import Instance
from local.runtime.logs import LogWriter
from local.runtime.pool import Pool
from local.runtime.service import LambdaService, Result
from local.runtime.sessions import Sessions
from local.timers import Timers

if TYPE_CHECKING:
    from pathlib import Path

    from local.runtime.environment import Deployed
    from local.settings import Settings


@dataclass
class Runtime:
    """Everything that runs functions."""

    service: LambdaService
    queue: EventQueue
    sessions: Sessions
    timers: Timers
    pool: Pool
    _forks: ForkServer
    _writer: LogWriter

    def invoke(self, function_arn: str, payload: bytes) -> Result:
        """Run a function and wait for it.

        Raises:
            RefusedError: There is no such function, or it is throttled, or the event is too large.
        """
        function = find_function(function_arn)
        if function is None:
            raise RefusedError(404, "ResourceNotFoundException", f"Function not found: {function_arn}")
        return self.service.run(function, payload)

    def invoke_later(self, function_arn: str, payload: bytes) -> str:
        """Queue an event for a function.

        Raises:
            RefusedError: There is no such function, or the event is too large.
        """
        return self.queue.put(function_arn, payload)

    def is_at_work(self, function_arn: str, payload: bytes) -> bool:
        """Whether a function has such a queued event that it has not finished."""
        return self.queue.is_at_work(function_arn, payload)

    def close(self) -> None:
        """End all environments."""
        self.timers.close()
        self.pool.close()
        self._forks.close()
        self._writer.close()


_current: Runtime | None = None


def start(settings: Settings, build: Path, forks: ForkServer) -> Runtime:
    """Put the runtime together.

    Args:
        settings: Port, account, region and time scale of the local cloud.
        build: Folder for unpacked archives and logs.
        forks: A running fork server.
    """
    global _current  # noqa: PLW0603 - one process serves one local cloud
    sessions = Sessions(settings.account, settings.region)

    def new_instance(function: Deployed) -> Instance:
        session = sessions.of(function.name, find_role(function))
        return Instance(function, session, settings.endpoint, forks)

    pool = Pool(new_instance)
    writer = LogWriter(settings.account, settings.region, build / "logs")
    service = LambdaService(pool, CodeStore(build), writer)
    timers = Timers("lambda")
    queue = EventQueue(service, timers, settings.time_scale)
    _current = Runtime(service, queue, sessions, timers, pool, forks, writer)
    return _current


def find_role(function: Deployed) -> str:
    """The execution role of a function."""
    found = find_function(function.arn)
    return str(found.role) if found is not None else ""


def current() -> Runtime:
    """The runtime of this process.

    Raises:
        RuntimeError: It has not been started.
    """
    if _current is None:
        raise RuntimeError("The Lambda runtime has not been started.")
    return _current
