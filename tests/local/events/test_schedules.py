"""Schedules that fire, over the real APIs, with minutes divided by the time scale.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
"""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.empty_cloud import EmptyCloud, eventually

OFF = {"Mode": "OFF"}


def test_a_scheduled_rule_sends_its_own_event_to_its_own_targets(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html."""
    # Given two minutes, which are a fifth of a second here
    url, arn = cloud.queue(open_to="events.amazonaws.com")
    events, name = cloud.client("events"), cloud.fresh("every-two-minutes")
    events.put_rule(Name=name, ScheduleExpression="rate(2 minutes)")
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])

    # When
    messages = eventually(lambda: cloud.messages(url))
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)

    # Then
    event = json.loads(messages[0]["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert event["resources"][0].endswith(f"rule/{name}")
    assert event["detail"] == {}


def test_a_single_time_fires_once_and_the_schedule_goes_away(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html."""
    # Given
    url, arn = cloud.queue()
    scheduler, name = cloud.client("scheduler"), cloud.fresh("once")
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression=f"at({at})",
        FlexibleTimeWindow=OFF,
        ActionAfterCompletion="DELETE",
        Target={"Arn": arn, "RoleArn": cloud.role(), "Input": '{"by": "<aws.scheduler.schedule-arn>"}'},
    )

    # When
    (message,) = eventually(lambda: cloud.messages(url))

    # Then
    assert json.loads(message["Body"])["by"].endswith(f"schedule/default/{name}")
    assert eventually(lambda: name not in names(cloud))


def test_any_api_can_be_called(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html."""
    # Given
    url, _ = cloud.queue()
    name = cloud.fresh("universal")
    cloud.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression="rate(30 days)",
        FlexibleTimeWindow=OFF,
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
            "RoleArn": cloud.role(),
            "Input": json.dumps({"QueueUrl": url, "MessageBody": "called"}),
        },
    )

    # Then, as a rate without a start begins at once
    assert [message["Body"] for message in eventually(lambda: cloud.messages(url))] == ["called"]


def test_a_disabled_schedule_is_silent_until_somebody_fires_it(cloud: EmptyCloud):
    # Given
    url, arn = cloud.queue()
    name = cloud.fresh("disabled")
    cloud.client("scheduler").create_schedule(
        Name=name,
        State="DISABLED",
        ScheduleExpression="rate(1 minutes)",
        FlexibleTimeWindow=OFF,
        Target={"Arn": arn, "RoleArn": cloud.role()},
    )
    time.sleep(0.4)
    assert cloud.messages(url) == []

    # When
    fired = cloud.world("POST", f"/schedules/{name}/fire")

    # Then it sends the event that Scheduler makes up without an input
    assert fired.status == 202
    (message,) = eventually(lambda: cloud.messages(url))
    event = json.loads(message["Body"])
    assert (event["source"], event["detail"]) == ("aws.scheduler", "{}")


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html."""
    # Given a target that is not there
    url, arn = cloud.queue()
    cloud.client("scheduler").create_schedule(
        Name=cloud.fresh("broken"),
        ScheduleExpression="rate(30 days)",
        FlexibleTimeWindow=OFF,
        Target={
            "Arn": "arn:aws:lambda:us-east-1:123456789012:function:nobody",
            "RoleArn": cloud.role(),
            "Input": "{}",
            "DeadLetterConfig": {"Arn": arn},
        },
    )

    # Then
    (letter,) = eventually(lambda: cloud.messages(url))
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "ResourceNotFoundException"


@pytest.mark.parametrize("name", ["nobody", "also/nobody"])
def test_an_unknown_schedule_cannot_be_fired(cloud: EmptyCloud, name: str):
    assert cloud.world("POST", f"/schedules/{name}/fire").status == 404


def names(cloud: EmptyCloud) -> set[str]:
    return {one["Name"] for one in cloud.client("scheduler").list_schedules()["Schedules"]}


ROLE = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}


