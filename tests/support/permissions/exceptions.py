"""What is allowed although no recorded run has used it, or wider than any has used, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from tests.support.permissions.excused import Exceptions, Unused, Wide

LEDGER, WAITS = "*:table/tidegate-LedgerTable", "*:table/tidegate-WaitsTable"
LOCKS = "*:table/tidegate-LocksTable"
EVIDENCE, BUCKET = "*:tidegate-evidencebucket/[*]", "*:tidegate-evidencebucket"
KEY, PULSE, ANY = "*:key/", "*:schedule/tidegate/[*]", "[*]"
SERVICES, DEPLOYMENTS = "*:service/[*]", "*:service-deployment/[*]"
LOG_STREAMS = "*:log-group:[*]:log-stream:[*]"
SCALABLE = "*:scalable-target/[*] if application-autoscaling:service-namespace is ecs"
CANARY_ALARMS = "*:alarm:TargetTracking-service/[*]-canary-[*]"
RULES = "*:listener-rule/app/[*]"
EXECUTIONS = "*:execution:tidegate-{}:[*]"

ENDS = "only where what is waited for ends in the moment in which it is asked for"
FIRST = "only where two are at work at once and this one comes first; usually it is the other one"
LOST = "only where an event was lost in a rare moment, or a function died between two of its calls"
FORGOTTEN = "only where execution, rollback, pulse and sweep have left a canary to the one that comes next"
LATE = "only where a deployment that ECS calls complete is found otherwise for longer than its grace time"
STOPS = "only where tasks stop between the end of a deployment and the end of its checks"
OTHER_OWNER = (
    "only where such an execution holds the lock, or has opened the canary, in the moment of the look"
)


def _each(holder: str, allowed: Iterable[tuple[str, str]], reason: str) -> tuple[Unused, ...]:
    """One exception for each of some actions, written together, with its resource."""
    return tuple(
        Unused(holder, action, resource, reason)
        for actions, resource in allowed
        for action in actions.split()
    )


# What services of AWS ask for themselves, without a call that could be recorded here.
BY_AWS = (
    *_each(
        "*FunctionRole",
        [("logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents", ANY)],
        "Lambda itself writes the logs under the role, locally without a call",
    ),
    *(
        Unused(
            holder,
            "sqs:SendMessage",
            "*:tidegate-events-dead-letters",
            "Lambda alone writes there, when a function has failed for good; tests/local/runtime shows it",
        )
        for holder in ("Receive*FunctionRole", "SweepFunctionRole", "CalibrateServiceFunctionRole")
    ),
    Unused(
        "policy of tidegate-events-dead-letters",
        "sqs:SendMessage",
        "* for events.amazonaws.com if aws:SourceAccount is *",
        "EventBridge alone writes there, when it cannot reach a function; tests/local/events shows it",
    ),
    Unused(
        "policy of key",
        "kms:*",
        "[*] for logs.us-east-1.amazonaws.com if kms:EncryptionContext:aws:logs:arn is *",
        "CloudWatch Logs itself uses the key, and its documentation asks for these actions",
    ),
    *_each(
        "policy of key",
        [("kms:GenerateDataKey kms:Decrypt", "[*] for cloudwatch.amazonaws.com")],
        "CloudWatch itself uses the key where an alarm tells a topic, here without encryption",
    ),
    *(
        Unused(
            f"{page}PageFunctionRole",
            "s3:ListBucket",
            BUCKET,
            "S3 looks at it only to call a missing object missing in place of forbidden; here it always does",
        )
        for page in ("Approval", "Status")
    ),
    Unused(
        "*FunctionRole",
        "cognito-idp:DescribeUserPoolClient",
        "*:userpool/[*]",
        "only for listener rules that authenticate with Amazon Cognito, which the local world has not",
    ),
)

# What depends on who is first: any run may use it, and most do not.
BY_CHANCE = (
    *_each("Await*FunctionRole", [("states:SendTaskSuccess", ANY)], ENDS),
    *_each("Await*FunctionRole", [("dynamodb:DeleteItem", WAITS)], ENDS),
    *_each(
        "RequestApprovalFunctionRole",
        [("states:SendTaskSuccess", ANY), ("dynamodb:DeleteItem", WAITS)],
        ENDS,
    ),
    *(
        one
        for holder in ("Conclude", "ReceiveFailedExecution", "ReleaseLock")
        for one in _each(
            f"{holder}FunctionRole",
            [("states:SendTaskSuccess", ANY), ("dynamodb:DeleteItem", WAITS)],
            "only where a release waits for what this one gives back in the moment in which it ends",
        )
    ),
    Unused(
        "ReleaseLockFunctionRole",
        "dynamodb:PutItem",
        LEDGER,
        "only where whoever waits for the lock could not be told of it twice",
    ),
    Unused(
        "PlanRollbackFunctionRole",
        "states:StartExecution",
        "*:stateMachine:tidegate-rollback",
        "only where the release that is stopped was changing another environment at the same time",
    ),
    *_each(
        "RestoreServiceFunctionRole",
        [
            ("elasticloadbalancing:ModifyRule", RULES),
            ("application-autoscaling:RegisterScalableTarget", SCALABLE),
            ("application-autoscaling:DeregisterScalableTarget", SCALABLE),
            ("cloudwatch:DeleteAlarms", CANARY_ALARMS),
            ("dynamodb:DeleteItem", LEDGER),
            ("scheduler:DeleteSchedule", PULSE),
            ("ecs:StopServiceDeployment", SERVICES),
            ("ecs:StopServiceDeployment", DEPLOYMENTS),
        ],
        FIRST,
    ),
    *_each(
        "PulseFunctionRole",
        [
            ("ecs:StopServiceDeployment", SERVICES),
            ("ecs:StopServiceDeployment", DEPLOYMENTS),
            ("application-autoscaling:DeregisterScalableTarget", SCALABLE),
            ("cloudwatch:DeleteAlarms", CANARY_ALARMS),
            ("sns:Publish", "*:sns:us-east-1:*:[*]"),
            ("kms:Decrypt", KEY),
        ],
        FIRST,
    ),
    *_each(
        "AwaitVerdictFunctionRole",
        [
            ("scheduler:CreateSchedule scheduler:UpdateSchedule", PULSE),
            ("iam:PassRole", "*:role/tidegate-PulseScheduleRole if *"),
        ],
        FIRST,
    ),
    *_each(
        "SweepFunctionRole",
        [
            ("scheduler:UpdateSchedule scheduler:DeleteSchedule", PULSE),
            ("dynamodb:UpdateItem", LOCKS),
            ("dynamodb:DeleteItem", LEDGER),
            ("cloudwatch:DescribeAlarms", "*:alarm:[*]"),
        ],
        LOST,
    ),
    *_each(
        "PlanCanaryFunctionRole",
        [
            ("dynamodb:DeleteItem", LEDGER),
            ("ecs:UpdateService", SERVICES),
            ("elasticloadbalancing:ModifyRule", RULES),
            ("application-autoscaling:RegisterScalableTarget", SCALABLE),
            ("application-autoscaling:DeregisterScalableTarget", SCALABLE),
            ("cloudwatch:DeleteAlarms", CANARY_ALARMS),
            ("scheduler:DeleteSchedule", PULSE),
            ("s3:PutObject", EVIDENCE),
            ("kms:GenerateDataKey", KEY),
        ],
        FORGOTTEN,
    ),
    Unused("PlanBlueGreenFunctionRole", "dynamodb:DeleteItem", LEDGER, FORGOTTEN),
    *(
        Unused(
            f"{holder}FunctionRole",
            "states:DescribeExecution",
            EXECUTIONS.format(machine),
            OTHER_OWNER,
        )
        for holder, machine in (
            *product(("PlanCanary",), ("normal_deployment", "deploy", "rollback")),
            *product(("AcquireLock", "PlanRollback", "RestoreService", "Pulse"), ("deploy", "rollback")),
            ("Operate", "deploy"),
        )
    ),
    *_each(
        "VerifyDeploymentFunctionRole",
        [("s3:PutObject", EVIDENCE), ("kms:GenerateDataKey", KEY)],
        LATE,
    ),
    *(
        one
        for holder in ("VerifyDeployment", "RunChecks", "RunTestChecks")
        for one in _each(f"{holder}FunctionRole", [("logs:GetLogEvents", LOG_STREAMS)], STOPS)
    ),
    *_each(
        "RunTestChecksFunctionRole",
        [("ecs:DescribeTasks", "*:task/[*]"), ("ecs:DescribeTaskDefinition", ANY)],
        STOPS,
    ),
)

# What no scenario brings about.
NEVER = (
    Unused(
        "ApprovalPageFunctionRole",
        "dynamodb:Query",
        LEDGER,
        "only for an approval that an earlier version of Tidegate has asked for",
    ),
    Unused(
        "RestoreServiceFunctionRole",
        "iam:PassRole",
        "*:role/[*] if iam:PassedToService is ecs.amazonaws.com",
        "only where somebody has taken the listener rules from a service that ECS has switched before",
    ),
    *_each(
        "ScaleCanaryFunctionRole",
        [
            ("application-autoscaling:DeleteScalingPolicy", SCALABLE),
            ("cloudwatch:DeleteAlarms", CANARY_ALARMS),
        ],
        "only where somebody gives the canary's service a scaling policy just before its machine scales it",
    ),
)

REGION = "the manifest names the region of each environment, and the local world has one region"
NAME = "what it is called is decided by those whose it is, or when it is made; how many there are is chance"
ECS, LOGS = "arn:aws:ecs:*:123456789012", "arn:aws:logs:*:123456789012"
ALARMS, ECR = "arn:aws:cloudwatch:*:123456789012:alarm", "arn:aws:ecr:*:123456789012"
LISTENERS = "arn:aws:elasticloadbalancing:*:123456789012:listener-rule/app/*"
TARGETS = "arn:aws:application-autoscaling:*:123456789012:scalable-target/*"
ROLES = "arn:aws:iam::123456789012:role/*"
WORKLOADS = (
    *(f"{ECS}:{kind}/*" for kind in ("service", "service-deployment", "service-revision", "task")),
    f"{ECS}:task-definition/*:*",
    f"{ECS}:service/*-canary",
    f"{ALARMS}:*",
    f"{ALARMS}:TargetTracking-service/*-canary-*",
    f"{ECR}:repository/*",
    f"{LOGS}:log-group:*:log-stream:*",
    LISTENERS,
    f"{TARGETS} if application-autoscaling:service-namespace is ecs",
)
MADE_LATER = (
    "arn:aws:s3:::tidegate-evidencebucket/*",
    "arn:aws:scheduler:us-east-1:123456789012:schedule/tidegate/*",
    *(
        f"arn:aws:states:us-east-1:123456789012:execution:tidegate-{machine}:*"
        for machine in ("normal_deployment", "deploy", "rollback")
    ),
)
WIDE = (
    *(Wide(each, "region", REGION) for each in WORKLOADS),
    *(Wide(each, "name", NAME) for each in (*WORKLOADS, *MADE_LATER)),
    *(
        Wide(
            f"{ROLES} if iam:PassedToService is {to}", "name", "task definitions and manifests name the roles"
        )
        for to in ("ecs-tasks.amazonaws.com", "ecs.amazonaws.com")
    ),
    Wide(
        "arn:aws:sns:us-east-1:123456789012:*",
        "name",
        "a manifest may name a topic of the team's own, which most scenarios do not have",
        action="sns:Publish",
    ),
    Wide("*", "name", "of a service's tasks it knows no resource but container instances", "ecs:ListTasks"),
    Wide("*", "name", "metrics have no ARN; what it knows are data sets", "cloudwatch:GetMetricData"),
)

EXCEPTIONS = Exceptions((*BY_AWS, *BY_CHANCE, *NEVER), WIDE)
