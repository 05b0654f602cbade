"""Fakes of what Tidegate only reads: the registry, target health, alarms, logs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tests.support.fakes.fake import Fake
from tidegate.domain.images import ImageRef
from tidegate.domain.scan import ImageScan
from tidegate.domain.service import Target
from tidegate.domain.workload import TargetState
from tidegate.errors import Terminal


class FakeRegistry(Fake):
    """`pushed` maps repositories to images, one per tag; `scans` and `labelled` map (repository, digest)."""

    def __init__(self) -> None:
        super().__init__()
        self.pushed: dict[str, list[ImageRef]] = {}
        self.scans: dict[tuple[str, str], ImageScan] = {}
        self.labelled: dict[tuple[str, str], dict[str, str]] = {}

    def push(
        self, repository: str, tag: str | None, digest: str, at: datetime, scan: ImageScan | None = None
    ) -> ImageRef:
        """Push an image: its tag moves to it, as in a repository with mutable tags."""
        moved = [
            replace(image, tag=None) if tag is not None and image.tag == tag else image
            for image in self.pushed.get(repository, [])
        ]
        image = ImageRef(repository, digest, tag, at)
        self.pushed[repository] = [*moved, image]
        if scan is not None:
            self.scans[repository, digest] = scan
        return image

    def archive(self, repository: str, digest: str, status: str = "ARCHIVED") -> None:
        """Give every entry of an image another image status."""
        self.pushed[repository] = [
            replace(image, status=status) if image.digest == digest else image
            for image in self.pushed[repository]
        ]

    def image(
        self, target: Target, repository: str, *, tag: str | None = None, digest: str | None = None
    ) -> ImageRef | None:
        if (tag is None) == (digest is None):
            raise Terminal("An image is looked up by its tag or by its digest: exactly one of them.")
        found = [
            image
            for image in self.pushed.get(repository, [])
            if (image.tag == tag if tag is not None else image.digest == digest)
        ]
        return max(found, key=lambda image: (image.tag is not None, image.pushed_at), default=None)

    def images(self, target: Target, repository: str) -> tuple[ImageRef, ...]:
        images = self.pushed.get(repository, [])
        return tuple(image for image in images if image.tag is not None and image.status == "ACTIVE")

    def scan(self, target: Target, repository: str, digest: str) -> ImageScan:
        return self.scans.get((repository, digest), ImageScan(status=None))

    def labels(self, target: Target, repository: str, digest: str) -> dict[str, str]:
        return dict(self.labelled.get((repository, digest), {}))

    def uri(self, target: Target, repository: str) -> str:
        return f"{target.account}.dkr.ecr.{target.region}.amazonaws.com/{repository}"


class FakeTargetGroups(Fake):
    """`targets` maps target-group ARNs to the states of their targets."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: dict[str, tuple[TargetState, ...]] = {}

    def health(self, target: Target, target_group: str) -> tuple[TargetState, ...]:
        if target_group not in self.targets:
            raise Terminal(f"TargetGroupNotFound: there is no target group {target_group}.")
        return self.targets[target_group]


class FakeAlarms(Fake):
    """`known` maps alarm names to their states."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, str] = {}

    def states(self, target: Target, names: Sequence[str]) -> dict[str, str]:
        return {name: self.known[name] for name in names if name in self.known}


class FakeLogs(Fake):
    """`streams` maps (group, stream) to lines."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[tuple[str, str], list[str]] = {}

    def tail(self, target: Target, group: str, stream: str, lines: int = 20) -> tuple[str, ...]:
        return tuple(self.streams.get((group, stream), [])[-lines:])
