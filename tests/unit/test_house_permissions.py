"""Least privilege in both directions: a function may do all that its step can call, and nothing else."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from tests.statemachines.template import FUNCTION, resources
from tests.unit.step_calls import calls_of
from tidegate import ports

SEND = "sns:Publish kms:GenerateDataKey kms:Decrypt"
DEPLOYMENTS = "ecs:ListServiceDeployments ecs:DescribeServiceDeployments ecs:DescribeServiceRevisions"
REGISTER = "ecs:DescribeTaskDefinition ecs:RegisterTaskDefinition ecs:TagResource iam:PassRole"
SCALABLE = "application-autoscaling:DescribeScalableTargets"
POLICIES = "application-autoscaling:DescribeScalingPolicies"
SCALE = f"{SCALABLE} application-autoscaling:RegisterScalableTarget ecs:DescribeServices ecs:UpdateService"
NEEDS = {
    "catalogue.get": "Catalogue:GetItem",
    "catalogue.put": "Catalogue:GetItem Catalogue:PutItem Catalogue:DeleteItem Ledger:PutItem",
    "catalogue.feeding": "Catalogue:Query",
    "catalogue.watching": "Catalogue:Query",
    "catalogue.names": "Catalogue:Query",
    "releases.create": "Ledger:PutItem",
    "releases.get": "Ledger:GetItem",
    "releases.newest": "Ledger:Query",
    "releases.start_attempt": "Ledger:UpdateItem",
    "releases.touch": "Ledger:UpdateItem",
    "releases.stop": "Ledger:UpdateItem",
    "releases.note_requester": "Ledger:UpdateItem",
    "releases.note_pusher": "Ledger:UpdateItem",
    "releases.mark_point_of_no_return": "Ledger:UpdateItem",
    "releases.end": "Ledger:UpdateItem",
    "deployments.open": "Ledger:PutItem Ledger:GetItem Ledger:UpdateItem",
    "deployments.close": "Ledger:PutItem Ledger:UpdateItem",
    "deployments.revoke": "Ledger:UpdateItem",
    "deployments.restored": "Ledger:Query Ledger:UpdateItem",
    "deployments.latest": "Ledger:Query",
    "deployments.of_release": "Ledger:Query Ledger:GetItem",
    "journal.append": "Ledger:PutItem",
    "journal.entries": "Ledger:Query",
    "quarantine.add": "Ledger:PutItem",
    "quarantine.lift": "Ledger:PutItem Ledger:DeleteItem Ledger:GetItem",
    "quarantine.digests": "Ledger:Query",
    "freezes.set": "Ledger:PutItem Ledger:UpdateItem",
    "freezes.lift": "Ledger:DeleteItem Ledger:UpdateItem",
    "freezes.reason": "Ledger:GetItem",
    "approvals.create": "Ledger:PutItem Ledger:GetItem",
    "approvals.add_links": "Ledger:PutItem Ledger:GetItem",
    "approvals.get": "Ledger:GetItem",
    "approvals.by_link": "Ledger:GetItem",
    "approvals.linked": "Ledger:GetItem Ledger:BatchGetItem Catalogue:BatchGetItem",
    "approvals.admit": "Ledger:UpdateItem",
    "approvals.vote": "Ledger:UpdateItem",
    "approvals.decide": "Ledger:UpdateItem",
    "approvals.pending_of": "Ledger:Query Ledger:GetItem",
    "locks.acquire": "Locks:UpdateItem",
    "locks.take_over": "Locks:UpdateItem",
    "locks.holder": "Locks:GetItem",
    "locks.release": "Locks:UpdateItem",
    "locks.all": "Locks/index/by_held:Query",
    "waits.put": "Waits:PutItem",
    "waits.on": "Waits:Query",
    "waits.of_release": "Waits:Query",
    "waits.remove": "Waits:DeleteItem",
    "intake.first": "Ledger:PutItem",
    "intake.seen": "Ledger:GetItem",
    "status.open_work": "Ledger/index/by_open:Query",
    "status.waiting": "Waits/index/by_list:Query",
    "status.services": "Ledger:Query",
    "status.service": "Ledger:Query",
    "status.history": "Ledger/index/by_release:Query",
    "status.trail": "Ledger/index/by_month:Query Ledger/index/by_service:Query",
    "sessions.offer": "Sessions:PutItem",
    "sessions.offered": "Sessions:GetItem",
    "sessions.exchange": "Sessions:PutItem Sessions:DeleteItem",
    "sessions.get": "Sessions:GetItem",
    "sessions.end": "Sessions:DeleteItem",
    "registry.image": "ecr:DescribeImages",
    "registry.images": "ecr:DescribeImages",
    "registry.scan": "ecr:DescribeImageScanFindings",
    "registry.labels": "ecr:BatchGetImage ecr:GetDownloadUrlForLayer",
    "registry.uri": "ecr:DescribeRepositories",
    "services.describe": "ecs:DescribeServices",
    "services.deploy": "ecs:UpdateService ecs:DescribeServices iam:PassRole",
    "services.deployments": DEPLOYMENTS,
    "services.stop": "ecs:StopServiceDeployment ecs:DescribeServiceDeployments",
    "services.tasks": "ecs:ListTasks ecs:DescribeTasks ecs:DescribeTaskDefinition",
    "services.create_canary": "ecs:DescribeServices ecs:CreateService ecs:TagResource",
    "services.resize": "ecs:DescribeServices ecs:UpdateService",
    "services.continue_deployment": "ecs:ContinueServiceDeployment ecs:DescribeServiceDeployments",
    "task_definitions.register": REGISTER,
    "task_definitions.describe": "ecs:DescribeTaskDefinition",
    "tasks.run": "ecs:DescribeServices ecs:RunTask iam:PassRole",
    "tasks.describe": "ecs:DescribeTasks ecs:DescribeTaskDefinition",
    "tasks.stop": "ecs:StopTask",
    "target_groups.health": "elasticloadbalancing:DescribeTargetHealth",
    "listener_rules.describe": "elasticloadbalancing:DescribeRules",
    "listener_rules.set_weights": (
        "elasticloadbalancing:DescribeRules elasticloadbalancing:ModifyRule "
        "cognito-idp:DescribeUserPoolClient"
    ),
    "scaling.describe": f"{SCALABLE} {POLICIES}",
    "scaling.suspend": SCALE,
    "scaling.put": (
        f"{SCALE} {POLICIES} application-autoscaling:PutScalingPolicy "
        "application-autoscaling:DeleteScalingPolicy "
        "cloudwatch:DescribeAlarms cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms"
    ),
    "scaling.remove": "application-autoscaling:DeregisterScalableTarget cloudwatch:DeleteAlarms",
    "metrics.read": "cloudwatch:GetMetricData",
    "schedules.start": "scheduler:CreateSchedule scheduler:UpdateSchedule iam:PassRole",
    "schedules.remove": "scheduler:DeleteSchedule",
    "schedules.exists": "scheduler:GetSchedule",
    "canaries.open": "Ledger:PutItem Ledger:GetItem",
    "canaries.get": "Ledger:GetItem",
    "canaries.save": "Ledger:PutItem Ledger:GetItem",
    "canaries.end": "Ledger:PutItem Ledger:DeleteItem Ledger:GetItem",
    "canaries.active": "Ledger:Query Ledger:GetItem",
    "canaries.add_periods": "Ledger:PutItem",
    "canaries.periods": "Ledger:Query",
    "calibrations.get": "Ledger:GetItem",
    "calibrations.put": "Ledger:PutItem",
    "alarms.states": "cloudwatch:DescribeAlarms",
    "logs.tail": "logs:GetLogEvents",
    "machines.start": "states:StartExecution",
    "machines.describe": "states:DescribeExecution",
    "machines.stop": "states:StopExecution",
    "machines.resume": "states:SendTaskSuccess",
    "notifier.publish": SEND,
    "notifier.ask_approver": SEND,
    "notifier.subscribe_approver": "sns:ListSubscriptionsByTopic sns:Subscribe",
    "notifier.confirmed_approvers": "sns:ListSubscriptionsByTopic",
    "http.request": "",
    "evidence.put": "s3:PutObject kms:GenerateDataKey",
    "evidence.put_text": "s3:PutObject kms:GenerateDataKey",
    "evidence.get": "s3:GetObject s3:ListBucket kms:Decrypt",
    "clock.now": "",
    "clock.secret": "",
    "clock.salt": "",
}
"""What each method of a port sends; actions of DynamoDB with their table, as each has rights of its own."""
VALUES = {"home", "stack", "web_address", "runbooks"}
FUNCTIONS = [pytest.param(each, id=each["CodeUri"].split("/")[1]) for each in resources(FUNCTION).values()]


def needed(step: str) -> set[str]:
    called = {f"{port}.{method}" for port, method in calls_of(step) if port not in VALUES}
    return {action for call in called for action in NEEDS[call].split()}


def allowed(function: dict[str, Any]) -> set[str]:
    statements = [each for policy in function["Policies"] for each in policy["Statement"]]
    return {
        action.replace("dynamodb", _table(statement["Resource"])) if "dynamodb" in action else action
        for statement in statements
        for action in statement["Action"]
    }


def _table(resource: dict[str, str]) -> str:
    """`Ledger` of `!GetAtt LedgerTable.Arn`, and the same with the index of one."""
    text = str(next(iter(resource.values())))
    return text.replace("Table.Arn", "").replace("${", "").replace("}", "")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_exactly_what_its_step_can_call(function: dict[str, Any]):
    # Given
    step = function["CodeUri"].split("/")[1]

    # When
    missing, superfluous = needed(step) - allowed(function), allowed(function) - needed(step)

    # Then
    assert (missing, superfluous) == (set(), set())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_links_to_pages_knows_their_address(function: dict[str, Any]):
    # Given
    links = any(port == "web_address" for port, _ in calls_of(function["CodeUri"].split("/")[1]))

    # When
    variables = (function.get("Environment") or {}).get("Variables", {})

    # Then
    assert ("WEB_ADDRESS" in variables) is links


def test_every_method_of_every_port_says_what_it_needs():
    # Given
    hints = {name: kind for name, kind in get_type_hints(ports.Ports).items() if name not in VALUES}

    # When
    methods = {
        f"{port}.{name}" for port, kind in hints.items() for name in vars(kind) if not name.startswith("_")
    }

    # Then
    assert methods == set(NEEDS)
