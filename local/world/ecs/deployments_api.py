"""Service deployments and service revisions: list, describe, stop."""

from __future__ import annotations

from typing import Any

from local.world.binding import Call
from local.world.ecs.deployments import STOPPED_BY_USER
from local.world.ecs.engine import Ecs
from local.world.ecs.model import Service, ServiceDeployment
from local.world.ecs.paging import page
from local.world.ecs.shapes import revision_shape, service_deployment_brief, service_deployment_shape
from local.world.ecs.store import EcsError, invalid

Answer = dict[str, Any]


class DeploymentsApi:
    """The service-deployment operations of the ECS API."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def list(self, call: Call) -> Answer:
        """ListServiceDeployments, the newest first; a new one may be missing for a moment."""
        service = self._ecs.store(call.place).service(call.get("cluster"), call.params["service"])
        statuses = call.get("status", [])
        between = call.get("createdAt", {})
        found = [
            service_deployment_brief(service, each)
            for each in reversed(service.service_deployments)
            if (not statuses or each.status in statuses)
            and _within(each, between)
            and not self._ecs.too_new(service, each.created_at)
        ]
        return page(call, "serviceDeployments", found, default=20)

    def describe(self, call: Call) -> Answer:
        """DescribeServiceDeployments."""
        arns = call.get("serviceDeploymentArns", [])
        if len(arns) > 20:
            raise invalid("serviceDeploymentArns should have at most 20 items.")
        shown, failures = [], []
        for arn in arns:
            found = self._ecs.store(call.place).service_deployment(arn)
            if found is None:
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                shown.append(service_deployment_shape(*found))
        return {"serviceDeployments": shown, "failures": failures}

    def revisions(self, call: Call) -> Answer:
        """DescribeServiceRevisions."""
        arns = call.get("serviceRevisionArns", [])
        if len(arns) > 20:
            raise invalid("serviceRevisionArns should have at most 20 items.")
        found = {arn: self._ecs.store(call.place).revision(arn) for arn in arns}
        return {
            "serviceRevisions": [revision_shape(*each) for each in found.values() if each],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn, each in found.items() if not each],
        }

    def stop(self, call: Call) -> Answer:
        """StopServiceDeployment: only a rollback is supported; it needs no rollback configuration.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
        """
        service, deployment = self.open_deployment(call)
        if call.get("stopType", "ROLLBACK") != "ROLLBACK":
            raise invalid("The only valid value for stopType is ROLLBACK.")
        if deployment.finished or deployment.rolling_back:
            raise EcsError(
                "ConflictException",
                f"The service deployment cannot be stopped because it is in the {deployment.status} state.",
            )
        deployment.status = "ROLLBACK_REQUESTED"
        deployment.stopped_at = self._ecs.world.today()
        self._ecs.deployments.touch(deployment)
        self._ecs.world.later(self._ecs.world.around(5), self._roll_back, service, deployment)
        return {"serviceDeploymentArn": deployment.arn}

    def proceed(self, call: Call) -> Answer:
        """ContinueServiceDeployment: answer a pause hook; without an action it continues.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
        """
        service, deployment = self.open_deployment(call)
        wanted = call.params["hookId"]
        run = next((each for each in deployment.hooks if each.id == wanted), None)
        if run is None:
            raise invalid(f"The hook {wanted} was not found in the service deployment.")
        if run.status != "AWAITING_ACTION" or deployment.finished:
            raise invalid(f"The hook {wanted} is not awaiting an action; its status is {run.status}.")
        self._ecs.hooks.decide(service, deployment, run, call.get("action", "CONTINUE"))
        return {"serviceDeploymentArn": deployment.arn}

    def open_deployment(self, call: Call) -> tuple[Service, ServiceDeployment]:
        """The service deployment that a call names.

        Raises:
            EcsError: ServiceDeploymentNotFoundException.
        """
        found = self._ecs.store(call.place).service_deployment(call.params["serviceDeploymentArn"])
        if found is None:
            raise EcsError("ServiceDeploymentNotFoundException", "Service deployment not found.")
        return found

    def _roll_back(self, service: Service, deployment: ServiceDeployment) -> None:
        if deployment.finished:
            return
        primary = service.primary
        if primary is not None:
            primary.rollout_state = "FAILED"
            primary.rollout_state_reason = "ECS deployment failed: stopped by StopServiceDeployment."
        self._ecs.strategy_roll_back(service, STOPPED_BY_USER)
        self._ecs.scheduler.poke(service)


def _within(deployment: ServiceDeployment, between: dict[str, Any]) -> bool:
    after, before = between.get("after"), between.get("before")
    created = deployment.created_at
    return (after is None or created > after) and (before is None or created < before)
