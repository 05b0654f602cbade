"""What each resource type makes of its properties, seen through the API of its service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.cfn.accepted import ACCEPTED
from local.cfn.engine import check_types
from local.cfn.resources import TYPES
from local.cfn.shapes import PropertyError
from local.cfn.types.http_apis import function_of, routes_of
from tests.local.cfn.stacks import Stacks, queue, topic
from tests.local.mends.server import Server

SHA = "sha256:" + "0" * 64


@pytest.fixture
def stacks(server: Server) -> Stacks:
    return Stacks(server)


def _at(resource: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [resource, attribute]}


def test_what_is_accepted_without_effect_has_a_reason_and_no_other_meaning():
    assert all(len(reason) > 20 for reason in ACCEPTED.values())
    assert not set(ACCEPTED) & set(TYPES)
    check_types({"Resources": {kind: {"Type": kind} for kind in ACCEPTED}})


def test_a_table_has_everything_that_it_says(stacks: Stacks):
    # Given a table with all that a table may have
    properties: dict[str, Any] = {
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": "true",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "one")
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [_index("one")],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        "SSESpecification": {"SSEEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    resources = {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}
    stacks.create(resources, more={"Outputs": {"Stream": {"Value": _at("Table", "StreamArn")}}})
    assert stacks.status() == "CREATE_COMPLETE", stacks.reasons()
    name, dynamodb = stacks.physical("Table"), stacks.server.client("dynamodb")
    made = dynamodb.describe_table(TableName=name)["Table"]

    # When an index is swapped for another and the protection goes
    properties["AttributeDefinitions"][-1] = {"AttributeName": "two", "AttributeType": "S"}
    properties |= {"GlobalSecondaryIndexes": [_index("two")], "DeletionProtectionEnabled": "false"}
    stacks.update(resources, more={"Outputs": {"Stream": {"Value": _at("Table", "StreamArn")}}})
    changed = dynamodb.describe_table(TableName=name)["Table"]

    # Then all of it is there, and the same table has changed
    assert (made["BillingModeSummary"]["BillingMode"], made["DeletionProtectionEnabled"]) == (
        "PAY_PER_REQUEST",
        True,
    )
    assert made["SSEDescription"]["Status"] == "ENABLED"
    assert [one["IndexName"] for one in made["GlobalSecondaryIndexes"]] == ["one"]
    assert stacks.outputs()["Stream"] == made["LatestStreamArn"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert (
        dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires"
    )
    assert stacks.status() == "UPDATE_COMPLETE", stacks.reasons()
    assert [one["IndexName"] for one in changed["GlobalSecondaryIndexes"]] == ["two"]
    assert changed["DeletionProtectionEnabled"] is False


def _index(name: str) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }


def test_a_bucket_has_its_configurations_and_its_policy(stacks: Stacks):
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": {"Fn::Sub": "${Bucket.Arn}/x"},
    }
    stacks.create(
        {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "BucketEncryption": {
                        "ServerSideEncryptionConfiguration": [
                            {
                                "BucketKeyEnabled": "true",
                                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                            }
                        ]
                    },
                    "PublicAccessBlockConfiguration": {
                        "BlockPublicAcls": True,
                        "BlockPublicPolicy": True,
                        "IgnorePublicAcls": True,
                        "RestrictPublicBuckets": True,
                    },
                    "LifecycleConfiguration": {
                        "Rules": [
                            {
                                "Id": "old",
                                "Status": "Enabled",
                                "ExpirationInDays": 9,
                                "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
                            }
                        ]
                    },
                    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                    "Tags": [{"Key": "k", "Value": "v"}],
                },
            },
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "Bucket"},
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                },
            },
        }
    )

    s3, name = stacks.server.client("s3"), stacks.physical("Bucket")
    assert name == name.lower()
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    rule = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert (rule["Expiration"]["Days"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) == (9, 3)
    assert (
        s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    )
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{name}/x"


def test_a_rule_keeps_its_dead_letters_retries_and_transformer(stacks: Stacks):
    target = {
        "Id": "one",
        "Arn": _at("Queue", "Arn"),
        "DeadLetterConfig": {"Arn": _at("Dead", "Arn")},
        "RetryPolicy": {"MaximumRetryAttempts": "4", "MaximumEventAgeInSeconds": 60},
        "InputTransformer": {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": '{"d": <d>}'},
    }
    rule: dict[str, Any] = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": {"source": ["aws.ecr"]},
            "State": "ENABLED",
            "Targets": [target, {**target, "Id": "two"}],
        },
    }
    resources = {"Queue": queue(), "Dead": queue(), "Rule": rule}
    stacks.create(resources)
    events, name = stacks.server.client("events"), stacks.physical("Rule")
    first = events.list_targets_by_rule(Rule=name)["Targets"]

    rule["Properties"] |= {"State": "DISABLED", "Targets": [target]}
    stacks.update(resources)

    assert [one["Id"] for one in first] == ["one", "two"]
    assert first[0]["RetryPolicy"] == {"MaximumRetryAttempts": 4, "MaximumEventAgeInSeconds": 60}
    assert first[0]["DeadLetterConfig"]["Arn"].startswith("arn:aws:sqs:")
    assert first[0]["InputTransformer"]["InputTemplate"] == '{"d": <d>}'
    assert [one["Id"] for one in events.list_targets_by_rule(Rule=name)["Targets"]] == ["one"]
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    stacks.api.delete_stack(StackName=stacks.name)
    assert events.list_rules(NamePrefix=name)["Rules"] == []


def test_topics_queues_and_their_policies(stacks: Stacks):
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": "*"}
    resources = {
        "Topic": topic(KmsMasterKeyId="alias/aws/sns", DisplayName="D"),
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{**allow, "Action": "sns:Publish"}],
                },
            },
        },
        "Queue": queue(
            VisibilityTimeout=42,
            RedrivePolicy={"deadLetterTargetArn": _at("Dead", "Arn"), "maxReceiveCount": 3},
        ),
        "Dead": queue(MessageRetentionPeriod=1209600),
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{**allow, "Action": "sqs:SendMessage"}],
                },
            },
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": _at("Queue", "Arn"),
                "FilterPolicy": {"kind": ["approval"]},
                "RawMessageDelivery": "true",
            },
        },
    }
    stacks.create(resources)

    sqs, sns = stacks.server.client("sqs"), stacks.server.client("sns")
    attributes = sqs.get_queue_attributes(QueueUrl=stacks.physical("Queue"), AttributeNames=["All"])[
        "Attributes"
    ]
    assert attributes["VisibilityTimeout"] == "42"
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 3
    assert json.loads(attributes["Policy"])["Statement"][0]["Action"] == "sqs:SendMessage"
    policy = sns.get_topic_attributes(TopicArn=stacks.physical("Topic"))["Attributes"]["Policy"]
    assert json.loads(policy)["Statement"][0]["Action"] == "sns:Publish"
    subscription = sns.get_subscription_attributes(SubscriptionArn=stacks.physical("Subscription"))[
        "Attributes"
    ]
    assert json.loads(subscription["FilterPolicy"]) == {"kind": ["approval"]}
    assert subscription["RawMessageDelivery"] == "true"


def test_alarms_dashboards_and_logs(stacks: Stacks):
    metric = {
        "Namespace": "N",
        "MetricName": "M",
        "Statistic": "Sum",
        "Period": "60",
        "EvaluationPeriods": "2",
        "Threshold": "1.5",
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching",
    }
    resources = {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **metric,
                "AlarmActions": [{"Ref": "Topic"}],
                "Dimensions": [{"Name": "d", "Value": "v"}],
            },
        },
        "Topic": topic(),
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"RetentionInDays": "14", "KmsKeyId": _at("Key", "Arn")},
        },
        "Filter": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Logs"},
                "FilterPattern": "ERROR",
                "MetricTransformations": [{"MetricName": "E", "MetricNamespace": "N", "MetricValue": "1"}],
            },
        },
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "EnableKeyRotation": "true",
                "KeyPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
                    ],
                },
            },
        },
        "Alias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": f"alias/{stacks.name}", "TargetKeyId": {"Ref": "Key"}},
        },
    }
    stacks.create(resources)
    assert stacks.status() == "CREATE_COMPLETE", stacks.reasons()

    cloudwatch, logs, kms = (stacks.server.client(name) for name in ("cloudwatch", "logs", "kms"))
    alarm = cloudwatch.describe_alarms(AlarmNames=[stacks.physical("Alarm")])["MetricAlarms"][0]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (60, 2, 1.5)
    assert alarm["AlarmActions"] == [stacks.physical("Topic")]
    group = logs.describe_log_groups(logGroupNamePrefix=stacks.physical("Logs"))["logGroups"][0]
    assert (group["retentionInDays"], "kmsKeyId" in group) == (14, True)
    assert kms.get_key_rotation_status(KeyId=stacks.physical("Key"))["KeyRotationEnabled"] is True
    assert f"alias/{stacks.name}" in {one["AliasName"] for one in kms.list_aliases()["Aliases"]}


def test_an_http_api_of_single_routes_is_known_to_those_who_serve_it(stacks: Stacks):
    function = "arn:aws:lambda:us-east-1:123456789012:function:pages"
    resources = {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "pages", "ProtocolType": "HTTP"}},
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": function,
                "PayloadFormatVersion": "2.0",
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "RouteKey": "GET /a/{id}",
                "Target": {"Fn::Sub": "integrations/${Integration}"},
            },
        },
    }
    stacks.create(resources, more={"Outputs": {"Endpoint": {"Value": _at("Api", "ApiEndpoint")}}})
    assert stacks.status() == "CREATE_COMPLETE", stacks.reasons()

    api = stacks.physical("Api")
    assert stacks.outputs()["Endpoint"] == f"{stacks.server.endpoint}/_aws/execute-api/{api}"
    routes = stacks.server.client("apigatewayv2").get_routes(ApiId=api)["Items"]
    assert [one["RouteKey"] for one in routes] == ["GET /a/{id}"]


def test_the_routes_of_an_http_api_are_read_from_its_openapi_body():
    # Given a body as the SAM transform makes it
    function = "arn:aws:lambda:us-east-1:123456789012:function:pages"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = {"type": "aws_proxy", "uri": uri, "payloadFormatVersion": "2.0"}
    method = {"x-amazon-apigateway-integration": integration, "responses": {}}
    body = {
        "paths": {
            "/approvals/{id}": {"get": method, "post": method},
            "/any": {"x-amazon-apigateway-any-method": method},
            "/$default": {"x-amazon-apigateway-any-method": method},
        }
    }

    # When its routes are read
    routes = routes_of(body)

    # Then each method and path has its function
    keys = {("GET", "/approvals/{id}"), ("POST", "/approvals/{id}"), ("ANY", "/any"), ("ANY", "$default")}
    assert set(routes) == keys
    assert set(routes.values()) == {(function, "2.0")}


def test_an_http_api_without_a_function_behind_it_is_refused():
    with pytest.raises(PropertyError, match="Lambda integrations only"):
        function_of("https://example.com/")


def test_a_schedule_and_its_group(stacks: Stacks):
    properties: dict[str, Any] = {
        "GroupName": {"Ref": "Group"},
        "ScheduleExpression": "rate(1 minute)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": {
            "Arn": _at("Queue", "Arn"),
            "RoleArn": _at("Role", "Arn"),
            "Input": '{"a": 1}',
        },
    }
    resources = {
        "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": stacks.name}},
        "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": properties},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "scheduler.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                            "Condition": {"StringEquals": {"aws:SourceArn": _at("Group", "Arn")}},
                        }
                    ],
                }
            },
        },
        "Queue": queue(),
    }
    stacks.create(resources)
    properties["State"] = "DISABLED"
    stacks.update(resources)

    scheduler = stacks.server.client("scheduler")
    found = scheduler.get_schedule(Name=stacks.physical("Schedule"), GroupName=stacks.name)
    assert (found["ScheduleExpression"], found["State"]) == ("rate(1 minute)", "DISABLED")
    assert found["Target"]["Input"] == '{"a": 1}'


def test_a_service_behind_a_load_balancer(stacks: Stacks):
    """The templates of the infrastructure that Tidegate deploys are made of these."""
    container = {
        "Name": "app",
        "Image": f"repo@{SHA}",
        "Essential": "true",
        "PortMappings": [{"ContainerPort": "80"}],
    }
    resources: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "SubnetA": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.0.0.0/24",
                "AvailabilityZone": "us-east-1a",
            },
        },
        "SubnetB": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.0.1.0/24",
                "AvailabilityZone": "us-east-1b",
            },
        },
        "Balancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {"Subnets": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}], "Scheme": "internal"},
        },
        "Blue": _target_group(),
        "Green": _target_group(),
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"},
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Blue"}}],
            },
        },
        "Rule": {
            "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Properties": {
                "ListenerArn": {"Ref": "Listener"},
                "Priority": "10",
                "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
                "Actions": [
                    {
                        "Type": "forward",
                        "ForwardConfig": {
                            "TargetGroups": [
                                {"TargetGroupArn": {"Ref": "Blue"}, "Weight": 100},
                                {"TargetGroupArn": {"Ref": "Green"}, "Weight": "0"},
                            ]
                        },
                    }
                ],
            },
        },
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": stacks.name}},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": stacks.name,
                "Cpu": 256,
                "Memory": "512",
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "ContainerDefinitions": [container],
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "ServiceName": "web",
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "DesiredCount": "2",
                "LoadBalancers": [
                    {"ContainerName": "app", "ContainerPort": 80, "TargetGroupArn": {"Ref": "Blue"}}
                ],
            },
        },
        "Repository": {
            "Type": "AWS::ECR::Repository",
            "Properties": {
                "RepositoryName": stacks.name,
                "ImageTagMutability": "IMMUTABLE",
                "ImageScanningConfiguration": {"ScanOnPush": True},
            },
        },
    }
    outputs = {
        "Outputs": {
            "Full": {"Value": _at("Blue", "TargetGroupFullName")},
            "Balancer": {"Value": _at("Balancer", "LoadBalancerFullName")},
        }
    }
    stacks.create(resources, more=outputs)
    assert stacks.status() == "CREATE_COMPLETE", stacks.reasons()

    ecs, elb = stacks.server.client("ecs"), stacks.server.client("elbv2")
    service = ecs.describe_services(cluster=stacks.name, services=["web"])["services"][0]
    assert (service["desiredCount"], service["taskDefinition"]) == (2, stacks.physical("Task"))
    rule = elb.describe_rules(RuleArns=[stacks.physical("Rule")])["Rules"][0]
    assert [int(one["Weight"]) for one in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]] == [100, 0]
    assert stacks.outputs()["Full"].startswith("targetgroup/")
    assert stacks.outputs()["Balancer"].startswith("app/")

    container["Image"] = f"repo@{SHA[:-1]}1"
    stacks.update(resources, more=outputs)
    assert stacks.status() == "UPDATE_COMPLETE", stacks.reasons()
    service = ecs.describe_services(cluster=stacks.name, services=["web"])["services"][0]
    assert service["taskDefinition"] == f"{stacks.physical('Task')}"
    assert stacks.physical("Task").endswith(":2")
    stacks.api.delete_stack(StackName=stacks.name)
    assert "does not exist" in str(_error(stacks))


def _error(stacks: Stacks) -> Exception:
    with pytest.raises(stacks.api.exceptions.ClientError) as gone:
        stacks.describe()
    return gone.value


def _target_group() -> dict[str, Any]:
    properties = {
        "Port": 80,
        "Protocol": "HTTP",
        "VpcId": {"Ref": "Vpc"},
        "TargetType": "ip",
        "HealthCheckPath": "/health",
        "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}],
    }
    return {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": properties}


def test_functions_with_versions_aliases_urls_and_event_configurations(stacks: Stacks):
    resources: dict[str, Any] = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
                "Policies": [
                    {
                        "PolicyName": "p",
                        "PolicyDocument": {
                            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
                        },
                    }
                ],
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": _at("Role", "Arn"),
                "Code": {"ZipFile": "def handler(e, c): return e"},
                "ReservedConcurrentExecutions": "3",
                "Tags": [{"Key": "k", "Value": "v"}],
            },
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "FunctionVersion": _at("Version", "Version"),
                "Name": "live",
            },
        },
        "Url": {
            "Type": "AWS::Lambda::Url",
            "Properties": {"TargetFunctionArn": {"Ref": "Function"}, "AuthType": "NONE"},
        },
        "Invoke": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": "1",
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/r",
            },
        },
        "Policy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
                },
            },
        },
    }
    stacks.create(resources)
    assert stacks.status() == "CREATE_COMPLETE", stacks.reasons()

    lambda_, iam, name = (
        stacks.server.client("lambda"),
        stacks.server.client("iam"),
        stacks.physical("Function"),
    )
    assert lambda_.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3
    assert lambda_.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    assert lambda_.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1
    statement = json.loads(lambda_.get_policy(FunctionName=name)["Policy"])["Statement"][0]
    assert (
        statement["Condition"]["ArnLike"]["AWS:SourceArn"] == "arn:aws:events:us-east-1:123456789012:rule/r"
    )
    attached = iam.list_attached_role_policies(RoleName=stacks.physical("Role"))["AttachedPolicies"]
    assert len(attached) == 2
    stacks.api.delete_stack(StackName=stacks.name)
    assert "does not exist" in str(_error(stacks))