def role(cloud: EmptyCloud, trust: dict[str, Any], *allowed: dict[str, Any]) -> str:
    """A role with one statement of trust, and with what it may do."""
    iam, name = cloud.client("iam"), cloud.fresh("role")
    documents = [{"Version": "2012-10-17", "Statement": each} for each in ([trust], list(allowed))]
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(documents[0]))
    if allowed:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(documents[1]))
    return str(made["Role"]["Arn"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"GroupName": "nobody"}, "ResourceNotFoundException"),
        ({"ScheduleExpression": "rate(1 fortnight)"}, "ValidationException"),
        ({"Name": "a/b"}, "ValidationException"),
        ({"Target": {"Arn": "q", "RoleArn": "arn:aws:iam::123456789012:role/nobody"}}, "ValidationException"),
    ],
)
def test_a_schedule_that_could_never_run_is_refused(cloud: EmptyCloud, changes: dict[str, Any], code: str):
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html."""
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": cloud.role()}
    asked = {"Name": cloud.fresh("refused"), "ScheduleExpression": "rate(1 minute)", "Target": target}

    with pytest.raises(ClientError) as raised:
        cloud.client("scheduler").create_schedule(FlexibleTimeWindow=OFF, **{**asked, **changes})

    assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("trust", "accepted"),
    [
        (ROLE, True),
        ({**ROLE, "Principal": {"Service": "lambda.amazonaws.com"}}, False),
        ({**ROLE, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({**ROLE, "Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:scheduler:::other"}}}, False),
    ],
)
def test_scheduler_must_be_able_to_assume_the_role(cloud: EmptyCloud, trust: dict[str, Any], accepted: bool):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html."""
    scheduler, name = cloud.client("scheduler"), cloud.fresh("trusting")
    asked = {
        "Name": name,
        "ScheduleExpression": "rate(30 days)",
        "FlexibleTimeWindow": OFF,
        "State": "DISABLED",
    }
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": role(cloud, trust)}

    if accepted:
        scheduler.create_schedule(**asked, Target=target)
        scheduler.update_schedule(**asked, Target=target)
        return
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
        scheduler.create_schedule(**asked, Target=target)


def test_a_function_is_invoked_only_by_a_role_that_may(cloud: EmptyCloud):
    # Given a function, and a role that may invoke another one
    url, queue = cloud.queue()
    function = cloud.function("def handler(event, context): return 1")
    other = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{function}-other"}

    # When
    target = {"Arn": function, "RoleArn": role(cloud, ROLE, other), "DeadLetterConfig": {"Arn": queue}}
    cloud.client("scheduler").create_schedule(
        Name=cloud.fresh("forbidden"),
        ScheduleExpression="rate(30 days)",
        FlexibleTimeWindow=OFF,
        Target=target,
    )

    # Then
    (letter,) = eventually(lambda: cloud.messages(url))
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDeniedException"


def test_a_recurring_schedule_does_not_overtake_its_own_function(cloud: EmptyCloud):
    # Given a minute that is a tenth of a second here, and a function that needs five times as long
    url, _ = cloud.queue()
    function = cloud.function(
        "import boto3, json, time\n"
        "def handler(event, context):\n"
        "    began = time.time()\n"
        "    time.sleep(0.5)\n"
        f"    sent = json.dumps([began, time.time()]); boto3.client('sqs').send_message(QueueUrl={url!r}, "
        "MessageBody=sent)\n"
    )
    name = cloud.fresh("hasty")
    cloud.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow=OFF,
        Target={"Arn": function, "RoleArn": cloud.role(), "Input": '{"of": "hasty"}'},
    )

    # When it has run some times
    spans: list[list[float]] = []

    def often() -> bool:
        spans.extend(json.loads(each["Body"]) for each in cloud.messages(url))
        return len(spans) >= 3

    assert eventually(often, within_s=20)
    cloud.client("scheduler").delete_schedule(Name=name)

    # Then each time after the other
    assert all(ended <= began for (_, ended), (began, _) in pairwise(sorted(spans)))
