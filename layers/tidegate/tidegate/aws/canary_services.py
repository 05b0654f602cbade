"""A service of Amazon ECS beside another one, made once and kept at no tasks between deployments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.aws.described import GONE, described_service
from tidegate.aws.errors import Answer, aws_call, aws_call_unless
from tidegate.domain.canary import canary_service
from tidegate.errors import Terminal, Transient

_COPIED = (
    *("availabilityZoneRebalancing", "enableECSManagedTags", "enableExecuteCommand"),
    *("healthCheckGracePeriodSeconds", "networkConfiguration", "placementConstraints", "placementStrategy"),
    "propagateTags",
)
"""What the canary service has as the stable one has it.

The role for the load balancer is left out, because the service-linked role takes its place, and so is Cloud
Map: whoever looks the stable service up there would otherwise find tasks of the canary, at any weight.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""
_CONFIGURATION = {
    "strategy": "ROLLING",
    "minimumHealthyPercent": 100,
    "maximumPercent": 200,
    # There is no older version to go back to. Consecutive failures alone would let an image that comes up
    # now and then be tried without end.
    "deploymentCircuitBreaker": {"enable": True, "rollback": False, "resetOnHealthyTask": False},
}


def create(
    ecs: Any,
    cluster: str,
    stable: str,
    canary: str,
    task_definition: str,
    target_groups: Mapping[str, str],
) -> None:
    """Make the canary service unless it is there; see `ports.Services.create_canary`."""
    if _exists(ecs, cluster, canary):
        return
    like = described_service(ecs, cluster, stable, tags=True)
    if like is None:
        raise Terminal(f"There is no active service {stable} in cluster {cluster} to make a canary of.")
    request = _request(like, target_groups)
    try:
        aws_call(
            ecs.create_service,
            cluster=cluster,
            serviceName=canary,
            taskDefinition=task_definition,
            desiredCount=0,
            deploymentConfiguration=_CONFIGURATION,
            **request,
        )
    except Terminal:
        # Two who make it at once, or a request that arrived twice: one of them is refused as not idempotent.
        if not _exists(ecs, cluster, canary):
            raise


def resize(ecs: Any, cluster: str, service: str, desired: int, task_definition: str | None) -> None:
    """Set the desired count of a canary service; see `ports.Services.resize`."""
    if service != canary_service(service.removesuffix("-canary")):
        raise Terminal(f"{service} is no canary service; its desired count is not Tidegate's to set.")
    found = described_service(ecs, cluster, service)
    if found is None and desired == 0:
        return
    wanted: dict[str, Any] = {"desiredCount": desired}
    if task_definition is not None:
        wanted["taskDefinition"] = task_definition
    if found is not None and desired > 0 and _given_up(found):
        # A deployment that the circuit breaker has ended starts no task any more, also not for a new count.
        wanted["forceNewDeployment"] = True
    missing = GONE if desired == 0 else ()
    aws_call_unless(missing, ecs.update_service, cluster=cluster, service=service, **wanted)


def _given_up(service: Answer) -> bool:
    """Whether it wants nothing now, and the last deployment failed: not one that fails at this moment."""
    states = [each.get("rolloutState") for each in service.get("deployments", [])]
    return service.get("desiredCount") == 0 and "FAILED" in states


def _exists(ecs: Any, cluster: str, service: str) -> bool:
    found = described_service(ecs, cluster, service)
    if found is not None and found["status"] == "DRAINING":
        raise Transient(f"Service {service} in cluster {cluster} is being deleted (ecs:CreateService)")
    return found is not None


def _request(stable: Answer, target_groups: Mapping[str, str]) -> dict[str, Any]:
    """What CreateService is asked for, in the image of the stable service."""
    _check(stable)
    request = {name: stable[name] for name in _COPIED if stable.get(name) not in (None, [], {})}
    request |= {"loadBalancers": _load_balancers(stable, target_groups), **_capacity(stable)}
    if connect := _service_connect(stable):
        request["serviceConnectConfiguration"] = connect
    tags = [tag for tag in stable.get("tags", []) if not tag["key"].lower().startswith("aws:")]
    return {**request, "tags": tags} if tags else request


def _check(stable: Answer) -> None:
    """Refuse what cannot be had twice, or what would get requests past the weights."""
    name, primary = stable["serviceName"], _primary(stable)
    controller = stable.get("deploymentController", {}).get("type", "ECS")
    problems = {
        f"its deployment controller is {controller}, not ECS": controller != "ECS",
        "it runs one task on every instance (DAEMON)": stable.get("schedulingStrategy") == "DAEMON",
        "its tasks get Amazon EBS volumes, which a canary would get anew and empty": bool(
            primary.get("volumeConfigurations")
        ),
        "it gets requests from VPC Lattice, where Tidegate gives no weights": bool(
            primary.get("vpcLatticeConfigurations")
        ),
    }
    if found := [sentence for sentence, holds in problems.items() if holds]:
        raise Terminal(f"Service {name} cannot have a canary beside it: {'; '.join(found)}.")


def _load_balancers(stable: Answer, target_groups: Mapping[str, str]) -> list[dict[str, Any]]:
    """The canary's own target groups; a group that is not named does not get to know the canary."""
    kept = ("containerName", "containerPort")
    found = [
        {"targetGroupArn": target_groups[each["targetGroupArn"]], **{name: each[name] for name in kept}}
        for each in stable.get("loadBalancers", [])
        if each.get("targetGroupArn") in target_groups
    ]
    if len(found) != len(target_groups):
        raise Terminal(
            f"Service {stable['serviceName']} cannot have a canary beside it: its tasks are not registered "
            f"in {', '.join(sorted(target_groups))}."
        )
    return found


def _capacity(stable: Answer) -> dict[str, Any]:
    """Capacity providers or a launch type, as ECS refuses both at once; for Fargate, which version of it."""
    capacity: dict[str, Any]
    if stable.get("capacityProviderStrategy"):
        capacity = {"capacityProviderStrategy": stable["capacityProviderStrategy"]}
    else:
        capacity = {"launchType": stable.get("launchType", "EC2")}
    if stable.get("platformVersion"):
        capacity["platformVersion"] = stable["platformVersion"]
    return capacity


def _service_connect(stable: Answer) -> dict[str, Any]:
    """Service Connect as a client only: it knows no weights, so a canary in it would get its full share.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts.html
    """
    connect: dict[str, Any] = _primary(stable).get("serviceConnectConfiguration") or {}
    if not connect.get("enabled"):
        return {}
    return {name: value for name, value in connect.items() if name != "services"}


def _primary(service: Answer) -> Answer:
    deployments: list[Answer] = service.get("deployments", [])
    return next((each for each in deployments if each.get("status") == "PRIMARY"), {})
