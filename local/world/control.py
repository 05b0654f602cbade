"""The HTTP control of the world, under ``/_world/``: what its users may decide, and what they may look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify, request
from moto.ecr.models import ecr_backends

from local import settings
from local.world.ecs.model import Service
from local.world.elb.routing import Request
from local.world.images import ImageBehaviour
from local.world.installation import Installation, present
from local.world.scaling.control import scaling

Answer = tuple[Response, int]
MUST = {
    "requests_per_second": "requests_per_second must be a number of at least 0",
    "sticky_share": "sticky_share must be a number from 0 to 1",
    "clients": "clients must be a whole number of at least 1",
    "visit_seconds": "visit_seconds must be a number above 0",
}
"""What may be said of a service's users: how many requests, and how clients behave that keep cookies."""


def routes(app: Flask) -> None:
    """Register the world's routes with a Flask application.

    ``/_world/images/<digest>``: GET, PUT a behaviour; POST ``…/archive``.
    ``/_world/layers/<digest>``: GET a layer or configuration, by an address that ECR has signed.
    ``/_world/traffic/<service>``: GET, PUT (see `MUST`), DELETE, the service by its name or as
    ``cluster/service``.
    ``/_world/scaling/<cluster>/<service>``: GET, PUT, as Application Auto Scaling would scale it.
    ``/_world/zones/<availability-zone>``: POST ``…/fail``, ``…/restore``.
    ``/_world/events``: POST an event of a service that this world has not, CloudTrail for instance.
    ``/_world/lb/<load-balancer-name>[:<port>]/<path>``: a request to a load balancer.
    """
    app.add_url_rule("/_world/images/<digest>", view_func=images, methods=["GET", "PUT"])
    app.add_url_rule("/_world/images/<digest>/archive", view_func=archive, methods=["POST"])
    app.add_url_rule("/_world/layers/<digest>", view_func=layer, methods=["GET"])
    app.add_url_rule("/_world/traffic/<path:service>", view_func=traffic, methods=["GET", "PUT", "DELETE"])
    app.add_url_rule("/_world/scaling/<cluster>/<service>", view_func=scaling, methods=["GET", "PUT"])
    app.add_url_rule("/_world/zones/<name>/fail", view_func=fail_zone, methods=["POST"])
    app.add_url_rule("/_world/zones/<name>/restore", view_func=restore_zone, methods=["POST"])
    app.add_url_rule("/_world/events", view_func=event, methods=["POST"])
    everything = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    for rule in ("/_world/lb/<balancer>", "/_world/lb/<balancer>/", "/_world/lb/<balancer>/<path:path>"):
        app.add_url_rule(rule, view_func=load_balancer, methods=everything)


def images(digest: str) -> Answer:
    """Show or decide how an image behaves."""
    world = present().world
    with world.lock:
        if request.method == "GET":
            return jsonify(_shown(world.images.get(digest))), 200
        try:
            behaviour = world.images.change(digest, request.get_json(force=True))
        except (TypeError, ValueError) as error:
            return jsonify({"message": str(error)}), 400
        return jsonify(_shown(behaviour)), 200


def archive(digest: str) -> Answer:
    """Archive an image wherever it is, as a lifecycle policy would."""
    installation = present()
    found = 0
    with installation.world.lock:
        for regions in ecr_backends.values():
            for backend in regions.values():
                for repository in backend.repositories.values():
                    for image in repository.images:
                        if image.get_image_digest() == digest:
                            installation.images.archive(image)
                            found += 1
    if not found:
        return jsonify({"message": f"no repository holds an image {digest}"}), 404
    return jsonify({"archived": found}), 200


def layer(digest: str) -> Response | Answer:
    """Give out a layer, as the address that GetDownloadUrlForLayer has signed does."""
    installation = present()
    with installation.world.lock:
        content = installation.layers.download(request.args.get("X-Amz-Signature", ""))
    if content is None:
        return jsonify({"message": f"the address of {digest} is not signed, or no longer"}), 403
    return Response(content, mimetype="application/octet-stream")


