"""Publish events in the name of AWS services, which nobody can do through PutEvents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local.events.router import Router, new_event
from local.timers import Timers

_router: Router | None = None


def start(time_scale: float) -> Router:
    """Make the router of this process."""
    global _router  # noqa: PLW0603 - one process serves one local cloud
    _router = Router(Timers("events"), time_scale)
    return _router


def router() -> Router:
    """The router of this process.

    Raises:
        RuntimeError: It has not been started.
    """
    if _router is None:
        raise RuntimeError("EventBridge has not been started.")
    return _router


def publish(
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    resources: Iterable[str] = (),
    *,
    account: str,
    region: str,
) -> str:
    """Put an event on the default bus, as an AWS service does.

    Args:
        source: `aws.ecs`, `aws.ecr`, …
        detail_type: As documented by the service.
        detail: JSON object.
        resources: ARNs that the event is about.
        account: Account in which it happens.
        region: Region in which it happens.

    Returns:
        The event's id.
    """
    event = new_event(source, detail_type, detail, list(resources), account, region)
    router().accept(event)
    return str(event["id"])


def execution_changed(detail: dict[str, Any]) -> None:
    """Publish a change of a state machine's execution.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    arn = str(detail["executionArn"])
    _, _, _, region, account, *_ = arn.split(":")
    publish(
        "aws.states", "Step Functions Execution Status Change", detail, [arn], account=account, region=region
    )
