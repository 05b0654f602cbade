"""ECR repositories, ECS clusters, task definitions and services, and their scaling.

All of them go through the API, because behind it the simulated world keeps what moto does not.
"""

from __future__ import annotations

import json

from local.cfn import shapes
from local.cfn.api_type import ApiType, api_type
from local.cfn.resources import TYPES, Made, Request, changed, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json


@resource_type("AWS::ECR::Repository")
class Repository:
    """A repository with its policies."""

    def create(self, request: Request) -> Made:
        """Create it."""
        name = request.properties.get("RepositoryName") or request.name(256, lower=True)
        plain = request.without("LifecyclePolicy", "RepositoryPolicyText", "EmptyOnDelete")
        arguments = shapes.arguments("ecr", "create_repository", {**plain, "RepositoryName": name})
        made = request.client("ecr").create_repository(**arguments)["repository"]
        self._settle(request, name)
        return Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change scanning, tag mutability and policies."""
        replace_on(request, before, "RepositoryName", "EncryptionConfiguration")
        ecr, name = request.client("ecr"), made.physical_id
        if changed(request, before, "ImageTagMutability"):
            mutability = request.properties.get("ImageTagMutability", "MUTABLE")
            ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability)
        if changed(request, before, "ImageScanningConfiguration"):
            scanning = request.properties.get("ImageScanningConfiguration", {"ScanOnPush": False})
            plain = {"RepositoryName": name, "ImageScanningConfiguration": scanning}
            ecr.put_image_scanning_configuration(
                **shapes.arguments("ecr", "put_image_scanning_configuration", plain)
            )
        self._settle(request, name)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it; with images in it only if the template says so."""
        force = str(request.properties.get("EmptyOnDelete", "")).lower() == "true"
        ignoring_missing(
            request.client("ecr").delete_repository, repositoryName=made.physical_id, force=force
        )

    def _settle(self, request: Request, name: str) -> None:
        policy = request.properties.get("RepositoryPolicyText")
        if policy:
            text = policy if isinstance(policy, str) else json.dumps(policy)
            request.client("ecr").set_repository_policy(repositoryName=name, policyText=text)
        lifecycle = request.properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
        if lifecycle:
            request.client("ecr").put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle)


api_type(
    "AWS::ECS::Cluster",
    service="ecs",
    create_method="create_cluster",
    ref="cluster.clusterName",
    attributes={"Arn": "cluster.clusterArn"},
    name="ClusterName",
    update_method="update_cluster",
    update_argument="Cluster",
    delete_method="delete_cluster",
    delete_argument="cluster",
    replaced_by=("ClusterName",),
)
api_type(
    "AWS::ECS::TaskDefinition",
    service="ecs",
    create_method="register_task_definition",
    ref="taskDefinition.taskDefinitionArn",
    attributes={"TaskDefinitionArn": "taskDefinition.taskDefinitionArn"},
    name="Family",
    delete_method="deregister_task_definition",
    delete_argument="taskDefinition",
)


class Service(ApiType):
    """An ECS service; its API wants the cluster in every call."""

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change it in place where ECS can."""
        replace_on(request, before, "ServiceName", "Cluster", "LaunchType", "SchedulingStrategy", "Role")
        known = shapes.members("ecs", "update_service")
        plain = {key: value for key, value in request.properties.items() if key in known}
        plain |= {"Service": made.attributes["Name"], "Cluster": request.properties.get("Cluster", "default")}
        if not changed(request, before, "DesiredCount"):
            plain.pop("DesiredCount", None)  # scaling may have changed it since
        request.client("ecs").update_service(**shapes.arguments("ecs", "update_service", plain))
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it with its tasks."""
        delete, cluster = request.client("ecs").delete_service, request.properties.get("Cluster", "default")
        ignoring_missing(delete, cluster=cluster, service=made.physical_id, force=True)


TYPES["AWS::ECS::Service"] = Service(
    service="ecs",
    create_method="create_service",
    ref="service.serviceArn",
    attributes={"Name": "service.serviceName", "ServiceArn": "service.serviceArn"},
    name="ServiceName",
)


@resource_type("AWS::ApplicationAutoScaling::ScalableTarget")
class ScalableTarget:
    """Something that may be scaled; registering it again changes it."""

    def create(self, request: Request) -> Made:
        """Register it."""
        arguments = shapes.arguments(
            "application-autoscaling", "register_scalable_target", request.without("ScheduledActions")
        )
        request.client("application-autoscaling").register_scalable_target(**arguments)
        names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
        return Made("|".join(request.properties[name] for name in names))

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:  # noqa: ARG002
        """Register it anew."""
        replace_on(request, before, "ResourceId", "ScalableDimension", "ServiceNamespace")
        return self.create(request)

    def delete(self, request: Request, made: Made) -> None:
        """Deregister it."""
        resource, dimension, namespace = made.physical_id.split("|")
        ignoring_missing(
            request.client("application-autoscaling").deregister_scalable_target,
            ResourceId=resource,
            ScalableDimension=dimension,
            ServiceNamespace=namespace,
        )