def fail_zone(name: str) -> Answer:
    """Let an Availability Zone fail."""
    installation = present()
    with installation.world.lock:
        return jsonify({"lost_tasks": installation.zones.fail(name)}), 200


def restore_zone(name: str) -> Answer:
    """Let an Availability Zone be used again."""
    installation = present()
    with installation.world.lock:
        installation.zones.restore(name)
    return jsonify({}), 200


def event() -> Answer:
    """Send an event in the name of a service of AWS, which PutEvents lets nobody do."""
    world, given, here = present().world, request.get_json(force=True), settings.current()
    with world.lock:
        place = (here.account, here.region)
        world.emit(place, given["source"], given["detail-type"], given["detail"])
    return jsonify({}), 200


def traffic(service: str) -> Answer:
    """Set, count or end the requests of a service's simulated users."""
    installation = present()
    body = request.get_json(force=True, silent=True) or {}
    with installation.world.lock:
        found = find_services(installation, service, body.get("cluster") or request.args.get("cluster"))
        if len(found) != 1:
            return _not_one(service, found)
        return _traffic_of(installation, found[0], body)


def _traffic_of(installation: Installation, service: Service, body: Mapping[str, Any]) -> Answer:
    if request.method == "DELETE":
        installation.traffic.delete(service)
        return jsonify({}), 200
    if request.method == "PUT":
        wrong = next((sentence for name, sentence in MUST.items() if not _is_right(name, body)), None)
        if wrong is not None:
            return jsonify({"message": wrong}), 400
        sticky = {name: body[name] for name in MUST if name in body and name != "requests_per_second"}
        found = installation.traffic.put(service, float(body["requests_per_second"]), **sticky)
        return jsonify(found.shown()), 200
    users = installation.traffic.get(service)
    if users is None:
        return jsonify({"message": f"nobody uses {service.cluster_name}/{service.name}"}), 404
    return jsonify(users.shown()), 200


def _is_right(name: str, body: Mapping[str, Any]) -> bool:
    """Whether a number of the users is there where it must be, and may be what it is."""
    value = body.get(name)
    if value is None:
        return name != "requests_per_second"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return False
    if name == "clients":
        return isinstance(value, int) and value >= 1
    return value <= 1 if name == "sticky_share" else name != "visit_seconds" or value > 0


def find_services(installation: Installation, name: str, cluster: str | None) -> list[Service]:
    """The services that a name, or cluster and name, may mean."""
    if "/" in name and not name.startswith("arn:"):
        cluster, name = name.split("/", 1)
    return [
        service
        for service in installation.ecs.services()
        if service.status == "ACTIVE"
        and name in {service.arn, service.name}
        and cluster in {None, service.cluster_name}
    ]


def _not_one(name: str, found: list[Service]) -> Answer:
    if not found:
        return jsonify({"message": f"there is no service {name}"}), 404
    options = ", ".join(sorted(f"{each.cluster_name}/{each.name}" for each in found))
    return jsonify({"message": f"several services are called {name}; say which: {options}"}), 409


def load_balancer(balancer: str, path: str = "") -> Response:
    """Answer as a listener of a load balancer does."""
    name, _, port = balancer.partition(":")
    asked = Request(
        path=f"/{path}",
        method=request.method,
        host=request.headers.get("host", ""),
        headers={key.lower(): value for key, value in request.headers.items()},
        query=dict(request.args),
    )
    installation = present()
    with installation.world.lock:
        reply = installation.front.answer(name, int(port) if port.isdigit() else None, asked)
    response = jsonify(reply.body)
    response.status_code = reply.status
    response.headers.extend(reply.headers)
    return response


def _shown(behaviour: ImageBehaviour) -> dict[str, Any]:
    shape = dict(vars(behaviour))
    shape["tasks"] = {name: vars(each) for name, each in behaviour.tasks.items()}
    return shape
