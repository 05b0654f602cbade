"""From a CloudFormation request to the stack that it asks for, with everything checked beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from local.cfn import engine, parameters, transform
from local.cfn.scope import in_order
from local.cfn.stacks import Stack
from local.cfn.template import Json, Template, TemplateError, parse
from local.mends.clients import client
from local.mends.language import api_error

Arguments: TypeAlias = Mapping[str, Json]


def wanted_stack(asked: Arguments, present: Stack) -> Stack:
    """The stack as a request wants it: template read, transformed and checked, parameters resolved.

    Args:
        asked: The request.
        present: The stack as it is; for a new one, without a template.

    Raises:
        TemplateError: The template or a parameter is wrong.
    """
    stack = Stack(present.name, present.account, present.region, identifier=present.identifier)
    stack.body = _body(asked, present)
    stack.source = parse(stack.body)
    stack.given = _given(asked, present)
    stack.tags = {tag["Key"]: tag["Value"] for tag in asked.get("Tags") or []} or present.tags
    stack.parameters = parameters.resolve(stack.source, stack.given, lambda name: _stored(name, stack.region))
    stack.template = transform.expand(stack.source, stack.parameters, stack.region)
    engine.check_types(stack.template)
    in_order(stack.template)
    return stack


def check_capabilities(asked: Arguments, stack: Stack) -> None:
    """Refuse a template that may do more than the caller has acknowledged.

    Raises:
        InsufficientCapabilitiesException: As the API answers it.
    """
    kinds = {one["Type"] for one in stack.template["Resources"].values()}
    needed = []
    if any(kind.startswith("AWS::IAM::") for kind in kinds):
        needed.append("CAPABILITY_NAMED_IAM" if _names_iam(stack.template) else "CAPABILITY_IAM")
    if transform.is_serverless(stack.source):
        needed.append("CAPABILITY_AUTO_EXPAND")
    given = set(asked.get("Capabilities") or [])
    if "CAPABILITY_NAMED_IAM" in given:
        given.add("CAPABILITY_IAM")
    if not given.issuperset(needed):
        raise api_error("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(needed)}]")


def _names_iam(template: Template) -> bool:
    names = {"RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName"}
    return any(
        names & set(one.get("Properties") or {})
        for one in template["Resources"].values()
        if one["Type"].startswith("AWS::IAM::")
    )


def on_failure(asked: Arguments) -> str:
    """What to do with a stack that cannot be created."""
    if str(asked.get("DisableRollback", "")).lower() == "true":
        return "DO_NOTHING"
    return str(asked.get("OnFailure") or asked.get("OnStackFailure") or "ROLLBACK")


def _body(asked: Arguments, present: Stack) -> str:
    if str(asked.get("UsePreviousTemplate", "")).lower() == "true":
        return present.body
    if asked.get("TemplateBody"):
        return str(asked["TemplateBody"])
    if asked.get("TemplateURL"):
        return fetched(str(asked["TemplateURL"]), present.region)
    raise TemplateError("Either Template URL or Template Body must be specified.")


def fetched(url: str, region: str) -> str:
    """A template in a bucket of the local cloud, named by path (`https://…/bucket/key`) or by host."""
    host, _, path = url.partition("://")[2].partition("/")
    if host.split(".", 1)[-1].startswith("s3"):
        bucket, key = host.split(".", 1)[0], path
    else:
        bucket, _, key = path.partition("/")
    return str(client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read().decode())


def _given(asked: Arguments, present: Stack) -> dict[str, str]:
    given = {}
    for one in asked.get("Parameters") or []:
        name = one["ParameterKey"]
        if str(one.get("UsePreviousValue", "")).lower() != "true":
            given[name] = str(one.get("ParameterValue", ""))
        elif name in present.given:
            given[name] = present.given[name]
    return given


def _stored(name: str, region: str) -> str | None:
    ssm = client("ssm", region)
    try:
        return str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None
