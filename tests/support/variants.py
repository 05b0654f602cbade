"""Changes to the sample manifest that scenarios need."""

from __future__ import annotations

import copy
from typing import Any

Manifest = dict[str, Any]


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
