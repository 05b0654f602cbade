"""Watching a release from outside, through the AWS APIs alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from local.sample.place import ENVIRONMENTS, STACK, Place


@dataclass(frozen=True)
class Ending:
    """How an execution ended: the outcome and the reason of its output, or of its cause when it ended red."""

    status: str
    outcome: str
    reason: str


def executions(place: Place, machine: str) -> list[str]:
    """ARNs of a machine's executions, newest first."""
    states = place.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=place.machine(machine))
    return [each["executionArn"] for page in pages for each in page["executions"]]


def ending(place: Place, execution: str) -> Ending | None:
    """How it ended; None while it runs."""
    found = place.client("stepfunctions").describe_execution(executionArn=execution)
    if found["status"] == "RUNNING":
        return None
    try:
        said = json.loads(found.get("output") or found.get("cause") or "{}")
    except ValueError:
        said = {}
    outcome = str(said.get("outcome") or found.get("error") or found["status"])
    return Ending(found["status"], outcome, str(said.get("reason") or found.get("cause") or ""))


def states_entered(place: Place, execution: str) -> list[str]:
    """Names of the states that an execution has entered, in order."""
    states = place.client("stepfunctions")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [
        event["stateEnteredEventDetails"]["name"]
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]


def running_digests(
    place: Place, service: str, environments: tuple[str, ...] = ENVIRONMENTS, container: str = "app"
) -> dict[str, str]:
    """Environment to the digest that its running tasks report; several, joined, while they differ."""
    ecs = place.client("ecs")
    found: dict[str, str] = {}
    for environment in environments:
        arns = ecs.list_tasks(cluster=environment, serviceName=service, desiredStatus="RUNNING")["taskArns"]
        tasks: list[dict[str, Any]] = (
            ecs.describe_tasks(cluster=environment, tasks=arns)["tasks"] if arns else []
        )
        digests = {
            each["imageDigest"]
            for task in tasks
            for each in task["containers"]
            if task["lastStatus"] == "RUNNING" and each["name"] == container and each.get("imageDigest")
        }
        found[environment] = " + ".join(sorted(digests)) or "nothing"
    return found


def requests(place: Place, service: str) -> tuple[int, int]:
    """What the simulated users have asked so far: requests, and those that failed."""
    seen = place.world("GET", f"/traffic/prod/{service}")
    total = seen.get("total", seen)
    return int(total.get("requests", 0)), int(total.get("bad_requests", 0)) + int(total.get("lost", 0))


def status_link(place: Place) -> str:
    """A link to the status pages that opens once, as `tidegate open` gets it."""
    payload = json.dumps({"by": "demo"})
    answer = place.client("lambda").invoke(FunctionName=f"{STACK}-open_session", Payload=payload)
    return str(json.loads(answer["Payload"].read())["url"])
