"""Task definitions: rendered from a template, compared with what is registered, read back as a template.

What runs is always the template of a manifest revision, plus an environment's overrides, plus the digests of
a release; never an edited copy of what ran before.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tidegate.domain.images import is_digest, parse_image
from tidegate.domain.service import Overrides

Definition: TypeAlias = Mapping[str, Any]

ADDED_BY_ECS = frozenset(
    {
        *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
        *("registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt"),
    }
)
"""Fields that DescribeTaskDefinition returns and RegisterTaskDefinition does not take.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
"""

_TASK_DEFAULTS: Definition = {"enableFaultInjection": False}
_CONTAINER_DEFAULTS: Definition = {
    "cpu": 0,
    "essential": True,
    "disableNetworking": False,
    "interactive": False,
    "privileged": False,
    "pseudoTerminal": False,
    "readonlyRootFilesystem": False,
    "versionConsistency": "enabled",
}
_HEALTH_CHECK_DEFAULTS: Definition = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
_EFS_DEFAULTS: Definition = {"rootDirectory": "/", "transitEncryption": "DISABLED"}


def render(
    template: Definition,
    overrides: Overrides,
    images: Mapping[str, str],
    family: str,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """Make a complete request of RegisterTaskDefinition; equal input gives an equal request.

    Args:
        template: The template of the manifest.
        overrides: What the environment changes. A variable that the template gives in the other kind, plain
            instead of secret or the reverse, is replaced.
        images: Fed container to its image, pinned by digest.
        family: The family to register in.
        tags: Tags to put on the task definition; they win over those of the template.

    Raises:
        ValueError: an image is not pinned, is for no container of the template, or is missing.
    """
    _check_images(template, images)
    request = copy.deepcopy(dict(template))
    request["family"] = family
    for name in ("cpu", "memory"):
        _set(request, name, getattr(overrides, name))
    _set(request, "taskRoleArn", overrides.task_role_arn)
    _set(request, "executionRoleArn", overrides.execution_role_arn)
    for container in request["containerDefinitions"]:
        name = container["name"]
        _set(container, "image", images.get(name))
        _override_variables(container, overrides.environment.get(name, {}), overrides.secrets.get(name, {}))
    merged = {tag["key"]: tag.get("value", "") for tag in template.get("tags", ())} | dict(tags)
    _set(request, "tags", [{"key": key, "value": merged[key]} for key in sorted(merged)] or None)
    return request


def images_of(definition: Definition) -> dict[str, str]:
    """Container name to its image, for the containers that have one."""
    return {
        container["name"]: container["image"]
        for container in definition.get("containerDefinitions", ())
        if container.get("image")
    }


def fingerprint(definition: Definition) -> str:
    """SHA-256, in hexadecimal, of what a task definition makes ECS do.

    A rendered request and the description of what was registered from it have the same fingerprint: what ECS
    adds and fills in, the order of what has none, and tags are left out of account.
    """
    text = json.dumps(normalised(definition), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def normalised(definition: Definition) -> dict[str, Any]:
    """A task definition without defaults, empty values, tags and what ECS adds; sorted where it may be."""
    kept = {key: value for key, value in definition.items() if key not in ADDED_BY_ECS and key != "tags"}
    plain: dict[str, Any] = _without_defaults(json.loads(json.dumps(kept)), _TASK_DEFAULTS)
    mode = plain.get("networkMode")
    _sort(plain, "requiresCompatibilities", str)
    _sort(plain, "containerDefinitions", lambda item: str(item.get("name")))
    _sort(plain, "volumes", lambda item: str(item.get("name")))
    for volume in plain.get("volumes", ()):
        if "efsVolumeConfiguration" in volume:
            efs = volume["efsVolumeConfiguration"]
            volume["efsVolumeConfiguration"] = _without_defaults(efs, _EFS_DEFAULTS)
    containers = plain.get("containerDefinitions", [])
    plain["containerDefinitions"] = [_normalised_container(container, mode) for container in containers]
    kept_values: dict[str, Any] = _without_empty(plain)
    return kept_values


def _normalised_container(container: Definition, network_mode: str | None) -> dict[str, Any]:
    plain = _without_defaults(container, _CONTAINER_DEFAULTS)
    if "healthCheck" in plain:
        plain["healthCheck"] = _without_defaults(plain["healthCheck"], _HEALTH_CHECK_DEFAULTS)
    for mapping in plain.get("portMappings", ()):
        own = mapping.get("containerPort") if network_mode in ("awsvpc", "host") else 0
        if mapping.get("hostPort") == own:
            del mapping["hostPort"]
        if mapping.get("protocol") == "tcp":
            del mapping["protocol"]
    for key in ("mountPoints", "volumesFrom"):
        plain[key] = [_without_defaults(item, {"readOnly": False}) for item in plain.get(key, ())]
    for key in ("environment", "secrets", "ulimits"):
        _sort(plain, key, lambda item: str(item.get("name")))
    for key in ("portMappings", "dependsOn", "mountPoints", "volumesFrom"):
        _sort(plain, key, lambda item: json.dumps(item, sort_keys=True))
    return plain


def _check_images(template: Definition, images: Mapping[str, str]) -> None:
    names = {container["name"] for container in template["containerDefinitions"]}
    for name, image in images.items():
        if name not in names:
            raise ValueError(f"the task definition has no container {name} for the image {image}")
        if not is_digest(parse_image(image).digest or ""):
            raise ValueError(f"the image {image} of container {name} is not pinned by digest")
    for container in template["containerDefinitions"]:
        if not container.get("image") and container["name"] not in images:
            raise ValueError(f"there is no image for container {container['name']}")


def _override_variables(
    container: dict[str, Any], environment: Mapping[str, str], secrets: Mapping[str, str]
) -> None:
    """Put an environment's variables over those of the template, sorted by name."""
    plain = {item["name"]: item["value"] for item in container.get("environment", ())}
    secret = {item["name"]: item["valueFrom"] for item in container.get("secrets", ())}
    plain = {name: value for name, value in plain.items() if name not in secrets} | dict(environment)
    secret = {name: value for name, value in secret.items() if name not in environment} | dict(secrets)
    container["environment"] = [{"name": name, "value": plain[name]} for name in sorted(plain)]
    container["secrets"] = [{"name": name, "valueFrom": secret[name]} for name in sorted(secret)]
    for key in ("environment", "secrets"):
        if not container[key]:
            del container[key]


def _set(target: dict[str, Any], key: str, value: object) -> None:
    if value is not None:
        target[key] = value


def _sort(target: dict[str, Any], key: str, by: Callable[[Any], str]) -> None:
    if target.get(key):
        target[key] = sorted(target[key], key=by)


def _without_defaults(values: Definition, defaults: Definition) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in defaults or value != defaults[key]}


def _without_empty(value: Any) -> Any:
    """The value without null, empty lists and empty objects inside it; empty strings stay."""
    if isinstance(value, dict):
        inner = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in (None, [], {})}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value
