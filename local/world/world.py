"""One simulated world: its clock, its chance, its lock, and the way out for its events."""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from moto.sns.models import sns_backends

from local.world.clock import Clock, ManualClock, RealClock, Timer
from local.world.images import ImageBook
from local.world.settings import WorldSettings

log = logging.getLogger(__name__)


class Publish(Protocol):
    """Where the world's events go: the EventBridge default bus of an account and region."""

    def __call__(  # noqa: D102
        self,
        source: str,
        detail_type: str,
        detail: dict[str, Any],
        resources: Sequence[str] = (),
        *,
        account: str,
        region: str,
    ) -> object: ...


def _drop(
    source: str,
    detail_type: str,
    detail: dict[str, Any],  # noqa: ARG001
    resources: Sequence[str] = (),  # noqa: ARG001
    *,
    account: str,  # noqa: ARG001
    region: str,  # noqa: ARG001
) -> None:
    log.debug("nobody listens to %s %s", source, detail_type)


class World:
    """The state that everything in the world shares.

    Every change happens under ``lock``: API calls take it, and so does every callback of the clock.
    Events leave outside of it, because delivering one may call an API of the world again.
    """

    def __init__(
        self,
        settings: WorldSettings | None = None,
        *,
        publish: Publish | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or WorldSettings()
        self.clock = clock or RealClock()
        self.random = random.Random(self.settings.seed)  # noqa: S311 - chance, not secrecy
        self.lock = threading.RLock()
        self.images = ImageBook()
        self.publish: Publish = publish or _drop
        self._outbox: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._last_event_at = 0.0
        self._sender: threading.Thread | None = None
        if not isinstance(self.clock, ManualClock):
            self._sender = threading.Thread(target=self._send, name="world-events", daemon=True)
            self._sender.start()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock.now()

    def today(self) -> datetime:
        """Now, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now(), tz=UTC)

    def scaled(self, aws_seconds: float) -> float:
        """Real seconds for a time that AWS imposes."""
        return aws_seconds / self.settings.time_scale

    def around(self, aws_seconds: float) -> float:
        """Like ``scaled``, a quarter more or less."""
        if not self.settings.habits.timing_jitter:
            return self.scaled(aws_seconds)
        return self.scaled(aws_seconds) * self.random.uniform(0.75, 1.25)

    def later(self, seconds: float, action: Callable[..., object], *arguments: object) -> Timer:
        """Do something under the lock, that many real seconds from now."""

        def locked() -> None:
            with self.lock:
                action(*arguments)

        return self.clock.call_later(seconds, locked)

    def emit(
        self,
        place: tuple[str, str],
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:
        """Send an event to the default bus of an account and region, in the order of the calls."""
        account, region = place

        def send() -> None:
            self.publish(source, detail_type, dict(detail), resources, account=account, region=region)

        late = self.settings.habits.event_delay and self.settings.event_delay_seconds
        delay = self.random.uniform(0.2, 1.0) * late if late else 0.0
        self._last_event_at = max(self._last_event_at + 0.001, self.now() + delay)
        self._hand_out(self._last_event_at - self.now(), send)

    def send_to_topic(self, arn: str, subject: str, message: str) -> None:
        """Publish to an SNS topic, outside of the lock; a topic that does not exist is passed over."""
        _, _, _, region, account, name = arn.split(":", 5)

        def send() -> None:
            backend = sns_backends[account][region]
            if arn in backend.topics:
                backend.publish(message=message, arn=arn, subject=subject)
            else:
                log.warning("an alarm wanted to publish to %s, which does not exist", name)

        self._hand_out(0.0, send)

    def _hand_out(self, wait: float, send: Callable[[], None]) -> None:
        def enqueue() -> None:
            self._outbox.put(send)

        self.clock.call_later(wait, send if self._sender is None else enqueue)

    def close(self) -> None:
        """Let the world's time stop."""
        self.clock.close()
        self._outbox.put(None)

    def _send(self) -> None:
        while (send := self._outbox.get()) is not None:
            try:
                send()
            except Exception:
                # An event that cannot be delivered must not keep the next one.
                log.exception("an event of the world could not be published")
