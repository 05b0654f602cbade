"""Events on their way from a bus to targets, over the real APIs.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.empty_cloud import REGION, EmptyCloud, eventually

ACCOUNT = "123456789012"


def rule(cloud: EmptyCloud, target: dict[str, Any], pattern: dict[str, Any] | None = None) -> tuple[str, str]:
    """A rule with one target; its name and the source that it listens to."""
    events, name = cloud.client("events"), cloud.fresh("rule")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name], **(pattern or {})}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
    return name, name


def put(cloud: EmptyCloud, source: str, detail: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"Source": source, "DetailType": "tested", "Detail": json.dumps(detail), **more}
    return dict(cloud.client("events").put_events(Entries=[entry])["Entries"][0])


def test_an_event_reaches_a_queue_with_the_documented_fields(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html."""
    # Given
    url, arn = cloud.queue(open_to="events.amazonaws.com")
    _, source = rule(cloud, {"Arn": arn})

    # When
    put_entry = put(cloud, source, {"state": "on"}, Resources=["arn:aws:ecs:us-east-1:1:service/x"])

    # Then
    (message,) = eventually(lambda: cloud.messages(url))
    event = json.loads(message["Body"])
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "id": put_entry["EventId"],
        "detail-type": "tested",
        "source": source,
        "account": ACCOUNT,
        "region": REGION,
        "resources": ["arn:aws:ecs:us-east-1:1:service/x"],
        "detail": {"state": "on"},
    }


def test_a_function_is_invoked_if_its_policy_lets_the_rule(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-lambda-permissions."""
    # Given a function without a policy, and a dead-letter queue
    told, _ = cloud.queue()
    letters, letters_arn = cloud.queue(open_to="events.amazonaws.com")
    function = cloud.function(
        f"import boto3\ndef handler(e, c):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={told!r}, MessageBody=e['detail']['n'])"
    )
    name, source = rule(cloud, {"Arn": function, "DeadLetterConfig": {"Arn": letters_arn}})

    # When an event comes before the permission, and one after it
    put(cloud, source, {"n": "before"})
    (letter,) = eventually(lambda: cloud.messages(letters))
    cloud.client("lambda").add_permission(
        FunctionName=function,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}",
    )
    put(cloud, source, {"n": "after"})

    # Then the first is a dead letter that says why, without a second attempt
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["RULE_ARN"].endswith(f"rule/{name}")
    assert attributes["TARGET_ARN"] == function
    assert attributes["RETRY_ATTEMPTS"] == "0"
    assert json.loads(letter["Body"])["detail"] == {"n": "before"}
    assert [message["Body"] for message in eventually(lambda: cloud.messages(told))] == ["after"]


def test_a_state_machine_is_started_with_what_the_transformer_makes(cloud: EmptyCloud):
    # Given
    steps = cloud.client("stepfunctions")
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
    machine = steps.create_state_machine(
        name=cloud.fresh("machine"), definition=json.dumps(definition), roleArn=cloud.role()
    )["stateMachineArn"]
    transformer = {"InputPathsMap": {"d": "$.detail.digest"}, "InputTemplate": '{"image": "app@<d>"}'}
    _, source = rule(cloud, {"Arn": machine, "RoleArn": cloud.role(), "InputTransformer": transformer})

    # When
    put(cloud, source, {"digest": "sha256:1"})

    # Then
    (execution,) = eventually(lambda: steps.list_executions(stateMachineArn=machine)["executions"])
    described = steps.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {"image": "app@sha256:1"}


def test_the_change_of_an_execution_is_an_event(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html."""
    # Given a rule for failed executions of one machine
    url, arn = cloud.queue(open_to="events.amazonaws.com")
    steps, name = cloud.client("stepfunctions"), cloud.fresh("machine")
    definition = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Refused", "Cause": "policy"}}}
    machine = steps.create_state_machine(name=name, definition=json.dumps(definition), roleArn=cloud.role())
    wanted = {"detail": {"status": ["FAILED"], "stateMachineArn": [machine["stateMachineArn"]]}}
    rule(cloud, {"Arn": arn}, {**wanted, "source": ["aws.states"]})

    # When
    execution = steps.start_execution(stateMachineArn=machine["stateMachineArn"], name="one")["executionArn"]

    # Then
    (message,) = eventually(lambda: cloud.messages(url))
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [execution]
    assert event["detail"]["error"] == "Refused"


def test_nobody_may_speak_in_the_name_of_aws(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html."""
    entry = put(cloud, "aws.ecs", {})
    assert entry == {"ErrorCode": "NotAuthorizedForSource", "ErrorMessage": "Not authorized for the source."}


@pytest.mark.parametrize("detail", ["[]", "not json", '"text"'])
def test_the_detail_must_be_an_object(cloud: EmptyCloud, detail: str):
    answer = cloud.client("events").put_events(Entries=[{"Source": "x", "DetailType": "y", "Detail": detail}])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "MalformedDetail"


def test_a_disabled_rule_sends_nothing(cloud: EmptyCloud):
    # Given
    url, arn = cloud.queue(open_to="events.amazonaws.com")
    name, source = rule(cloud, {"Arn": arn})
    cloud.client("events").disable_rule(Name=name)

    # When
    put(cloud, source, {"n": 1})
    cloud.client("events").enable_rule(Name=name)
    put(cloud, source, {"n": 2})

    # Then
    (message,) = eventually(lambda: cloud.messages(url))
    assert json.loads(message["Body"])["detail"] == {"n": 2}


def test_a_rule_with_an_invalid_pattern_is_refused(cloud: EmptyCloud):
    with pytest.raises(ClientError) as refused:
        cloud.client("events").put_rule(Name="wrong", EventPattern='{"a": [{"like": 1}]}')
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"


def test_patterns_can_be_tried(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html."""
    event = {"id": "1", "source": "x", "detail-type": "y", "account": ACCOUNT, "region": REGION, "detail": {}}
    event |= {"time": "2026-11-23T00:00:00Z", "resources": []}
    ask = cloud.client("events").test_event_pattern
    assert ask(EventPattern='{"source": ["x"]}', Event=json.dumps(event))["Result"] is True
    assert ask(EventPattern='{"source": ["z"]}', Event=json.dumps(event))["Result"] is False


def test_what_became_of_an_event_can_be_seen(cloud: EmptyCloud):
    # Given
    _, arn = cloud.queue(open_to="events.amazonaws.com")
    name, source = rule(cloud, {"Arn": arn})

    # When
    put(cloud, source, {})

    # Then
    (passage,) = eventually(
        lambda: [one for one in cloud.world("GET", f"/events?source={source}").json if one["delivered"]]
    )
    assert passage["rules"] == [name]
    assert passage["delivered"] == [arn]
    assert passage["failed"] == []
