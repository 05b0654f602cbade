"""Service integrations: names of members and errors, functions, what is refused."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from local.mends.error_names import service_prefix, takes
from local.mends.members import sdk_name
from tests.local.mends.machines import INVOKE, ROLE, Machines, passing, task
from tests.local.mends.server import Server

_HANDLER = """
class Terminal(Exception):
    pass

def handler(event, context):
    if "fail" in event:
        raise Terminal(event["fail"])
    return event.get("answer", event)
"""


@pytest.fixture(scope="module")
def function(server: Server) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("handler.py", _HANDLER)
    role = server.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = server.client("lambda").create_function(
        FunctionName="steps",
        Runtime="python3.13",
        Role=role,
        Handler="handler.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=1,
    )
    return made["FunctionArn"]


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("desiredCount", "DesiredCount"),
        ("taskDefinition", "TaskDefinition"),
        ("DNSName", "DnsName"),
        ("SSEDescription", "SseDescription"),
        ("enableECSManagedTags", "EnableECSManagedTags"),
        ("ETag", "ETag"),
        ("MD5OfBody", "Md5OfBody"),
    ],
)
def test_members_are_named_as_in_the_java_sdk(member: str, name: str):
    assert sdk_name(member) == name


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("ecs", "Ecs"),
        ("dynamodb", "DynamoDb"),
        ("elasticloadbalancingv2", "ElasticLoadBalancingV2"),
        ("cloudwatch", "CloudWatch"),
        ("eventbridge", "EventBridge"),
        ("sfn", "Sfn"),
        ("ssm", "Ssm"),
        ("s3", "S3"),
        ("ecr", "Ecr"),
    ],
)
def test_errors_begin_with_the_name_of_the_client_in_the_java_sdk(service: str, prefix: str):
    assert service_prefix(service) == prefix


@pytest.mark.parametrize(
    ("listed", "error", "taken"),
    [
        ({"States.ALL"}, "Anything", True),
        ({"States.ALL"}, "States.Runtime", False),
        ({"States.Runtime"}, "States.Runtime", False),
        ({"States.ALL"}, "States.DataLimitExceeded", False),
        ({"States.TaskFailed"}, "Terminal", True),
        ({"States.TaskFailed"}, "States.Timeout", False),
        ({"States.Timeout", "Transient"}, "Transient", True),
        ({"Transient"}, "Terminal", False),
    ],
)
def test_which_errors_a_catcher_takes(listed: set[str], error: str, taken: bool):
    assert takes(listed, error) is taken


def test_a_function_gets_its_payload_and_gives_its_result(machines: Machines, function: str):
    call = task(
        INVOKE, {"FunctionName": function, "Payload": {"answer": {"n": 1}}}, Output="{% $states.result %}"
    )

    result = machines.run({"Call": call}).output

    assert result["Payload"] == {"n": 1}
    assert result["StatusCode"] == 200


def test_a_function_may_answer_null(machines: Machines, function: str):
    call = task(
        INVOKE,
        {"FunctionName": function, "Payload": {"answer": None}},
        Output="{% $states.result.Payload = null %}",
    )

    assert machines.run({"Call": call}).output is True


def test_an_error_of_a_function_is_named_by_its_type_with_its_json_as_cause(
    machines: Machines, function: str
):
    states = {
        "Call": task(
            INVOKE,
            {"FunctionName": function, "Payload": {"fail": "bad manifest"}},
            Retry=[{"ErrorEquals": ["Transient"], "IntervalSeconds": 5}],
            Catch=[{"ErrorEquals": ["Terminal"], "Output": "{% $states.errorOutput %}", "Next": "Say"}],
        ),
        "Say": passing("{% $states.input %}"),
    }

    caught = machines.run(states).output

    assert caught["Error"] == "Terminal"
    assert json.loads(caught["Cause"])["errorMessage"] == "bad manifest"


def test_a_function_that_takes_too_long_is_sandbox_timedout(machines: Machines, function: str):
    done = machines.run({"Call": task(INVOKE, {"FunctionName": function, "Payload": {"sleep": 3}})})

    assert done.error == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in json.loads(done.cause)["errorMessage"]


def test_a_function_may_hand_the_token_of_its_task_to_somebody(machines: Machines, function: str):
    # Given a task whose function gets a token
    arguments = {"FunctionName": function, "Payload": {"token": "{% $states.context.Task.Token %}"}}
    execution = machines.start(machines.make({"Ask": task(f"{INVOKE}.waitForTaskToken", arguments)}))
    scheduled = machines.wait_for(execution, "TaskSubmitted")
    assert scheduled["taskSubmittedEventDetails"]["resource"] == "invoke.waitForTaskToken"
    parameters = machines.wait_for(execution, "TaskScheduled")["taskScheduledEventDetails"]["parameters"]

    # When somebody answers it
    token = json.loads(parameters)["Payload"]["token"]
    machines.api.send_task_success(taskToken=token, output='{"approved": true}')

    # Then the answer is the task's result
    assert machines.wait(execution).output == {"approved": True}


def test_a_function_is_told_how_often_its_task_was_tried(machines: Machines, function: str):
    tried = {"fail": "{% $string($states.context.State.RetryCount) %}"}
    retry = [{"ErrorEquals": ["Terminal"], "IntervalSeconds": 1, "MaxAttempts": 1}]

    done = machines.run({"Call": task(INVOKE, {"FunctionName": function, "Payload": tried}, Retry=retry)})

    failed = [event["taskFailedEventDetails"] for event in done.events if event["type"] == "TaskFailed"]
    assert [json.loads(one["cause"])["errorMessage"] for one in failed] == ["0", "1"]


def test_a_function_that_fails_is_not_waited_for(machines: Machines, function: str):
    arguments = {
        "FunctionName": function,
        "Payload": {"fail": "no", "token": "{% $states.context.Task.Token %}"},
    }

    done = machines.run({"Ask": task(f"{INVOKE}.waitForTaskToken", arguments)})

    assert done.error == "Terminal"


def test_fifty_executions_that_invoke_a_function_take_a_few_seconds(machines: Machines, function: str):
    call = task(
        INVOKE, {"FunctionName": function, "Payload": {"answer": "{% $states.input %}"}}, Next="Again"
    )
    machine = machines.make({"Call": call, "Again": {**call, "Next": "Done"}, "Done": {"Type": "Succeed"}})

    for number in range(50):
        machines.start(machine, number)
    done = machines.wait_for_all(machine)

    assert [one["status"] for one in done] == ["SUCCEEDED"] * 50
    assert max((one["stopDate"] - one["startDate"]).total_seconds() for one in done) < 20


def test_a_function_that_is_not_there(machines: Machines):
    done = machines.run({"Call": task(INVOKE, {"FunctionName": "nobody"})})

    assert done.error == "Lambda.ResourceNotFoundException"


def test_sdk_integrations_speak_pascal_case_all_the_way_down(machines: Machines):
    # Given a call that takes and gives nested members
    arguments = {"ClusterName": "casing", "Settings": [{"Name": "containerInsights", "Value": "enabled"}]}
    states = {
        "Create": task("arn:aws:states:::aws-sdk:ecs:createCluster", arguments, Next="Describe"),
        "Describe": task(
            "arn:aws:states:::aws-sdk:ecs:describeClusters",
            {"Clusters": ["casing"], "Include": ["SETTINGS"]},
            Output="{% $states.result %}",
        ),
    }

    # When a machine makes it
    cluster = machines.run(states).output["Clusters"][0]

    # Then both are as Step Functions documents them
    assert cluster["ClusterName"] == "casing"
    assert cluster["Settings"][0] == {"Name": "containerInsights", "Value": "enabled"}


def test_times_are_iso_8601_in_sdk_integrations(machines: Machines):
    states = {
        "Log": task(
            "arn:aws:states:::aws-sdk:cloudwatch:putMetricAlarm",
            {
                "AlarmName": "times",
                "Namespace": "N",
                "MetricName": "M",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1.5,
                "ComparisonOperator": "GreaterThanThreshold",
            },
            Next="Look",
        ),
        "Look": task(
            "arn:aws:states:::aws-sdk:cloudwatch:describeAlarms",
            {"AlarmNames": ["times"]},
            Output="{% $states.result.MetricAlarms[0].StateUpdatedTimestamp %}",
        ),
    }

    moment = machines.run(states).output

    assert moment.endswith("Z")
    assert len(moment) == len("2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize(
    ("resource", "arguments", "error"),
    [
        (
            "aws-sdk:ecs:describeServices",
            {"Cluster": "gone", "Services": ["x"]},
            "Ecs.ClusterNotFoundException",
        ),
        (
            "aws-sdk:dynamodb:getItem",
            {"TableName": "gone", "Key": {"pk": {"S": "x"}}},
            "DynamoDb.ResourceNotFoundException",
        ),
        (
            "dynamodb:getItem",
            {"TableName": "gone", "Key": {"pk": {"S": "x"}}},
            "DynamoDB.ResourceNotFoundException",
        ),
        (
            "aws-sdk:elasticloadbalancingv2:describeRules",
            {"RuleArns": ["arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/a/b/c/d"]},
            "ElasticLoadBalancingV2.RuleNotFoundException",
        ),
        (
            "aws-sdk:ecr:describeImages",
            {"RepositoryName": "gone"},
            "Ecr.RepositoryNotFoundException",
        ),
        (
            "aws-sdk:sfn:describeExecution",
            {"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:no:body"},
            "Sfn.ExecutionDoesNotExistException",
        ),
        ("aws-sdk:ssm:getParameter", {"Name": "/gone"}, "Ssm.ParameterNotFoundException"),
    ],
)
def test_errors_of_services_have_the_documented_names(
    machines: Machines, resource: str, arguments: dict[str, object], error: str
):
    done = machines.run({"Call": task(f"arn:aws:states:::{resource}", arguments)})

    assert (done.status, done.error) == ("FAILED", error)


def test_a_failed_condition_in_dynamodb(machines: Machines, server: Server):
    # Given a table with an item
    dynamodb = server.client("dynamodb")
    dynamodb.create_table(
        TableName="once",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    put = {
        "TableName": "once",
        "Item": {"pk": {"S": "{% $states.input %}"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    machine = machines.make({"Put": task("arn:aws:states:::aws-sdk:dynamodb:putItem", put)})

    # When it is put twice
    first, second = machines.run(machine, "a"), machines.run(machine, "a")

    # Then the second time fails by the name of the SDK's exception
    assert first.status == "SUCCEEDED"
    assert second.error == "DynamoDb.ConditionalCheckFailedException"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"cluster": "x"}, 'The field "cluster" is not supported by Step Functions'),
        ({"Clusters": "x"}, "The value for the field 'Clusters' must be a LIST"),
        ({"Clusters": [1]}, "The value for the field 'Clusters' must be a STRING"),
    ],
)
def test_arguments_that_step_functions_would_refuse_are_refused(
    machines: Machines, arguments: dict[str, object], reason: str
):
    done = machines.run({"Call": task("arn:aws:states:::aws-sdk:ecs:describeClusters", arguments)})

    assert (done.status, done.error) == ("FAILED", "States.Runtime")
    assert "could not be used to start the Task" in done.cause
    assert reason in done.cause


def test_a_query_that_fails_in_arguments_of_dynamodb_is_not_an_error_of_dynamodb(machines: Machines):
    call = task("arn:aws:states:::dynamodb:getItem", {"TableName": "{% $states.input.missing %}"})

    assert machines.run({"Call": call}).error == "States.QueryEvaluationError"


def test_a_message_may_be_an_object_in_the_optimised_integrations(machines: Machines, server: Server):
    topic = server.client("sns").create_topic(Name="objects")["TopicArn"]
    call = task("arn:aws:states:::sns:publish", {"TopicArn": topic, "Message": {"a": 1}})

    assert "MessageId" in machines.run({"Call": call}).output


def test_a_result_that_is_too_large_fails_the_task(machines: Machines, function: str):
    large = "x" * (256 * 1024)
    call = task(
        INVOKE,
        {"FunctionName": function, "Payload": {"answer": {"large": f"{{% $pad('', {len(large)}, 'x') %}}"}}},
    )

    done = machines.run({"Call": call})

    assert done.error == "States.DataLimitExceeded"


def test_the_role_of_a_machine_is_what_it_was_created_with(machines: Machines):
    machine = machines.make({"Look": passing("{% $states.context.Execution.RoleArn %}")})

    assert machines.run(machine).output == ROLE
