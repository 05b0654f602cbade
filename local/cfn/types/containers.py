"""ECR repositories, ECS clusters, task definitions and services, load balancers and their scaling.

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


def _full_name(arn: str, kind: str) -> str:
    """The last part of an ARN, by which CloudWatch knows the resource."""
    return arn.partition(f":{kind}/")[2]


class _LoadBalancer(ApiType):
    """A load balancer with its attributes."""

    def create(self, request: Request) -> Made:
        made = super().create(request)
        attributes = request.properties.get("LoadBalancerAttributes")
        if attributes:
            request.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=made.physical_id, Attributes=attributes
            )
        full = _full_name(made.physical_id, "loadbalancer")
        return Made(made.physical_id, {**made.attributes, "LoadBalancerFullName": full})


TYPES["AWS::ElasticLoadBalancingV2::LoadBalancer"] = _LoadBalancer(
    service="elbv2",
    create_method="create_load_balancer",
    ref="LoadBalancers.0.LoadBalancerArn",
    attributes={
        "LoadBalancerArn": "LoadBalancers.0.LoadBalancerArn",
        "DNSName": "LoadBalancers.0.DNSName",
        "CanonicalHostedZoneID": "LoadBalancers.0.CanonicalHostedZoneId",
        "LoadBalancerName": "LoadBalancers.0.LoadBalancerName",
    },
    name="Name",
    longest_name=32,
    ignored=("LoadBalancerAttributes",),
    delete_method="delete_load_balancer",
    delete_argument="LoadBalancerArn",
)


class _TargetGroup(ApiType):
    """A target group with its attributes, and the full name that metrics carry as an attribute."""

    def create(self, request: Request) -> Made:
        made = super().create(request)
        self._settle(request, made)
        full = f"targetgroup/{_full_name(made.physical_id, 'targetgroup')}"
        return Made(made.physical_id, {**made.attributes, "TargetGroupFullName": full})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        updated = super().update(request, made, before)
        self._settle(request, updated)
        return updated

    def _settle(self, request: Request, made: Made) -> None:
        attributes = request.properties.get("TargetGroupAttributes")
        if attributes:
            request.client("elbv2").modify_target_group_attributes(
                TargetGroupArn=made.physical_id, Attributes=attributes
            )
        targets = request.properties.get("Targets")
        if targets:
            plain = {"TargetGroupArn": made.physical_id, "Targets": targets}
            request.client("elbv2").register_targets(**shapes.arguments("elbv2", "register_targets", plain))


TYPES["AWS::ElasticLoadBalancingV2::TargetGroup"] = _TargetGroup(
    service="elbv2",
    create_method="create_target_group",
    ref="TargetGroups.0.TargetGroupArn",
    attributes={
        "TargetGroupArn": "TargetGroups.0.TargetGroupArn",
        "TargetGroupName": "TargetGroups.0.TargetGroupName",
    },
    name="Name",
    longest_name=32,
    update_method="modify_target_group",
    update_argument="TargetGroupArn",
    delete_method="delete_target_group",
    delete_argument="TargetGroupArn",
    ignored=("TargetGroupAttributes", "Targets"),
    replaced_by=("Name", "Port", "Protocol", "VpcId", "TargetType"),
)
api_type(
    "AWS::ElasticLoadBalancingV2::Listener",
    service="elbv2",
    create_method="create_listener",
    ref="Listeners.0.ListenerArn",
    attributes={"ListenerArn": "Listeners.0.ListenerArn"},
    update_method="modify_listener",
    update_argument="ListenerArn",
    delete_method="delete_listener",
    delete_argument="ListenerArn",
    ignored=("ListenerAttributes",),
    replaced_by=("LoadBalancerArn",),
)
api_type(
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    service="elbv2",
    create_method="create_rule",
    ref="Rules.0.RuleArn",
    attributes={"RuleArn": "Rules.0.RuleArn"},
    update_method="modify_rule",
    update_argument="RuleArn",
    delete_method="delete_rule",
    delete_argument="RuleArn",
    replaced_by=("ListenerArn",),
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
