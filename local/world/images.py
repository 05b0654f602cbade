"""What every image does once it runs: the one thing about the world that its users may decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True)
class OneOffTask:
    """How a command that an image runs as a task of its own ends."""

    exit_code: int = 0
    seconds: float = 0.5


@dataclass(frozen=True)
class ImageBehaviour:
    """How the containers of one image behave. The defaults are those of a good image.

    Attributes:
        starts: False: the container exits before its task has reached RUNNING.
        healthy_after_s: Real seconds from start to the first answered request; None: never.
        error_rate: Share of the requests answered with a 500.
        slow_share: Share of the requests that take a second or more.
        scan: Findings by severity that an image scan reports.
        exit_code: With which code the container exits when it exits (1 in place of 0 if it fails).
        crash_after_s: Real seconds after RUNNING at which the container exits; None: it does not.
        scan_supported: False: the scan ends as UNSUPPORTED_IMAGE.
        scan_seconds: Real seconds that a scan takes, where they are to differ from the usual ones.
        findings: Named findings; where they are given, ``scan`` is counted from them.
        http: Status codes by path; a path that is not named answers 200, or 500 by the error rate.
        tasks: How one-off tasks end, by the first word of their command.
        stops_gracefully: False: requests in flight at SIGTERM are lost.
    """

    starts: bool = True
    healthy_after_s: float | None = 0.4
    error_rate: float = 0.0
    slow_share: float = 0.0
    scan: Mapping[str, int] = field(default_factory=dict)
    exit_code: int = 0
    crash_after_s: float | None = None
    scan_supported: bool = True
    scan_seconds: float | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    http: Mapping[str, int] = field(default_factory=dict)
    tasks: Mapping[str, OneOffTask] = field(default_factory=dict)
    stops_gracefully: bool = True

    def failing_exit_code(self) -> int:
        """The code with which a container of this image exits when it fails."""
        return self.exit_code or 1

    def changed(self, changes: Mapping[str, Any]) -> ImageBehaviour:
        """This behaviour with some fields set anew.

        Raises:
            ValueError: A field is unknown or has a value that makes no sense; names the field.
        """
        known = {item.name for item in fields(self)}
        for name in changes:
            if name not in known:
                raise ValueError(f"{name} is no field of an image; known are {', '.join(sorted(known))}")
        cleaned = dict(changes)
        for name in ("error_rate", "slow_share"):
            if name in cleaned and not 0 <= float(cleaned[name]) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1")
        if "tasks" in cleaned:
            cleaned["tasks"] = {name: OneOffTask(**how) for name, how in cleaned["tasks"].items()}
        if "findings" in cleaned:
            cleaned["findings"] = tuple(cleaned["findings"])
        return replace(self, **cleaned)


class ImageBook:
    """The behaviour of every image, by digest; an unknown digest is a good image."""

    def __init__(self) -> None:
        self._behaviours: dict[str, ImageBehaviour] = {}
        self._listeners: list[Callable[[str], None]] = []

    def get(self, digest: str) -> ImageBehaviour:
        """The behaviour of the image with this digest."""
        return self._behaviours.get(digest, ImageBehaviour())

    def put(self, digest: str, behaviour: ImageBehaviour) -> None:
        """Decide how an image behaves from now on, in tasks that run already too."""
        self._behaviours[digest] = behaviour
        for listener in self._listeners:
            listener(digest)

    def change(self, digest: str, changes: Mapping[str, Any]) -> ImageBehaviour:
        """Set some fields of an image's behaviour anew and return the whole of it.

        Raises:
            ValueError: The changes make no sense; names the field.
        """
        behaviour = self.get(digest).changed(changes)
        self.put(digest, behaviour)
        return behaviour

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Have a function called with the digest whenever a behaviour changes."""
        self._listeners.append(listener)
