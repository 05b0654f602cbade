"""Writes down, at the end of a run, what was asked for and which policies the stack then had.

Each process that runs scenarios writes one file below `build/calls`; `python -m tests.support.permissions`
reads them all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.sample import Place
from tests.statemachines.machines import ROOT

CALLS = ROOT / "build" / "calls"
STACK = "tidegate"
CLOUDS = {"place", "cloud"}
"""The fixtures whose local cloud is recorded."""
_ran: set[str] = set()


def template_digest() -> str:
    """What says whether a recording was made with the template as it is now."""
    return hashlib.sha256((ROOT / "template.yaml").read_bytes()).hexdigest()


def test_of(item: pytest.Item) -> str | None:
    """What the report calls a test, without its parameters; None where it has no recorded cloud."""
    return item.nodeid.partition("[")[0] if CLOUDS & {*getattr(item, "fixturenames", ())} else None


def note_run(item: pytest.Item) -> None:
    """Note that a test has begun, so that the report can say which ones have not."""
    if name := test_of(item):
        _ran.add(name)


def write(place: Place, suite: str) -> Path:
    """Write what was asked for in one local cloud, and the policies of its stack.

    Args:
        place: The local cloud, while it still runs.
        suite: The name of the tests; one file for each process of it.
    """
    CALLS.mkdir(parents=True, exist_ok=True)
    path = CALLS / f"{suite}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.getpid()}.jsonl"
    requests = [_with_task_roles(place, each) for each in place.world("GET", "/authorizations")]
    tests = {"suite": suite, "tests": sorted(_ran)}
    stack = {"kind": "stack", **tests, **snapshot(place)}
    lines = [stack, *({"kind": "request", **each} for each in requests)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def snapshot(place: Place) -> dict[str, Any]:
    """Callers with their roles, roles with their policies, the policies of resources, and keys."""
    callers = {**_functions(place), **_machines(place)}
    return {
        "template": template_digest(),
        "callers": callers,
        "roles": _roles(place),
        "resources": _resource_policies(place),
        "keys": _keys(place),
        "rules": _rules(place),
    }


def _functions(place: Place) -> dict[str, Any]:
    pages = place.client("lambda").get_paginator("list_functions").paginate()
    found = [each for page in pages for each in page["Functions"]]
    return {
        each["FunctionName"]: {"role": _name(each["Role"])}
        for each in found
        if each["FunctionName"].startswith(f"{STACK}-")
    }


def _machines(place: Place) -> dict[str, Any]:
    states = place.client("stepfunctions")
    pages = states.get_paginator("list_state_machines").paginate()
    described = [
        states.describe_state_machine(stateMachineArn=each["stateMachineArn"])
        for page in pages
        for each in page["stateMachines"]
        if each["name"].startswith(f"{STACK}-")
    ]
    return {
        f"machine/{each['name']}": {
            "role": _name(each["roleArn"]),
            "waits": "startExecution.sync" in each["definition"],
        }
        for each in described
    }


def _roles(place: Place) -> dict[str, Any]:
    """The roles of the stack: who may assume them, inline policies, and the managed ones by name."""
    iam, found = place.client("iam"), {}
    for name in _physical(place, "AWS::IAM::Role"):
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        found[name] = {
            "trust": _listed(trust["Statement"]),
            "statements": [one for each in documents for one in _listed(each["Statement"])],
            "managed": [each["PolicyArn"] for each in attached],
        }
    return found


def _resource_policies(place: Place) -> dict[str, Any]:
    """What functions, queues, topics, buckets and keys of the stack let others do."""
    found: dict[str, Any] = {**_function_policies(place), **_policies_of_storage(place)}
    queues = place.client("sqs")
    for url in _physical(place, "AWS::SQS::Queue"):
        answer = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        found[answer["QueueArn"]] = _listed(
            json.loads(answer.get("Policy", '{"Statement": []}'))["Statement"]
        )
    return found


def _function_policies(place: Place) -> dict[str, Any]:
    functions, found = place.client("lambda"), {}
    for name in _physical(place, "AWS::Lambda::Function"):
        arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        try:
            found[arn] = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
        except functions.exceptions.ResourceNotFoundException:
            found[arn] = []
    return found


def _policies_of_storage(place: Place) -> dict[str, Any]:
    """Those that the template gives; the one that SNS gives a topic lets in its owner alone.

    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    keys, found = place.client("kms"), {}
    for key in _physical(place, "AWS::KMS::Key"):
        text = keys.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        found[_key_arn(place, key)] = _listed(json.loads(text)["Statement"])
    if any(_physical(place, "AWS::SNS::TopicPolicy")):
        for topic in _physical(place, "AWS::SNS::Topic"):
            text = place.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
            found[topic] = _listed(json.loads(text)["Statement"])
    for bucket in _physical(place, "AWS::S3::BucketPolicy"):
        text = place.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
        found[f"arn:aws:s3:::{bucket}"] = _listed(json.loads(text)["Statement"])
    return found


def _keys(place: Place) -> dict[str, str]:
    """Topics and buckets with the key that encrypts them."""
    found = {}
    for topic in _physical(place, "AWS::SNS::Topic"):
        attributes = place.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
        if key := attributes.get("KmsMasterKeyId"):
            found[topic] = _key_arn(place, key)
    for bucket in _physical(place, "AWS::S3::Bucket"):
        answer = place.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        default = answer["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        if key := default.get("KMSMasterKeyID"):
            found[bucket] = _key_arn(place, key)
    return found


def _rules(place: Place) -> list[dict[str, str]]:
    """Every rule of the stack with each of its targets."""
    events = place.client("events")
    found = []
    for name in _physical(place, "AWS::Events::Rule"):
        arn = events.describe_rule(Name=name)["Arn"]
        targets = events.list_targets_by_rule(Rule=name)["Targets"]
        found += [{"rule": arn, "target": each["Arn"]} for each in targets]
    return found


def _with_task_roles(place: Place, request: dict[str, Any]) -> dict[str, Any]:
    """Add to RunTask the roles of its task definition, which it passes on; there may be none."""
    if (request["service"], request["action"]) != ("ecs", "RunTask"):
        return request
    name = request["parameters"]["taskDefinition"]
    ecs = place.client("ecs")
    try:
        definition = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
    except ecs.exceptions.ClientException:
        return request
    roles = {each: definition[each] for each in ("taskRoleArn", "executionRoleArn") if definition.get(each)}
    return request | {"parameters": request["parameters"] | roles}


def _physical(place: Place, kind: str) -> Iterator[str]:
    pages = place.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    for page in pages:
        for each in page["StackResourceSummaries"]:
            if each["ResourceType"] == kind:
                yield each["PhysicalResourceId"]


def _key_arn(place: Place, key: str) -> str:
    return key if key.startswith("arn:") else f"arn:aws:kms:{place.region}:{place.account}:key/{key}"


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
