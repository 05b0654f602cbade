"""What AWS asks IAM for one request: its own action on each of its resources, and what follows from it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from tests.support.permissions.policies import Check, listed
from tests.support.permissions.reference import Action, ResourceType, action, action_of

HOME = {"Partition": "aws", "Region": "us-east-1", "Account": "123456789012"}
# A placeholder of the reference to the parameters that say it, where the names differ.
NAMED = {
    "ClusterName": ("cluster",),
    "ServiceName": ("service", "services", "serviceName"),
    "TaskId": ("task", "tasks"),
    "TaskDefinitionFamilyName": ("family",),
    "RepositoryName": ("repositoryName", "repositoryNames"),
    "AlarmName": ("AlarmName", "AlarmNames"),
    "BucketName": ("bucket_name", "Bucket"),
    "ObjectName": ("key_name", "Key"),
    "ScheduleName": ("Name",),
}
# What nobody can know before the call has made it.
UNKNOWN = {"TaskDefinitionRevisionNumber": "0"}
MADE_UP = {*UNKNOWN.values(), "any"}
"""What stands in the ARNs of checks for a part that nobody knows yet."""
ROLES = ("taskRoleArn", "executionRoleArn", "roleArn", "RoleArn")
# Which service gets the role that a call passes on:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
PASSED_TO = {"ecs": "ecs.amazonaws.com", "scheduler": "scheduler.amazonaws.com"}
TASKS = "ecs-tasks.amazonaws.com"
# https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
SCALES = ("ecs:DescribeServices", "ecs:UpdateService")
TRACKS = ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms")
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
NESTED_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
NESTED = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


def checks_of(
    request: dict[str, Any], *, waits: bool = False, keys: dict[str, str] | None = None
) -> list[Check]:
    """Every question that AWS asks IAM about the caller of one request.

    Args:
        request: As recorded: service, action, parameters.
        waits: Whether the caller is a state machine that waits for the executions it starts.
        keys: Topics and buckets with the key that encrypts them.
    """
    asked = action_of(request["service"], request["action"])
    parameters = request["parameters"]
    context = _context(asked, parameters)
    own = [Check(asked.name, arn, context) for arn in resources_of(asked, parameters)]
    return [
        *own,
        *_passed_roles(request),
        *_tags(asked, own, parameters),
        *_encryption(asked, parameters, keys or {}),
        *_scaling(asked, parameters),
        *(_nested(own) if waits and asked.name == "states:StartExecution" else ()),
    ]


def resources_of(asked: Action, parameters: dict[str, Any]) -> list[str]:
    """The ARNs that a request is about; `*` where it names none."""
    given = [one for value in parameters.values() for one in listed(value) if isinstance(one, str)]
    found = {
        kind.name: [one for one in given if one.startswith("arn:") and kind.fits(one)] for kind in asked.types
    }
    if asked.name == "dynamodb:Query" and "IndexName" in parameters:  # an index is a resource of its own
        found.pop("table")
    known = _known(asked, parameters, found)
    direct = {tuple(kind.placeholders) for kind in asked.types if found.get(kind.name)}
    for kind in asked.types:
        if kind.name in found and not found[kind.name] and tuple(kind.placeholders) not in direct:
            found[kind.name] = _built(kind, known)
    return sorted({arn for arns in found.values() for arn in arns}) or ["*"]


def _known(asked: Action, parameters: dict[str, Any], found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Placeholders with their values, from parameters and from ARNs of the request."""
    values: dict[str, list[str]] = {name: [value] for name, value in (HOME | UNKNOWN).items()}
    for kind in asked.types:
        for arn in found.get(kind.name, []):
            for name, value in _parts(kind, arn).items():
                values.setdefault(name, []).append(value)
    plain = {name.lower().replace("_", ""): value for name, value in parameters.items()}
    for kind in asked.types:
        for name in kind.placeholders:
            sources = [source.lower().replace("_", "") for source in NAMED.get(name, (name,))]
            for value in (one for source in sources for one in listed(plain.get(source, []))):
                if name not in values or name not in HOME:
                    values.setdefault(name, []).append(_last_part(value, name))
    return values


def _parts(kind: ResourceType, arn: str) -> dict[str, str]:
    pattern = re.sub(r"\\\$\\\{(\w+)\\\}", r"(?P<\1>[^:/]*)", re.escape(kind.arn))
    match = re.fullmatch(pattern, arn)
    return match.groupdict() if match else {}


