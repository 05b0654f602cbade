"""ECS objects in the shape in which the ECS API shows them."""

from __future__ import annotations

from typing import Any

from local.world.ecs.model import Deployment, HookRun, Revision, Service, ServiceDeployment
from local.world.ecs.task_model import Task

Shape = dict[str, Any]

PENDING_STATUSES = ("PROVISIONING", "PENDING", "ACTIVATING")

COPIED_TO_SERVICE = (
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "placementConstraints",
    "placementStrategy",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "deploymentController",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
)
COPIED_TO_DEPLOYMENT = (
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)
COPIED_TO_REVISION = (
    *COPIED_TO_DEPLOYMENT,
    "loadBalancers",
    "serviceRegistries",
)


def present(shape: Shape) -> Shape:
    """The shape without the members that are None, which AWS leaves out."""
    return {name: value for name, value in shape.items() if value is not None}


def counts(tasks: list[Task]) -> tuple[int, int]:
    """How many of these tasks are running and how many are pending."""
    running = sum(task.last_status in {"RUNNING", "DEACTIVATING"} for task in tasks)
    pending = sum(task.wanted and task.last_status in PENDING_STATUSES for task in tasks)
    return running, pending


def deployment_shape(service: Service, deployment: Deployment) -> Shape:
    """An element of ``deployments`` of a service."""
    running, pending = counts(service.tasks_of(deployment))
    wanted = service.desired_count if deployment.status == "PRIMARY" else 0
    settings = deployment.revision.settings
    return present(
        {
            "id": deployment.id,
            "status": deployment.status,
            "taskDefinition": deployment.task_definition.arn,
            "desiredCount": wanted,
            "pendingCount": pending,
            "runningCount": running,
            "failedTasks": deployment.failed_tasks,
            "createdAt": deployment.created_at,
            "updatedAt": deployment.updated_at,
            "rolloutState": deployment.rollout_state,
            "rolloutStateReason": deployment.rollout_state_reason,
            **{name: settings.get(name) for name in COPIED_TO_DEPLOYMENT},
        }
    )


def service_shape(service: Service) -> Shape:
    """A service as DescribeServices shows it, with its tags."""
    running, pending = counts(service.tasks)
    current = service.current
    live = [each for each in service.deployments if service.tasks_of(each)]
    return present(
        {
            "serviceArn": service.arn,
            "serviceName": service.name,
            "clusterArn": service.cluster_arn,
            "status": service.status,
            "desiredCount": service.desired_count,
            "runningCount": running,
            "pendingCount": pending,
            "taskDefinition": service.task_definition.arn if service.task_definition else None,
            "loadBalancers": service.load_balancers,
            "serviceRegistries": service.settings.get("serviceRegistries") or [],
            "deployments": [deployment_shape(service, each) for each in service.deployments],
            "events": list(service.events),
            "createdAt": service.created_at,
            "createdBy": service.created_by,
            "roleArn": service.settings.get("roleArn"),
            "tags": service.tags,
            "currentServiceDeployment": current.arn if current else None,
            "currentServiceRevisions": [revision_counts(service, each.revision) for each in live],
            **{name: service.settings.get(name) for name in COPIED_TO_SERVICE},
        }
    )


def revision_counts(service: Service, revision: Revision) -> Shape:
    """A revision with the numbers of its tasks, as services and service deployments show it."""
    tasks = [task for task in service.tasks if task.deployment and task.deployment.revision is revision]
    running, pending = counts(tasks)
    primary = service.primary
    wanted = service.desired_count if primary and primary.revision is revision else 0
    return {
        "arn": revision.arn,
        "requestedTaskCount": wanted,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def service_deployment_shape(service: Service, deployment: ServiceDeployment) -> Shape:
    """A service deployment as DescribeServiceDeployments shows it."""

    def with_weights(revision: Revision) -> Shape:
        return revision_counts(service, revision) | deployment.weights.get(revision.arn, {})

    breaker, alarms = deployment.breaker, deployment.alarms
    return present(
        {
            **service_deployment_brief(service, deployment),
            "targetServiceRevisionArn": None,
            "stoppedAt": deployment.stopped_at,
            "updatedAt": deployment.updated_at,
            "sourceServiceRevisions": [with_weights(each) for each in deployment.sources],
            "targetServiceRevision": with_weights(deployment.target),
            "lifecycleStage": deployment.lifecycle_stage,
            "lifecycleHookDetails": [hook_shape(each) for each in deployment.hooks] or None,
            "deploymentConfiguration": deployment.configuration,
            "rollback": deployment.rollback,
            "deploymentCircuitBreaker": {
                "status": breaker.status,
                "failureCount": breaker.failure_count,
                "threshold": breaker.threshold,
            },
            "alarms": {
                "status": alarms.status,
                "alarmNames": alarms.names,
                "triggeredAlarmNames": alarms.triggered,
            },
        }
    )


def hook_shape(run: HookRun) -> Shape:
    """A run of a lifecycle hook as DescribeServiceDeployments shows it."""
    return present(
        {
            "hookId": run.id,
            "targetType": run.kind,
            "targetArn": run.specification.get("hookTargetArn"),
            "status": run.status,
            "expiresAt": run.expires_at,
            "timeoutAction": run.timeout_action,
        }
    )


def service_deployment_brief(service: Service, deployment: ServiceDeployment) -> Shape:
    """A service deployment as ListServiceDeployments shows it."""
    return present(
        {
            "serviceDeploymentArn": deployment.arn,
            "serviceArn": service.arn,
            "clusterArn": service.cluster_arn,
            "createdAt": deployment.created_at,
            "startedAt": deployment.started_at,
            "finishedAt": deployment.finished_at,
            "targetServiceRevisionArn": deployment.target.arn,
            "status": deployment.status,
            "statusReason": deployment.status_reason,
        }
    )


def revision_shape(service: Service, revision: Revision) -> Shape:
    """A service revision as DescribeServiceRevisions shows it."""
    return present(
        {
            "serviceRevisionArn": revision.arn,
            "serviceArn": service.arn,
            "clusterArn": service.cluster_arn,
            "taskDefinition": revision.task_definition_arn,
            "containerImages": revision.container_images,
            "guardDutyEnabled": False,
            "resolvedConfiguration": {"loadBalancers": [_resolved(each) for each in revision.targets]},
            "createdAt": revision.created_at,
            **{name: revision.settings.get(name) for name in COPIED_TO_REVISION},
        }
    )


def _resolved(target: Shape) -> Shape:
    advanced = target.get("advancedConfiguration") or {}
    return present(
        {
            "targetGroupArn": target.get("targetGroupArn"),
            "productionListenerRule": advanced.get("productionListenerRule"),
        }
    )
