"""What the demo pushes, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Scenario:
    """One push and what should become of it.

    Attributes:
        name: A sentence.
        tag: The image tag that is pushed.
        behaviour: How the image's containers behave.
        expected: The outcome that a person would want.
    """

    name: str
    tag: str
    expected: str
    behaviour: dict[str, Any] = field(default_factory=dict)


SCENARIOS = (
    Scenario("a good release", "1.1.0", "succeeded", {"starts": True, "error_rate": 0.0}),
    Scenario("tasks that crash", "1.2.0", "rolled_back", {"starts": False, "exit_code": 1}),
    Scenario(
        "a release that serves errors",
        "1.3.0",
        "rolled_back",
        {"starts": True, "error_rate": 1.0, "http": {"/health": 200}},
    ),
)
