"""Which target a request reaches: rules, weights, target health, fail-open."""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.elbv2.models import elbv2_backends

from local.world.ecs.task_model import Task
from local.world.elb import wiring
from local.world.elb.targets import Target, Targets

IN_SERVICE = {"healthy"}
FAIL_OPEN = {"unhealthy", "initial"}


@dataclass(frozen=True)
class Request:
    """What the rules of a listener look at."""

    path: str
    method: str = "GET"
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


def find_listener(name: str, port: int | None) -> tuple[wiring.Place, Any] | None:
    """A listener by its load balancer's name; without a port the one on 80, on 443, or the first."""
    for account, regions in elbv2_backends.items():
        for region, backend in regions.items():
            for balancer in backend.load_balancers.values():
                if balancer.name != name:
                    continue
                listeners = {int(each.port): each for each in balancer.listeners.values()}
                wanted = [port] if port is not None else [80, 443, *sorted(listeners)]
                found = next((listeners[each] for each in wanted if each in listeners), None)
                return None if found is None else ((account, region), found)
    return None


def rule_for(listener: Any, request: Request) -> Any:
    """The first rule, by priority, all of whose conditions the request meets; at last the default rule."""
    rules = sorted(
        listener.rules.values(), key=lambda rule: float("inf") if rule.is_default else float(rule.priority)
    )
    return next(rule for rule in rules if all(_meets(request, each) for each in rule.conditions))


def _meets(request: Request, condition: Mapping[str, Any]) -> bool:
    kind = condition.get("Field")
    if kind == "path-pattern":
        return _like(request.path, _values(condition, "PathPatternConfig"))
    if kind == "host-header":
        return _like(request.host.lower(), _values(condition, "HostHeaderConfig"))
    if kind == "http-request-method":
        return request.method in _values(condition, "HttpRequestMethodConfig")
    if kind == "http-header":
        config = condition.get("HttpHeaderConfig") or {}
        name = str(config.get("HttpHeaderName", "")).lower()
        return name in request.headers and _like(request.headers[name], config.get("Values") or [])
    if kind == "query-string":
        config = condition.get("QueryStringConfig") or {}
        pairs = config.get("Values") or []
        return any(_pair_matches(request.query, pair) for pair in pairs)
    # Source addresses all lie behind the same loopback here.
    return True


def _pair_matches(query: Mapping[str, str], pair: Mapping[str, str]) -> bool:
    names = [pair["Key"]] if pair.get("Key") else list(query)
    return any(name in query and fnmatch.fnmatchcase(query[name], pair["Value"]) for name in names)


def _values(condition: Mapping[str, Any], config: str) -> list[str]:
    return list((condition.get(config) or {}).get("Values") or condition.get("Values") or [])


def _like(value: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def pick_group(weights: Mapping[str, int], chance: random.Random) -> str | None:
    """A target group by the weights; None where all are 0."""
    if not sum(weights.values()):
        return None
    return chance.choices(list(weights), list(weights.values()))[0]


def serving(targets: Targets, group: str) -> list[Target]:
    """The targets of a group that get requests: the healthy ones, or, where there are none, all of them.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    registered = targets.of_group(group)
    healthy = [each for each in registered if each.state in IN_SERVICE]
    return healthy or [each for each in registered if each.state in FAIL_OPEN]


def ready(task: Task, now: float) -> bool:
    """Whether something in the task listens and answers."""
    behaviour = task.main_container.behaviour
    if not task.alive or behaviour.healthy_after_s is None or task.running_since is None:
        return False
    return now - task.running_since >= behaviour.healthy_after_s
