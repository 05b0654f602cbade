"""CreateService, UpdateService, DeleteService, DescribeServices, ListServices."""

from __future__ import annotations

from typing import Any

from local.world.binding import Call
from local.world.ecs import service_settings
from local.world.ecs.engine import Ecs
from local.world.ecs.model import Service
from local.world.ecs.paging import page
from local.world.ecs.shapes import service_shape
from local.world.ecs.store import EcsError, EcsStore, invalid

Answer = dict[str, Any]


class ServicesApi:
    """The service operations of the ECS API."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def create(self, call: Call) -> Answer:
        """CreateService."""
        store = self._ecs.store(call.place)
        cluster = store.cluster(call.get("cluster"))
        name = call.get("serviceName")
        if not name:
            raise invalid("Service name must not be blank.")
        existing = store.services.get((cluster.name, name))
        if existing and existing.status == "DRAINING":
            raise invalid("Unable to Start a service that is still Draining.")
        if existing and existing.status == "ACTIVE":
            raise invalid("Creation of service was not idempotent.")
        service_settings.check(call.place, call.params)
        definition = store.task_definition(call.get("taskDefinition"))
        if definition.network_mode == "awsvpc" and not call.get("networkConfiguration"):
            raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        service = Service(
            arn=store.arn("service", cluster.name, name),
            name=name,
            cluster_arn=cluster.arn,
            place=call.place,
            created_at=self._ecs.world.today(),
            created_by=f"arn:aws:iam::{call.account}:root",
            desired_count=int(call.get("desiredCount", 0)),
            task_definition=definition,
            settings=service_settings.new_settings(call.params),
            tags=list(call.get("tags", [])),
        )
        store.services[cluster.name, name] = service
        self._ecs.deployments.begin(service)
        self._ecs.scheduler.poke(service)
        return {"service": service_shape(service)}

    def update(self, call: Call) -> Answer:
        """UpdateService. Without a change to what runs, nothing is deployed unless that is forced."""
        store = self._ecs.store(call.place)
        service = store.service(call.get("cluster"), call.params["service"], active=True)
        service_settings.check(call.place, call.params)
        wanted = call.get("taskDefinition")
        definition = store.task_definition(wanted) if wanted else service.task_definition
        self._ecs.remember_view(service)
        deploy = service_settings.apply(service.settings, call.params)
        deploy = (
            deploy or bool(call.get("forceNewDeployment")) or definition.arn != service.task_definition.arn
        )
        service.task_definition = definition
        if call.get("desiredCount") is not None:
            service.desired_count = int(call.params["desiredCount"])
        if deploy:
            self._ecs.deployments.begin(service)
        self._ecs.scheduler.poke(service)
        return {"service": service_shape(service)}

    def delete(self, call: Call) -> Answer:
        """DeleteService: DRAINING until its tasks have stopped, then INACTIVE."""
        store = self._ecs.store(call.place)
        service = store.service(call.get("cluster"), call.params["service"])
        if service.status != "ACTIVE":
            raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
        if service.desired_count > 0 and not call.get("force"):
            raise invalid("The service cannot be stopped while it is scaled above 0.")
        self._ecs.remember_view(service)
        service.status, service.desired_count = "DRAINING", 0
        current = service.current
        if current is not None:
            self._ecs.deployments.finish(current, "STOPPED", "Service deployment stopped: service deleted.")
        self._ecs.scheduler.poke(service)
        return {"service": service_shape(service)}

    def describe(self, call: Call) -> Answer:
        """DescribeServices: for a moment after a change it may tell of the time before."""
        store = self._ecs.store(call.place)
        store.cluster(call.get("cluster"), active=False)
        if not call.get("services"):
            raise invalid("Services cannot be empty.")
        if len(call.params["services"]) > 10:
            raise invalid("Services should have at most 10 items.")
        shown, failures = [], []
        for wanted in call.params["services"]:
            service = store.find_service(call.get("cluster", "default"), wanted)
            if service is None:
                cluster = str(call.get("cluster", "default")).rsplit("/", 1)[-1]
                arn = wanted if wanted.startswith("arn:") else store.arn("service", cluster, wanted)
                failures.append({"arn": arn, "reason": "MISSING"})
                continue
            shape = self._ecs.view(service)
            if "TAGS" not in call.get("include", []):
                shape = {name: value for name, value in shape.items() if name != "tags"}
            shown.append(shape)
        return {"services": shown, "failures": failures}

    def list(self, call: Call) -> Answer:
        """ListServices."""
        store = self._ecs.store(call.place)
        cluster = store.cluster(call.get("cluster"), active=False)
        found = [
            service.arn
            for (name, _), service in sorted(store.services.items())
            if name == cluster.name and service.status != "INACTIVE" and _fits(service, call)
        ]
        return page(call, "serviceArns", found, default=10)

    def find(self, store: EcsStore, arn: str) -> Service | None:
        """A service by its ARN, for the tagging operations."""
        return next((each for each in store.services.values() if each.arn == arn), None)


def _fits(service: Service, call: Call) -> bool:
    asked = {"launchType": call.get("launchType"), "schedulingStrategy": call.get("schedulingStrategy")}
    return all(value is None or service.settings.get(name) == value for name, value in asked.items())
