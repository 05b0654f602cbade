"""Changes to the sample manifest that scenarios need."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Manifest = dict[str, Any]
Change = Callable[[Manifest], None]
APPROVERS = {"approvers": ["approver@example.com"], "expires_after_seconds": 3600}
"""The rule of an environment that people are asked about; each story puts its own address in."""


def without_approval(manifest: Manifest) -> None:
    """Every environment is entered without asking anybody."""
    for environment in manifest["environments"]:
        environment["approval"] = None


def only_production(manifest: Manifest) -> None:
    """One environment, production, without approval."""
    manifest["environments"] = manifest["environments"][2:]
    without_approval(manifest)


def only_production_with_approval(manifest: Manifest) -> None:
    """One environment, production, with approval."""
    manifest["environments"] = manifest["environments"][2:]


def soaking_in_dev(manifest: Manifest) -> None:
    """No approval, and a soak of an hour between dev and what follows."""
    without_approval(manifest)
    manifest["environments"][0]["soak_seconds"] = 3600


def watched_by_an_alarm(manifest: Manifest) -> None:
    """One environment, production, with the alarm `<service>-errors`."""
    only_production(manifest)
    production = manifest["environments"][0]
    production["strategy"]["alarms"] = {"names": [f"{manifest['name']}-errors"]}
    production["watch_seconds"] = 300


def with_migration(manifest: Manifest, **more: Any) -> None:
    """One environment, production, whose deployment begins with a migration."""
    only_production(manifest)
    task = {"container": "app", "command": ["migrate"], "timeout_seconds": 30, **more}
    manifest["environments"][0]["before_deploy"] = task


def two_images(manifest: Manifest) -> None:
    """One environment, production, and two containers that are released together by tag."""
    only_production(manifest)
    name = manifest["name"]
    containers = manifest["task_definition"]["containerDefinitions"]
    worker = copy.deepcopy(containers[0])
    worker |= {
        "name": "worker",
        "portMappings": [],
        "dependsOn": [{"containerName": "app", "condition": "HEALTHY"}],
    }
    containers.append(worker)
    tags = {"semver": ">=1.0.0 <2.0.0"}
    manifest["containers"]["worker"] = {"repository": f"{name}-worker", "tags": tags}
    manifest["images"] = "same_tag"


def canary_in_production(*weights: float, maximum_seconds: int = 300, **settings: Any) -> Change:
    """One environment, production, without approval, with a canary of these weights and short durations.

    The sample service fills in target groups and listener rules when its load balancer exists. A metric
    period, a minute on AWS, takes a second here; a step that can be judged ends after a few of them, long
    before its maximum.
    """

    def change(manifest: Manifest) -> None:
        only_production(manifest)
        steps = [
            {"weight": each, "minimum_seconds": 2, "maximum_seconds": maximum_seconds}
            for each in weights or (50,)
        ]
        manifest["environments"][0]["strategy"] = {
            "name": "canary",
            "steps": steps,
            "warm_up_seconds": 1,
            "longest_seconds": 3600,
            "timeout_seconds": 120,
            **settings,
        }

    return change


def with_a_test_task(manifest: Manifest) -> None:
    """One environment, production, and a task among its checks."""
    only_production(manifest)
    check = {
        "kind": "task",
        "name": "integration",
        "container": "app",
        "command": ["test"],
        "timeout_seconds": 30,
    }
    manifest["environments"][0]["checks"].append(check)


def blue_green_in_production(*, tested_by_task: bool = False, **settings: Any) -> Change:
    """One environment, production, without approval, switched from blue to green; its checks are test checks.

    The sample service fills in listener rules, target groups and role when its load balancer exists. A minute
    of bake time takes a second here.
    """

    def change(manifest: Manifest) -> None:
        (with_a_test_task if tested_by_task else only_production)(manifest)
        production = manifest["environments"][0]
        production["strategy"] = {
            "name": "blue_green",
            "bake_minutes": 10,
            "hook_timeout_minutes": 60,
            "test_checks": [check["name"] for check in production["checks"]],
            **settings,
        }

    return change
