"""What is allowed although no recorded run has used it, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Unused:
    """A permission that stays unused on purpose.

    Attributes:
        holder: Whose it is, as the report prints it; `*` for any characters.
        action: The action as the policy has it; `*` as above.
        reason: Why it is there all the same, and why no run here can use it.
        resource: The resource pattern as the policy has it; `*` as above.
    """

    holder: str
    action: str
    reason: str
    resource: str = "*"

    def covers(self, holder: str, action: str, resource: str) -> bool:
        """Whether this permission is meant."""
        return (
            fnmatchcase(holder, self.holder)
            and fnmatchcase(action, self.action)
            and (self.resource == "*" or fnmatchcase(resource, self.resource))
        )


RACE = "only where what is waited for ends in the very moment in which it is asked for, or two do it at once"
LOST = "only where an event was lost in a rare moment, or a function died between two of its calls"
LATE = "only where a deployment that ECS calls complete is found otherwise for longer than its grace time"
GONE = "only where the task definition to go back to was deregistered meanwhile"
LAMBDA = (
    "only Lambda writes there, when a function has failed for good; tests/local/runtime shows that it does"
)
COGNITO = "only for listener rules that authenticate with Amazon Cognito, which the local world has not"

UNUSED: tuple[Unused, ...] = (
    Unused("*FunctionRole", "logs:*", "Lambda itself writes the logs under the role, locally without a call"),
    Unused("*FunctionRole", "sqs:SendMessage", LAMBDA),
    Unused("policy of *-dead-letters", "sqs:SendMessage", "only where EventBridge cannot reach a function"),
    Unused("*FunctionRole", "cognito-idp:DescribeUserPoolClient", COGNITO),
    Unused("Await*FunctionRole", "states:SendTaskSuccess", RACE),
    Unused("Await*FunctionRole", "dynamodb:DeleteItem", RACE, "*-WaitsTable"),
    Unused("RequestApprovalFunctionRole", "dynamodb:DeleteItem", RACE, "*-WaitsTable"),
    Unused("ConcludeFunctionRole", "states:SendTaskSuccess", RACE),
    Unused("ReleaseLockFunctionRole", "states:SendTaskSuccess", RACE),
    Unused("ReleaseLockFunctionRole", "dynamodb:PutItem", RACE),
    Unused("ReleaseLockFunctionRole", "dynamodb:DeleteItem", RACE),
    Unused("ReceiveFailedExecutionFunctionRole", "states:SendTaskSuccess", RACE),
    Unused("PlanRollbackFunctionRole", "states:StartExecution", RACE),
    Unused("PlanRollbackFunctionRole", "ecs:DescribeTaskDefinition", GONE),
    Unused("RestoreServiceFunctionRole", "ecs:RegisterTaskDefinition", GONE),
    Unused("RestoreServiceFunctionRole", "ecs:TagResource", GONE),
    Unused("RestoreServiceFunctionRole", "iam:PassRole", GONE),
    Unused(
        "RequestApprovalFunctionRole", "sns:Subscribe", "only for an approver who had not been subscribed"
    ),
    Unused("VerifyDeploymentFunctionRole", "s3:PutObject", LATE),
    Unused("VerifyDeploymentFunctionRole", "kms:GenerateDataKey", LATE),
    Unused("SweepFunctionRole", "*", LOST),
)