def _last_part(value: str, name: str) -> str:
    if name in {"ObjectName", "ResourceId", "RepositoryName", "LogGroupName", "LogStreamName"}:
        return value
    return value.rpartition("/")[2] if value.startswith("arn:") else value


def _built(kind: ResourceType, known: dict[str, list[str]]) -> list[str]:
    names = list(dict.fromkeys(kind.placeholders))
    if not all(name in known for name in names):
        return []
    choices = [list(dict.fromkeys(known[name])) for name in names]
    arns = []
    for values in itertools.product(*choices):
        arn = kind.arn
        for name, value in zip(names, values, strict=True):
            arn = arn.replace(f"${{{name}}}", value)
        arns.append(arn)
    return arns


def _context(asked: Action, parameters: dict[str, Any]) -> dict[str, str]:
    """The condition keys of an action that a parameter of the same name says."""
    plain = {name.lower(): value for name, value in parameters.items() if isinstance(value, str)}
    found = {}
    for key in asked.condition_keys:
        name = key.partition(":")[2].replace("-", "")
        if name in plain:
            found[key] = plain[name]
    if "SourceArn" in parameters:
        found["aws:sourcearn"] = parameters["SourceArn"]
        found["aws:sourceaccount"] = HOME["Account"]
    return found


def _passed_roles(request: dict[str, Any]) -> Iterator[Check]:
    for name in ROLES:
        for role in listed(request["parameters"].get(name, [])):
            to = TASKS if name in ROLES[:2] else PASSED_TO.get(request["service"])
            if to:
                yield Check("iam:PassRole", role, {"iam:passedtoservice": to}, request["action"])


def _tags(asked: Action, own: list[Check], parameters: dict[str, Any]) -> Iterator[Check]:
    """Who creates something with tags in ECS must be allowed to tag it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    """
    if asked.name.startswith("ecs:") and asked.name != "ecs:TagResource" and parameters.get("tags"):
        for each in own:
            yield Check("ecs:TagResource", each.resource, {}, asked.name)


def _encryption(asked: Action, parameters: dict[str, Any], keys: dict[str, str]) -> Iterator[Check]:
    """Who uses a topic or bucket with a customer's key must be allowed to use the key.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    needed = {
        "sns:Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
        "s3:PutObject": ("kms:GenerateDataKey",),
        "s3:GetObject": ("kms:Decrypt",),
    }
    place = parameters.get("TopicArn") or parameters.get("bucket_name") or parameters.get("Bucket") or ""
    if place in keys:
        for name in needed.get(asked.name, ()):
            yield Check(name, keys[place], {}, asked.name)


def _scaling(asked: Action, parameters: dict[str, Any]) -> Iterator[Check]:
    """Application Auto Scaling acts on the service and on the alarms of its policies in the caller's name."""
    scaled = str(parameters.get("ResourceId", ""))
    if not asked.name.startswith("application-autoscaling:") or not scaled.startswith("service/"):
        return
    _, cluster, service = scaled.split("/")
    names = {"cluster": cluster, "service": service}
    if "Register" in asked.name or "Put" in asked.name:
        for needed in SCALES:
            for arn in resources_of(action(needed), names):
                yield Check(needed, arn, {}, asked.name)
    # With a scalable target go its policies and their alarms; in whose name, AWS does not say.
    if asked.name.endswith((":PutScalingPolicy", ":DeleteScalingPolicy", ":DeregisterScalableTarget")):
        # Their ends are made up; each policy has one alarm for too much and one for too little.
        alarms = {"AlarmName": [f"TargetTracking-{scaled}-Alarm{each}-0" for each in ("High", "Low")]}
        for needed in TRACKS[:2] if "Put" in asked.name else TRACKS[2:]:
            for arn in resources_of(action(needed), alarms):
                yield Check(needed, arn, {}, asked.name)


def _nested(own: list[Check]) -> Iterator[Check]:
    """A machine that waits for an execution follows it, stops it with itself, and hears of its end."""
    for each in own:
        execution = f"{each.resource.replace(':stateMachine:', ':execution:')}:any"
        for needed in ("states:DescribeExecution", "states:StopExecution"):
            yield Check(needed, execution, {}, "startExecution.sync:2")
    rule = "arn:aws:events:{Region}:{Account}:rule/{rule}".format(**HOME, rule=NESTED_RULE)
    for needed in NESTED:
        yield Check(needed, rule, {}, "startExecution.sync:2")
