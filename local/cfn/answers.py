"""How the CloudFormation API shows stacks, resources and events."""

from __future__ import annotations

from local.cfn import parameters
from local.cfn.stacks import Event, Resource, Stack
from local.cfn.template import Json


def stack(one: Stack) -> dict[str, Json]:
    """A stack as DescribeStacks shows it."""
    shown = {
        "StackId": one.identifier,
        "StackName": one.name,
        "Description": one.source.get("Description"),
        "CreationTime": one.created,
        "LastUpdatedTime": one.updated,
        "DeletionTime": one.deleted,
        "StackStatus": one.status,
        "StackStatusReason": one.reason or None,
        "DisableRollback": False,
        "EnableTerminationProtection": one.protected,
        "NotificationARNs": [],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": parameters.shown(one.source, name, _text(value))}
            for name, value in one.parameters.items()
        ],
        "Outputs": [
            {
                "OutputKey": output.key,
                "OutputValue": output.value,
                **({"Description": output.description} if output.description else {}),
                **({"ExportName": output.export} if output.export else {}),
            }
            for output in one.outputs
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in one.tags.items()],
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    return {key: value for key, value in shown.items() if value is not None}


def summary(one: Stack) -> dict[str, Json]:
    """A stack as ListStacks shows it."""
    wanted = {"StackId", "StackName", "CreationTime", "LastUpdatedTime", "DeletionTime", "StackStatus"}
    described = {key: value for key, value in stack(one).items() if key in wanted | {"DriftInformation"}}
    return {**described, "TemplateDescription": one.source.get("Description", "")}


def resource(owner: Stack, one: Resource) -> dict[str, Json]:
    """A resource as DescribeStackResources shows it."""
    shown = {
        "StackName": owner.name,
        "StackId": owner.identifier,
        "LogicalResourceId": one.logical_id,
        "PhysicalResourceId": one.physical_id,
        "ResourceType": one.type,
        "Timestamp": one.timestamp,
        "LastUpdatedTimestamp": one.timestamp,
        "ResourceStatus": one.status,
        "ResourceStatusReason": one.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    return {key: value for key, value in shown.items() if value is not None}


def event(one: Event) -> dict[str, Json]:
    """An event as DescribeStackEvents shows it."""
    shown = {
        "StackId": one.stack_id,
        "EventId": one.identifier,
        "StackName": one.stack,
        "LogicalResourceId": one.logical_id,
        "PhysicalResourceId": one.physical_id,
        "ResourceType": one.type,
        "Timestamp": one.timestamp,
        "ResourceStatus": one.status,
        "ResourceStatusReason": one.reason or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _text(value: Json) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
