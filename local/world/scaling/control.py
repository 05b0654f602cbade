"""The world control of scaling: what no load in the world could bring about soon enough for a test."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from local.world.installation import Installation, present
from local.world.scaling.model import ScalableTarget

Answer = tuple[Response, int]


def scaling(cluster: str, service: str) -> Answer:
    """Show how a service scales, or let it be scaled as Application Auto Scaling would.

    ``desired`` asks for a number of tasks, as a policy does; ``metrics`` says what a predefined metric is
    from now on, by its type (null: what is measured); ``scheduled`` is a scheduled action with ``minimum``
    and ``maximum``. What is suspended does not happen, and the answer says so.
    """
    installation = present()
    with installation.world.lock:
        found = [
            target
            for target in installation.scaling.targets.values()
            if target.cluster_and_service == (cluster, service)
        ]
        if not found:
            return jsonify({"message": f"{cluster}/{service} does not scale by itself"}), 404
        if request.method == "GET":
            return jsonify(_shown(found[0])), 200
        return _change(installation, found[0], request.get_json(force=True))


def _change(installation: Installation, target: ScalableTarget, body: dict[str, Any]) -> Answer:
    done: dict[str, Any] = {}
    for name, value in (body.get("metrics") or {}).items():
        target.metrics.pop(name, None)
        if value is not None:
            target.metrics[name] = float(value)
    if "desired" in body:
        done = installation.tracking.scale(target, int(body["desired"]), "load")
    if action := body.get("scheduled"):
        done = installation.tracking.schedule(target, action.get("minimum"), action.get("maximum"))
    return jsonify({**_shown(target), **done}), 200


def _shown(target: ScalableTarget) -> dict[str, Any]:
    return {
        "minimum": target.minimum,
        "maximum": target.maximum,
        "suspended": target.suspended,
        "policies": sorted(target.policies),
        "metrics": target.metrics,
        "activities": target.activities,
    }
