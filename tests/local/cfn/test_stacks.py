"""The life of stacks, as https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/ describes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.cfn.stacks import BROKEN, CAPABILITIES, Stacks, queue, topic
from tests.local.mends.server import Server


@pytest.fixture
def stacks(server: Server) -> Stacks:
    return Stacks(server)


def _refused(call, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_a_stack_is_made_in_the_order_of_its_references(stacks: Stacks):
    # Given a subscription before the things that it needs
    resources = {
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
            },
        },
        "Queue": queue(),
        "Topic": topic(),
    }
    outputs = {"Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Description": "of the queue"}}}

    # When the stack is created
    stacks.create(resources, more=outputs)

    # Then it is there, its events tell how, and waiting for it takes no time
    stacks.api.get_waiter("stack_create_complete").wait(StackName=stacks.name)
    events = stacks.api.describe_stack_events(StackName=stacks.name)["StackEvents"]
    made = [
        one["LogicalResourceId"] for one in reversed(events) if one["ResourceStatus"] == "CREATE_COMPLETE"
    ]
    assert made == ["Topic", "Queue", "Subscription", stacks.name]
    assert stacks.outputs()["Arn"].startswith("arn:aws:sqs:us-east-1:123456789012:" + stacks.name)
    assert (
        len(
            stacks.server.client("sns").list_subscriptions_by_topic(TopicArn=stacks.physical("Topic"))[
                "Subscriptions"
            ]
        )
        == 1
    )


def test_a_type_that_the_local_cloud_cannot_make_is_refused_before_anything_is_made(stacks: Stacks):
    bad = {"Topic": topic(), "Fleet": {"Type": "AWS::GameLift::Fleet", "Properties": {}}}

    refusal = _refused(stacks.create, resources=bad)

    assert refusal.startswith(
        "ValidationError: Template format error: Unrecognized resource types: [AWS::GameLift::Fleet]"
    )
    assert "does not exist" in _refused(stacks.api.describe_stacks, StackName=stacks.name)


def test_a_property_that_a_type_does_not_have_fails_the_stack(stacks: Stacks):
    stacks.create({"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Treshold": 1}}})

    assert stacks.status() == "ROLLBACK_COMPLETE"
    assert stacks.reasons() == {"Alarm": "Properties: Encountered unsupported property Treshold"}


def test_a_resource_that_fails_fails_the_stack_and_undoes_the_others(stacks: Stacks):
    # Given a stack whose second resource cannot be made
    resources = {"Topic": topic(TopicName=f"{stacks.name}-t"), "Policy": {**BROKEN, "DependsOn": "Topic"}}

    # When it is created
    stacks.create(resources)

    # Then the reason is in its events and nothing is left
    assert stacks.status() == "ROLLBACK_COMPLETE"
    assert "Error Code: NotFound" in stacks.reasons()["Policy"]
    topics = stacks.server.client("sns").list_topics()["Topics"]
    assert not any(f"{stacks.name}-t" in one["TopicArn"] for one in topics)


def test_a_failed_stack_may_be_kept_to_look_at(stacks: Stacks):
    stacks.create({"Topic": topic(), "Policy": {**BROKEN, "DependsOn": "Topic"}}, OnFailure="DO_NOTHING")

    assert stacks.status() == "CREATE_FAILED"
    assert stacks.physical("Topic").startswith("arn:aws:sns:")


def test_a_function_and_a_machine_really_change(stacks: Stacks):
    # Given a function and a machine that uses it
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    }

    def resources(code: str, word: str) -> dict[str, Any]:
        return {
            "Role": role,
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Handler": "index.handler",
                    "Runtime": "python3.13",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": code},
                    "Environment": {"Variables": {"WORD": word}},
                    "Timeout": "7",
                },
            },
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": stacks.name,
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "DefinitionString": json.dumps(
                        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Word}", "End": True}}}
                    ),
                    "DefinitionSubstitutions": {"Word": word},
                },
            },
        }

    stacks.create(resources("x = 1", "one"))
    lambda_, machines = stacks.server.client("lambda"), stacks.server.client("stepfunctions")
    function, machine = stacks.physical("Function"), stacks.physical("Machine")
    before = lambda_.get_function_configuration(FunctionName=function)

    # When code, environment and definition change
    stacks.update(resources("x = 2", "two"))

    # Then they are the same function and machine with the new content
    after = lambda_.get_function_configuration(FunctionName=function)
    assert stacks.status() == "UPDATE_COMPLETE"
    assert (stacks.physical("Function"), stacks.physical("Machine")) == (function, machine)
    assert (before["CodeSha256"] != after["CodeSha256"], after["Timeout"]) == (True, 7)
    assert after["Environment"]["Variables"] == {"WORD": "two"}
    assert '"two"' in machines.describe_state_machine(stateMachineArn=machine)["definition"]


def test_an_update_reaches_what_depends_on_what_has_changed(stacks: Stacks):
    # Given a dashboard that shows the name of a queue
    def resources(name: str) -> dict[str, Any]:
        body = {"Fn::Sub": '{"widgets": [], "queue": "${Queue.QueueName}"}'}
        return {
            "Queue": queue(QueueName=name),
            "Board": {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {"DashboardName": stacks.name, "DashboardBody": body},
            },
        }

    stacks.create(resources(f"{stacks.name}-a"))

    # When the queue is replaced
    stacks.update(resources(f"{stacks.name}-b"))

    # Then the dashboard shows the new one, and the old one is gone
    board = stacks.server.client("cloudwatch").get_dashboard(DashboardName=stacks.name)["DashboardBody"]
    assert f"{stacks.name}-b" in board
    queues = stacks.server.client("sqs").list_queues(QueueNamePrefix=stacks.name)["QueueUrls"]
    assert [url.rpartition("/")[2] for url in queues] == [f"{stacks.name}-b"]


def test_a_failed_update_brings_the_old_state_back(stacks: Stacks):
    # Given a stack
    stacks.create({"Topic": topic(DisplayName="old"), "Old": queue(QueueName=f"{stacks.name}-old")})

    # When an update changes one resource, adds one, drops one, and fails at a last one
    stacks.update(
        {
            "Topic": topic(DisplayName="new"),
            "New": queue(),
            "Policy": {**BROKEN, "DependsOn": ["New", "Topic"]},
        }
    )

    # Then everything is as before
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE"
    attributes = stacks.server.client("sns").get_topic_attributes(TopicArn=stacks.physical("Topic"))[
        "Attributes"
    ]
    assert attributes["DisplayName"] == "old"
    resources = stacks.api.list_stack_resources(StackName=stacks.name)["StackResourceSummaries"]
    assert {one["LogicalResourceId"] for one in resources} == {"Topic", "Old"}
    stacks.update({"Topic": topic(DisplayName="newer"), "Old": queue(QueueName=f"{stacks.name}-old")})
    assert stacks.status() == "UPDATE_COMPLETE"


def test_an_update_that_changes_nothing_is_refused(stacks: Stacks):
    stacks.create({"Topic": topic()})

    assert (
        _refused(stacks.update, resources={"Topic": topic()})
        == "ValidationError: No updates are to be performed."
    )


def test_conditions_and_parameters_decide_what_is_there(stacks: Stacks):
    # Given a queue that depends on a parameter
    more = {
        "Parameters": {"With": {"Type": "String", "AllowedValues": ["yes", "no"]}},
        "Conditions": {"Wanted": {"Fn::Equals": [{"Ref": "With"}, "yes"]}},
        "Outputs": {"Queue": {"Condition": "Wanted", "Value": {"Ref": "Queue"}}},
    }
    resources = {"Topic": topic(), "Queue": {**queue(), "Condition": "Wanted"}}
    stacks.create(resources, more=more, Parameters=[{"ParameterKey": "With", "ParameterValue": "no"}])
    assert stacks.outputs() == {}

    # When the parameter changes, and changes back
    stacks.update(resources, more=more, Parameters=[{"ParameterKey": "With", "ParameterValue": "yes"}])
    with_queue = stacks.outputs()
    stacks.update(resources, more=more, Parameters=[{"ParameterKey": "With", "ParameterValue": "no"}])

    # Then the queue came and went
    assert f"/{stacks.name}-Queue-" in with_queue["Queue"]
    assert stacks.outputs() == {}
    assert "QueueUrls" not in stacks.server.client("sqs").list_queues(QueueNamePrefix=stacks.name)


def test_secrets_among_the_parameters_are_not_shown(stacks: Stacks):
    more = {"Parameters": {"Secret": {"Type": "String", "NoEcho": True}}}
    stacks.create(
        {"Topic": topic()}, more=more, Parameters=[{"ParameterKey": "Secret", "ParameterValue": "s3cret"}]
    )

    assert stacks.describe()["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]


def test_deleting_a_stack_keeps_what_it_says_to_keep(stacks: Stacks):
    stacks.create({"Kept": {**queue(), "DeletionPolicy": "Retain"}, "Gone": queue()})
    kept, identifier = stacks.physical("Kept"), stacks.describe()["StackId"]

    stacks.api.delete_stack(StackName=stacks.name)

    assert stacks.server.client("sqs").list_queues(QueueNamePrefix=stacks.name)["QueueUrls"] == [kept]
    assert "does not exist" in _refused(stacks.api.describe_stacks, StackName=stacks.name)
    assert stacks.status(identifier) == "DELETE_COMPLETE"
    stacks.api.delete_stack(StackName=stacks.name)


def test_a_resource_that_cannot_be_deleted_fails_the_deletion(stacks: Stacks):
    stacks.create({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": stacks.name}}})
    s3 = stacks.server.client("s3")
    s3.put_object(Bucket=stacks.name, Key="k", Body=b"x")

    stacks.api.delete_stack(StackName=stacks.name)

    assert stacks.status() == "DELETE_FAILED"
    assert "BucketNotEmpty" in stacks.reasons()["Bucket"]
    s3.delete_object(Bucket=stacks.name, Key="k")
    stacks.api.delete_stack(StackName=stacks.name)
    assert "does not exist" in _refused(stacks.api.describe_stacks, StackName=stacks.name)


def test_a_protected_stack_is_not_deleted(stacks: Stacks):
    stacks.create({"Topic": topic()}, EnableTerminationProtection=True)

    assert "TerminationProtection is enabled" in _refused(stacks.api.delete_stack, StackName=stacks.name)


def test_exports_are_shared_between_stacks_and_protected_while_in_use(stacks: Stacks):
    # Given a stack that exports, and one that imports
    export = {"Outputs": {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": f"{stacks.name}-arn"}}}}
    stacks.create({"Topic": topic()}, more=export)
    user = {
        "Sub": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Fn::ImportValue": f"{stacks.name}-arn"},
                "Protocol": "email",
                "Endpoint": "a@example.com",
            },
        }
    }
    stacks.create(user, name=f"{stacks.name}-user")

    # When the first is to be deleted, or another stack exports the same name
    in_use = _refused(stacks.api.delete_stack, StackName=stacks.name)
    stacks.create({"Topic": topic()}, name=f"{stacks.name}-two", more=export)

    # Then neither happens
    assert f"Export {stacks.name}-arn cannot be deleted as it is in use by {stacks.name}-user" in in_use
    assert stacks.status(f"{stacks.name}-two") == "ROLLBACK_COMPLETE"
    assert stacks.api.list_imports(ExportName=f"{stacks.name}-arn")["Imports"] == [f"{stacks.name}-user"]
    assert stacks.physical("Topic") in [one["Value"] for one in stacks.api.list_exports()["Exports"]]
    stacks.api.delete_stack(StackName=f"{stacks.name}-user")
    stacks.api.delete_stack(StackName=stacks.name)


def test_change_sets_create_and_update_stacks(stacks: Stacks):
    """`aws cloudformation deploy` and `sam deploy` work by change sets."""

    # Given a change set for a new stack
    def change(name: str, kind: str, resources: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"Resources": resources})
        stacks.api.create_change_set(
            StackName=stacks.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=body,
            Capabilities=CAPABILITIES,
        )
        return dict(stacks.api.describe_change_set(StackName=stacks.name, ChangeSetName=name))

    first = change("one", "CREATE", {"Topic": topic()})
    assert stacks.status() == "REVIEW_IN_PROGRESS"
    assert [one["ResourceChange"]["Action"] for one in first["Changes"]] == ["Add"]

    # When it is executed, and others follow
    stacks.api.execute_change_set(StackName=stacks.name, ChangeSetName="one")
    created = stacks.status()
    nothing = change("two", "UPDATE", {"Topic": topic()})
    change("three", "UPDATE", {"Topic": topic(), "Queue": queue()})
    stacks.api.execute_change_set(StackName=stacks.name, ChangeSetName="three")

    # Then the stack is made and changed, and the one without changes says so
    assert (created, stacks.status()) == ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert nothing["Status"] == "FAILED"
    assert "didn't contain changes" in nothing["StatusReason"]


def test_a_template_that_may_do_more_needs_its_capabilities(stacks: Stacks):
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {}}}
    body = json.dumps({"Resources": {"Role": role}})

    refusal = _refused(stacks.api.create_stack, StackName=stacks.name, TemplateBody=body)

    assert refusal == "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]"


def test_a_stack_within_a_stack(stacks: Stacks):
    # Given a template in a bucket
    s3 = stacks.server.client("s3")
    s3.create_bucket(Bucket=f"{stacks.name}-templates")

    def inner(name: str) -> str:
        body = {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"Queue": queue(QueueName={"Ref": "Name"})},
            "Outputs": {"Url": {"Value": {"Ref": "Queue"}}},
        }
        s3.put_object(Bucket=f"{stacks.name}-templates", Key=name, Body=json.dumps(body))
        return f"https://s3.amazonaws.com/{stacks.name}-templates/{name}"

    def outer(name: str) -> dict[str, Any]:
        properties = {"TemplateURL": inner("a.json"), "Parameters": {"Name": name}}
        return {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}}

    outputs = {"Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Url"]}}}}

    # When a stack of it is made, changed and deleted
    stacks.create(outer(f"{stacks.name}-1"), more=outputs)
    first = stacks.outputs()["Url"]
    stacks.update(outer(f"{stacks.name}-2"), more=outputs)
    second = stacks.outputs()["Url"]
    stacks.api.delete_stack(StackName=stacks.name)

    # Then the inner stack followed
    assert first.endswith(f"{stacks.name}-1")
    assert second.endswith(f"{stacks.name}-2")
    assert "QueueUrls" not in stacks.server.client("sqs").list_queues(QueueNamePrefix=stacks.name)


def test_a_stack_that_was_never_made_is_deleted_before_it_is_made_again(stacks: Stacks):
    resources = {"Topic": topic(), "Policy": {**BROKEN, "DependsOn": "Topic"}}
    stacks.create(resources)
    refusal = _refused(stacks.update, resources={"Topic": topic()})

    stacks.api.delete_stack(StackName=stacks.name)
    stacks.create({"Topic": topic()})

    assert "is in ROLLBACK_COMPLETE state and can not be updated" in refusal
    assert stacks.status() == "CREATE_COMPLETE"
