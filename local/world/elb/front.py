"""The HTTP front of the simulated load balancers, for checks that make real requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.world.elb import routing, wiring
from local.world.elb.targets import Targets
from local.world.world import World

VERSION_HEADER = "x-tidegate-version"


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Front:
    """Answers requests as the listeners, rules and targets of a load balancer would."""

    def __init__(self, world: World, targets: Targets) -> None:
        self._world = world
        self._targets = targets

    def answer(self, name: str, port: int | None, request: routing.Request) -> Reply:
        """The response to one request; call it under the world's lock."""
        found = routing.find_listener(name, port)
        if found is None:
            return Reply(404, {"message": f"no listener of a load balancer {name} on port {port or 'any'}"})
        _, listener = found
        rule = routing.rule_for(listener, request)
        for action in rule.actions:
            data = getattr(action, "data", action)
            if data.get("Type") == "fixed-response":
                config = data.get("FixedResponseConfig") or {}
                return Reply(int(config.get("StatusCode", 200)), {"message": config.get("MessageBody", "")})
            if data.get("Type") == "redirect":
                return _redirect(data.get("RedirectConfig") or {}, request)
        return self._forward(wiring.weights_of(rule.actions), request)

    def _forward(self, weights: Mapping[str, int], request: routing.Request) -> Reply:
        group = routing.pick_group(weights, self._world.random)
        targets = routing.serving(self._targets, group) if group else []
        if not targets:
            return Reply(503, {"message": "Service Temporarily Unavailable"})
        task = self._world.random.choice(targets).task
        if not routing.ready(task, self._world.now()):
            return Reply(502, {"message": "Bad Gateway"})
        container = task.main_container
        behaviour = container.behaviour
        status = behaviour.http.get(request.path)
        if status is None:
            status = 500 if self._world.random.random() < behaviour.error_rate else 200
        body = {
            "status": "ok" if status < 400 else "error",
            "path": request.path,
            "version": container.digest,
        }
        return Reply(status, body, {VERSION_HEADER: container.digest or "", "x-tidegate-task": task.id})


def _redirect(config: Mapping[str, Any], request: routing.Request) -> Reply:
    status = 301 if config.get("StatusCode") == "HTTP_301" else 302
    target = str(config.get("Path") or "/#{path}").replace("#{path}", request.path.lstrip("/"))
    return Reply(status, {}, {"location": target})
