"""Manifests whose production has a canary or is switched from blue to green."""

import copy
from typing import Any

from tests.unit.contracts.manifests import changed, example

PLACE = "arn:aws:elasticloadbalancing:us-east-1:123456789012"


def rule(name: str) -> str:
    """The ARN of a listener rule."""
    return f"{PLACE}:listener-rule/app/checkout/50dc6c49/f2f7dc8e/{name}"


def group(name: str) -> str:
    """The ARN of a target group."""
    return f"{PLACE}:targetgroup/{name}/6d0ecf83"


CANARY: dict[str, Any] = {
    "name": "canary",
    "steps": [{"weight": 1}, {"weight": 5.5, "minimum_seconds": 60}, {"weight": 50}],
    "listener_rules": [rule("9683b2d0")],
    "target_group": group("stable"),
    "canary_target_group": group("canary"),
}
BLUE_GREEN: dict[str, Any] = {
    "name": "blue_green",
    "production_rule": rule("9683b2d0"),
    "test_rule": rule("a1b2c3d4"),
    "target_groups": [group("one"), group("two")],
    "infrastructure_role": "arn:aws:iam::123456789012:role/shift",
    "test_url": "https://checkout.example.com:8443",
    "test_checks": ["smoke"],
}


def with_strategy(strategy: dict[str, Any]) -> dict[str, Any]:
    """The checkout example with this strategy in production, which has a check by HTTP and one by task."""
    checks = [
        {"kind": "http", "name": "smoke", "url": "https://checkout.example.com/"},
        {"kind": "task", "name": "deep", "container": "app", "command": ["check"]},
    ]
    return changed(
        example("checkout"),
        ("environments.2.strategy", copy.deepcopy(strategy)),
        ("environments.2.checks", checks),
    )
