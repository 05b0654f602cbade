"""Asynchronous invocations and event sources.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.local.empty_cloud import EmptyCloud, eventually

FAILING = "def handler(event, context):\n    raise ValueError('never')"


def test_nobody_waits_for_an_event(cloud: EmptyCloud):
    # Given a function that tells a queue
    url, _ = cloud.queue()
    function = cloud.function(_telling(url))

    # When
    invoked = cloud.invoke(function, {"n": 1}, InvocationType="Event")

    # Then
    assert invoked.answer["StatusCode"] == 202
    assert invoked.payload is None
    assert [json.loads(one["Body"]) for one in eventually(lambda: cloud.messages(url))] == [{"n": 1}]


def test_a_failing_event_is_tried_three_times_and_then_goes_to_the_dead_letter_queue(cloud: EmptyCloud):
    # Given
    url, arn = cloud.queue()
    name = cloud.fresh("failing")
    cloud.function(FAILING, name=name, DeadLetterConfig={"TargetArn": arn})

    # When
    cloud.invoke(name, {"release": "r-1"}, InvocationType="Event")

    # Then the event itself lies there, with the error beside it
    (letter,) = eventually(lambda: cloud.messages(url))
    assert json.loads(letter["Body"]) == {"release": "r-1"}
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert attributes["ErrorMessage"] == "never"
    assert attributes["ErrorCode"] == "200"
    assert attributes["RequestID"]
    assert cloud.world("GET", "/counts").json["functions"][name]["invocations"] == 3


def test_a_destination_gets_the_whole_story(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    # Given a function that may be tried once, with a destination for failures
    url, arn = cloud.queue()
    function = cloud.function(FAILING)
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )

    # When
    cloud.invoke(function, {"n": 1}, InvocationType="Event")

    # Then
    (message,) = eventually(lambda: cloud.messages(url))
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestPayload"] == {"n": 1}
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_an_event_may_have_one_megabyte(cloud: EmptyCloud):
    # Given
    function = cloud.function("def handler(e, c):\n    pass")

    # When
    with pytest.raises(ClientError) as refused:
        cloud.invoke(function, "x" * 1_048_576, InvocationType="Event")

    # Then
    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"


def test_a_queue_is_read_by_its_function_and_failures_come_again(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html."""
    # Given a function that reports one message of a batch as failed the first time
    told, _ = cloud.queue()
    source, source_arn = cloud.queue()
    cloud.client("sqs").set_queue_attributes(QueueUrl=source, Attributes={"VisibilityTimeout": "1"})
    function = cloud.function(
        "import boto3, json\n"
        "seen = set()\n"
        "def handler(event, context):\n"
        "    failures = []\n"
        "    for record in event['Records']:\n"
        f"        boto3.client('sqs').send_message(QueueUrl={told!r}, MessageBody=record['body'])\n"
        "        if record['body'] == 'hard' and record['messageId'] not in seen:\n"
        "            seen.add(record['messageId'])\n"
        "            failures.append({'itemIdentifier': record['messageId']})\n"
        "    return {'batchItemFailures': failures}\n"
    )
    cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=source_arn, FunctionName=function, FunctionResponseTypes=["ReportBatchItemFailures"]
    )

    # When two messages are sent
    for body in ("easy", "hard"):
        cloud.client("sqs").send_message(QueueUrl=source, MessageBody=body)

    # Then the sender did not wait, and the failed one was read twice
    heard: list[str] = []

    def three() -> bool:
        heard.extend(message["Body"] for message in cloud.messages(told))
        return len(heard) >= 3

    assert eventually(three)
    assert sorted(heard) == ["easy", "hard", "hard"]
    assert cloud.messages(source) == []


def test_a_topic_invokes_its_function_with_the_event_that_sns_sends(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html."""
    # Given
    url, _ = cloud.queue()
    function = cloud.function(_telling(url))
    sns = cloud.client("sns")
    topic = sns.create_topic(Name=cloud.fresh("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)

    # When
    sns.publish(
        TopicArn=topic,
        Message="deployed",
        Subject="checkout",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "success"}},
    )

    # Then
    (message,) = eventually(lambda: cloud.messages(url))
    (record,) = json.loads(message["Body"])["Records"]
    assert record["EventSource"] == "aws:sns"
    assert record["Sns"]["TopicArn"] == topic
    assert record["Sns"]["Message"] == "deployed"
    assert record["Sns"]["Subject"] == "checkout"
    assert record["Sns"]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "success"}}


def _telling(queue_url: str) -> str:
    return (
        "import boto3, json\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={queue_url!r}, MessageBody=json.dumps(event))\n"
    )
