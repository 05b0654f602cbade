"""What the demo pushes, in order, and how production is deployed to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REQUESTS_PER_SECOND = 6000
"""A metric period, a minute on AWS, takes a second here: evidence gathers as with 100 requests a second."""
USUAL_ERROR_RATE = 0.001
WEIGHTS = (10, 50, 95)


@dataclass(frozen=True)
class Scenario:
    """One push and what should become of it.

    Attributes:
        name: A sentence.
        tag: The image tag that is pushed.
        behaviour: How the image's containers behave.
        expected: The outcome that a person would want.
        judged: Whether the judge of the canary is to return it.
    """

    name: str
    tag: str
    expected: str
    behaviour: dict[str, Any] = field(default_factory=dict, hash=False)
    judged: bool = False


SCENARIOS = (
    Scenario("a good release", "1.1.0", "succeeded", {"starts": True, "error_rate": USUAL_ERROR_RATE}),
    Scenario("tasks that crash", "1.2.0", "rolled_back", {"starts": False, "exit_code": 1}),
    Scenario(
        "a release that serves errors",
        "1.3.0",
        "rolled_back",
        {"starts": True, "error_rate": 1.0, "http": {"/health": 200}},
    ),
    Scenario(
        "a release that fails eight times as often",
        "1.4.0",
        "rolled_back",
        {"starts": True, "error_rate": 8 * USUAL_ERROR_RATE, "http": {"/": 200, "/health": 200}},
        judged=True,
    ),
)


def canary_in_production(manifest: dict[str, Any]) -> None:
    """Let production get its releases by a canary; the sample service fills in its load balancer's ARNs."""
    production = next(each for each in manifest["environments"] if each.get("production"))
    production["strategy"] = {
        "name": "canary",
        "steps": [{"weight": weight, "minimum_seconds": 3, "maximum_seconds": 25} for weight in WEIGHTS],
        "warm_up_seconds": 1,
        "when_inconclusive": "wait",
        "longest_seconds": 300,
        "timeout_seconds": 120,
    }
