"""Every call to AWS that the adapters make fails here once in each way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import EndpointConnectionError

import tidegate.aws
from tests.adapters.scripted import Scripted
from tests.adapters.values import (
    HOME,
    NOON,
    ROOT,
    approval,
    canary,
    deployment,
    digest,
    period,
    release,
    service,
    wait,
)
from tidegate.aws.clients import Clients
from tidegate.bootstrap import LazyPorts
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.domain.strategy import BlueGreenSettings, RollingSettings
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.settings import Settings

ENVIRONMENT = {
    "HOME_ACCOUNT": HOME.account,
    "AWS_REGION": HOME.region,
    "STACK_NAME": "tidegate",
    "CATALOGUE_TABLE": "catalogue",
    "LEDGER_TABLE": "ledger",
    "LOCKS_TABLE": "locks",
    "WAITS_TABLE": "waits",
    "SESSIONS_TABLE": "sessions",
    "EVIDENCE_BUCKET": "evidence",
    "NOTIFICATIONS_TOPIC": "arn:aws:sns:us-east-1:123456789012:notifications",
    "APPROVALS_TOPIC": "arn:aws:sns:us-east-1:123456789012:approvals",
    "PULSE_GROUP": "tidegate",
    "PULSE_ROLE_ARN": "arn:aws:iam::123456789012:role/pulse",
    "PULSE_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:tidegate-pulse",
}
PLACE = (HOME, "prod", "checkout")
ACTIVE = {"services": [{"status": "ACTIVE"}]}
STABLE = {
    "status": "ACTIVE",
    "serviceName": "checkout",
    "loadBalancers": [{"targetGroupArn": "stable", "containerName": "app", "containerPort": 80}],
}
LINK = {
    "Item": {
        "approval": {"S": "ask-1"},
        "approver": {"S": "ops@example.com"},
        "of": {"S": release().id},
        "revision": {"N": "1"},
        "results": {"M": {}},
    }
}
CANARY = (HOME, "prod", "checkout-canary")
LISTED = {"serviceDeployments": [{"serviceDeploymentArn": "one"}]}
IN_FLIGHT = {
    "serviceDeploymentArn": "one",
    "status": "IN_PROGRESS",
    "createdAt": NOON,
    "targetServiceRevision": {"arn": "revision"},
}
TASK = {"taskArn": "task", "taskDefinitionArn": "checkout:7", "lastStatus": "RUNNING"}


RULE = {
    "Rules": [
        {
            "RuleArn": "rule",
            "Actions": [
                {
                    "Type": "forward",
                    "ForwardConfig": {
                        "TargetGroups": [{"TargetGroupArn": "stable"}, {"TargetGroupArn": "canary"}]
                    },
                }
            ],
        }
    ]
}
RESOURCE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/prod/checkout",
    "ScalableDimension": "ecs:service:DesiredCount",
    "CreationTime": NOON,
}
SCALABLE = {"ScalableTargets": [{**RESOURCE, "RoleARN": "role", "MinCapacity": 1, "MaxCapacity": 4}]}
SCALING = ServiceScaling(1, 4, policies=({"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling"},))
OTHER_POLICY = {
    "ScalingPolicies": [{**RESOURCE, "PolicyARN": "arn", "PolicyName": "memory", "PolicyType": "StepScaling"}]
}
CALIBRATION = StoredCalibration(NOON, NOON)
REQUESTS = MetricQuery("requests", "AWS/ApplicationELB", "RequestCount", {}, "Sum", 60)
BLUE_GREEN = BlueGreenSettings(
    production_rule="production",
    test_rule="test",
    target_groups=("blue", "green"),
    infrastructure_role="role",
    test_url="https://test",
)


def make_canary(ports: Ports) -> None:
    ports.services.create_canary(*PLACE, "checkout-canary", "checkout:7", {"stable": "canary"})


@dataclass(frozen=True)
class Case:
    """A method of a port, its call that fails, and the answers (or error codes) that lead up to that call."""

    service: str
    operation: str
    use: Callable[[Ports], Any]
    before: dict[str, dict[str, Any] | list[dict[str, Any]] | str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


CASES = [
    Case("dynamodb", "GetItem", lambda p: p.releases.get(release().id)),
    Case("dynamodb", "PutItem", lambda p: p.releases.create(release())),
    Case("dynamodb", "UpdateItem", lambda p: p.releases.touch(release().id, "dev", production=False)),
    Case("dynamodb", "DeleteItem", lambda p: p.freezes.lift("checkout", "prod")),
    Case("dynamodb", "Query", lambda p: p.releases.newest("checkout")),
    Case("dynamodb", "Query", lambda p: p.locks.all()),
    Case("dynamodb", "TransactWriteItems", lambda p: p.waits.put(wait("lock/checkout/prod"))),
    Case("dynamodb", "TransactWriteItems", lambda p: p.waits.remove(wait("lock/checkout/prod"))),
    Case("dynamodb", "TransactWriteItems", lambda p: p.deployments.open(deployment())),
    Case("dynamodb", "TransactWriteItems", lambda p: p.journal.append("a", "b", {}, at=NOON, key="c")),
    Case("dynamodb", "TransactWriteItems", lambda p: p.approvals.create(approval(), {})),
    Case("dynamodb", "TransactWriteItems", lambda p: p.catalogue.put(service(), after=0), {"GetItem": {}}),
    Case(
        "dynamodb",
        "TransactWriteItems",
        lambda p: p.quarantine.lift("checkout", digest("a"), reason="none", by=None, at=NOON),
    ),
    Case("ecr", "DescribeImages", lambda p: p.registry.image(HOME, "checkout", tag="1.0.0")),
    Case("ecr", "DescribeImages", lambda p: p.registry.images(HOME, "checkout")),
    Case("ecr", "DescribeImageScanFindings", lambda p: p.registry.scan(HOME, "checkout", digest("a"))),
    Case("dynamodb", "BatchGetItem", lambda p: p.approvals.linked("hash"), {"GetItem": LINK}),
    Case("ecr", "BatchGetImage", lambda p: p.registry.labels(HOME, "checkout", digest("a"))),
    Case(
        "ecr",
        "GetDownloadUrlForLayer",
        lambda p: p.registry.labels(HOME, "checkout", digest("a")),
        {"BatchGetImage": {"images": [{"imageManifest": '{"config": {"digest": "sha256:1"}}'}]}},
    ),
    Case("ecr", "DescribeRepositories", lambda p: p.registry.uri(HOME, "checkout")),
    Case("ecs", "DescribeServices", lambda p: p.services.describe(*PLACE)),
    Case("ecs", "UpdateService", lambda p: p.services.deploy(*PLACE, "checkout:7", RollingSettings())),
    Case("ecs", "DescribeServices", lambda p: p.services.deploy(*PLACE, "checkout:7", BLUE_GREEN)),
    Case("ecs", "DescribeServices", lambda p: p.services.resize(*CANARY, 0)),
    Case("ecs", "UpdateService", lambda p: p.services.resize(*CANARY, 1), {"DescribeServices": ACTIVE}),
    Case("ecs", "DescribeServices", make_canary),
    Case(
        "ecs",
        "CreateService",
        make_canary,
        {"DescribeServices": [{"services": []}, {"services": [STABLE]}, {"services": []}]},
    ),
    Case(
        "ecs",
        "ContinueServiceDeployment",
        lambda p: p.services.continue_deployment(HOME, "one", "hook", go_on=True),
    ),
    Case("ecs", "ListServiceDeployments", lambda p: p.services.deployments(*PLACE)),
    Case(
        "ecs",
        "DescribeServiceDeployments",
        lambda p: p.services.deployments(*PLACE),
        {"ListServiceDeployments": LISTED},
    ),
    Case(
        "ecs",
        "DescribeServiceRevisions",
        lambda p: p.services.deployments(*PLACE),
        {"ListServiceDeployments": LISTED, "DescribeServiceDeployments": {"serviceDeployments": [IN_FLIGHT]}},
    ),
    Case("ecs", "StopServiceDeployment", lambda p: p.services.stop(HOME, "one")),
    Case("ecs", "ListTasks", lambda p: p.services.tasks(*PLACE)),
    Case("ecs", "DescribeTasks", lambda p: p.services.tasks(*PLACE), {"ListTasks": {"taskArns": ["task"]}}),
    Case("ecs", "DescribeTasks", lambda p: p.tasks.describe(HOME, "prod", "task")),
    Case("ecs", "DescribeTaskDefinition", lambda p: p.task_definitions.describe(HOME, "checkout:7")),
    Case(
        "ecs",
        "DescribeTaskDefinition",
        lambda p: p.tasks.describe(HOME, "prod", "task"),
        {"DescribeTasks": {"tasks": [TASK]}},
    ),
    Case(
        "ecs", "DescribeTaskDefinition", lambda p: p.task_definitions.register(HOME, {"family": "checkout"})
    ),
    Case(
        "ecs",
        "RegisterTaskDefinition",
        lambda p: p.task_definitions.register(HOME, {"family": "checkout", "containerDefinitions": []}),
        {"DescribeTaskDefinition": {"taskDefinition": {"family": "checkout", "cpu": "256"}}},
    ),
    Case(
        "ecs",
        "RunTask",
        lambda p: p.tasks.run(*PLACE, "checkout:7", "app", ["migrate"], key="one"),
        {"DescribeServices": ACTIVE},
    ),
    Case("ecs", "StopTask", lambda p: p.tasks.stop(HOME, "prod", "task", "too long")),
    Case("elbv2", "DescribeTargetHealth", lambda p: p.target_groups.health(HOME, "group")),
    Case("elbv2", "DescribeRules", lambda p: p.listener_rules.describe(HOME, ["rule"])),
    Case(
        "elbv2",
        "ModifyRule",
        lambda p: p.listener_rules.set_weights(HOME, "rule", {"stable": 99, "canary": 1}),
        {"DescribeRules": RULE},
    ),
    Case("application-autoscaling", "DescribeScalableTargets", lambda p: p.scaling.describe(*PLACE)),
    Case(
        "application-autoscaling",
        "DescribeScalingPolicies",
        lambda p: p.scaling.describe(*PLACE),
        {"DescribeScalableTargets": SCALABLE},
    ),
    Case(
        "application-autoscaling",
        "RegisterScalableTarget",
        lambda p: p.scaling.suspend(*PLACE, Suspended()),
        {"DescribeScalableTargets": SCALABLE},
    ),
    Case("application-autoscaling", "RegisterScalableTarget", lambda p: p.scaling.put(*PLACE, SCALING)),
    Case(
        "application-autoscaling",
        "DeleteScalingPolicy",
        lambda p: p.scaling.put(*PLACE, SCALING),
        {"RegisterScalableTarget": {}, "DescribeScalingPolicies": OTHER_POLICY},
    ),
    Case(
        "application-autoscaling",
        "PutScalingPolicy",
        lambda p: p.scaling.put(*PLACE, SCALING),
        {"RegisterScalableTarget": {}, "DescribeScalingPolicies": {"ScalingPolicies": []}},
    ),
    Case("application-autoscaling", "DeregisterScalableTarget", lambda p: p.scaling.remove(*PLACE)),
    Case(
        "cloudwatch",
        "GetMetricData",
        lambda p: p.metrics.read(HOME, [REQUESTS], since=NOON, until=NOON + timedelta(hours=1)),
    ),
    Case("scheduler", "CreateSchedule", lambda p: p.schedules.start("pulse", {})),
    Case(
        "scheduler",
        "UpdateSchedule",
        lambda p: p.schedules.start("pulse", {}),
        {"CreateSchedule": "ConflictException"},
    ),
    Case("scheduler", "DeleteSchedule", lambda p: p.schedules.remove("pulse")),
    Case("scheduler", "GetSchedule", lambda p: p.schedules.exists("pulse")),
    Case("dynamodb", "TransactWriteItems", lambda p: p.canaries.open(canary())),
    Case("dynamodb", "PutItem", lambda p: p.canaries.save(canary())),
    Case("dynamodb", "TransactWriteItems", lambda p: p.canaries.end(replace(canary(), phase="ended"))),
    Case("dynamodb", "GetItem", lambda p: p.canaries.get("checkout", "prod")),
    Case("dynamodb", "Query", lambda p: p.canaries.active()),
    Case("dynamodb", "PutItem", lambda p: p.canaries.add_periods("one", [period()])),
    Case("dynamodb", "Query", lambda p: p.canaries.periods("one")),
    Case("dynamodb", "GetItem", lambda p: p.calibrations.get("checkout", "prod")),
    Case(
        "dynamodb", "PutItem", lambda p: p.calibrations.put("checkout", "prod", StoredCalibration(NOON, NOON))
    ),
    Case("cloudwatch", "DescribeAlarms", lambda p: p.alarms.states(HOME, ["errors"])),
    Case("logs", "GetLogEvents", lambda p: p.logs.tail(HOME, "/ecs", "app/app/1")),
    Case("stepfunctions", "StartExecution", lambda p: p.machines.start("deploy", "one", {})),
    Case("stepfunctions", "DescribeExecution", lambda p: p.machines.describe(ROOT)),
    Case("stepfunctions", "StopExecution", lambda p: p.machines.stop(ROOT, error="e", cause="c")),
    Case("stepfunctions", "SendTaskSuccess", lambda p: p.machines.resume("token", {})),
    Case("sns", "Publish", lambda p: p.notifier.publish(None, "subject", "body", {})),
    Case("sns", "Publish", lambda p: p.notifier.ask_approver("ana@example.com", "subject", "body")),
    Case("sns", "ListSubscriptionsByTopic", lambda p: p.notifier.confirmed_approvers()),
    Case(
        "sns",
        "Subscribe",
        lambda p: p.notifier.subscribe_approver("ana@example.com"),
        {"ListSubscriptionsByTopic": {"Subscriptions": []}},
    ),
    Case("s3", "PutObject", lambda p: p.evidence.put("key", {})),
    Case("s3", "PutObject", lambda p: p.evidence.put_text("key", "text", "text/plain")),
    Case("s3", "GetObject", lambda p: p.evidence.get("key")),
]


IDS = [f"{case}-{number}" for number, case in enumerate(CASES)]


@pytest.fixture
def ports(untouched: Clients) -> Ports:
    """The adapters."""
    made = LazyPorts(Settings.from_environment(ENVIRONMENT))
    vars(made)["_clients"] = untouched
    return made


def scripted(clients: Clients, case: Case) -> Scripted:
    script = Scripted(clients.home(case.service))
    for operation, answer in case.before.items():
        if isinstance(answer, str):
            script.refuse(operation, answer)
        else:
            script.answer(operation, *(answer if isinstance(answer, list) else [answer]))
    return script


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, Transient),
        ("SomethingNew", 503, Transient),
        ("AccessDeniedException", 400, Terminal),
        ("SomethingNew", 400, Terminal),
    ],
)
def test_an_error_of_aws_is_one_of_the_two(
    untouched: Clients, ports: Ports, case: Case, code: str, status: int, kind: type[Exception]
):
    scripted(untouched, case).refuse(case.operation, code, "It is refused.", status)

    with pytest.raises(kind) as raised:
        case.use(ports)

    assert str(raised.value) == f"{code}: It is refused. ({case})"


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_call_that_does_not_arrive_may_be_tried_again(untouched: Clients, ports: Ports, case: Case):
    scripted(untouched, case).broken(case.operation, EndpointConnectionError(endpoint_url="https://x"))

    with pytest.raises(Transient, match=rf"^EndpointConnectionError: .*\({case}\)$"):
        case.use(ports)


def test_there_is_a_case_for_every_call_in_the_adapters():
    # Given the methods of the clients that the adapters use
    session = botocore.session.get_session()
    operations = {
        xform_name(operation): f"{name}:{operation}"
        for name in {case.service for case in CASES}
        for operation in session.get_service_model(name).operation_names
    }

    # When their names are looked for in the adapters
    called: set[str] = set()
    for module in Path(tidegate.aws.__file__).parent.glob("*.py"):
        code = re.sub(r"(?m)^from .*", "", module.read_text())
        names = re.findall(r"\.([a-z]\w+)\b|\"([a-z]\w+)\"", code)
        called |= {operations[name] for pair in names for name in pair if name in operations}

    # Then
    assert called == {str(case) for case in CASES}
