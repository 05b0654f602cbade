"""One recording: who had which policies, and what was asked for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.permissions import policies
from tests.support.permissions.checks import HOME
from tests.support.permissions.policies import Check, Statement

# What a managed policy of AWS allows:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
MANAGED = {
    "AWSLambdaBasicExecutionRole": {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    }
}
_SUFFIX = re.compile(
    r"-[0-9A-F]{12}\b|(?<=key/)[0-9a-f-]{36}|-[0-9a-f]{12}\b(?=$|/)"
    r"|(?<=execute-api:us-east-1:123456789012:)\w+"
)


@dataclass(frozen=True)
class Asker:
    """Whoever has asked for something.

    Attributes:
        holder: The role without stack and suffix, or whose policy lets a service of AWS in.
        statements: What it may do.
        waits: Whether it is a state machine that waits for the executions it starts.
        trust: What its role lets a service of AWS assume it for; None where there is no role.
        service: The service of AWS that acts under the role.
    """

    holder: str
    statements: list[Statement]
    waits: bool = False
    trust: list[Statement] | None = None
    service: str = ""


class Stack:
    """What one run has recorded."""

    def __init__(self, path: Path) -> None:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.place, self.requests = lines[0], lines[1:]

    def statements(self, role: str) -> list[Statement]:
        """The statements of a role, managed policies included."""
        given = self.place["roles"][role]
        managed = [MANAGED[arn.rpartition("/")[2]] for arn in given["managed"]]
        return [*given["statements"], *managed]

    def trust(self, role: str) -> list[Statement] | None:
        """Who may assume a role."""
        found: list[Statement] | None = self.place["roles"][role]["trust"]
        return found

    def asker(self, request: dict[str, Any]) -> Asker | None:
        """Whoever has asked, None for somebody of no concern."""
        caller = request["caller"]
        if caller.endswith(".amazonaws.com"):
            return self._service(request)
        if caller.startswith("role/"):
            role = caller.removeprefix("role/")
            return self._under(role, "scheduler.amazonaws.com") if role in self.place["roles"] else None
        known = self.place["callers"].get(caller)
        if known is None:
            return None
        machine = caller.startswith("machine/")
        return self._under(
            known["role"],
            "states.amazonaws.com" if machine else "lambda.amazonaws.com",
            waits=known.get("waits", False),
        )

    def _under(self, role: str, service: str, *, waits: bool = False) -> Asker:
        return Asker(holder_of(role), self.statements(role), waits, self.trust(role), service)

    def _service(self, request: dict[str, Any]) -> Asker | None:
        """A service of AWS, which the policy of the function or queue must let in."""
        parameters = request["parameters"]
        arn = parameters.get("FunctionName") or parameters.get("QueueArn") or ""
        if arn not in self.place["resources"]:
            return None
        given = self.place["resources"][arn]
        return Asker(policy_of(arn), [one for one in given if is_for(one, request["caller"])])


def is_for(statement: Statement, service: str) -> bool:
    """Whether a statement of a resource's policy speaks of a service of AWS."""
    principal = statement.get("Principal")
    return isinstance(principal, dict) and service in policies.listed(principal.get("Service"))


def assumes(asker: Asker, request: dict[str, Any]) -> tuple[list[Statement], Check]:
    """The question whether a service may assume the role under which it has asked for something.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
    """
    context = {"aws:sourceaccount": HOME["Account"]}
    if "SourceArn" in request["parameters"]:
        context["aws:sourcearn"] = request["parameters"]["SourceArn"]
    trust = [one | {"Resource": "*"} for one in asker.trust or [] if is_for(one, asker.service)]
    return trust, Check("sts:AssumeRole", "*", context)


def delegates(statement: Statement) -> bool:
    """Whether a key's policy says no more than that the account's own policies decide.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    principal = statement.get("Principal")
    names = policies.listed(principal.get("AWS", "")) if isinstance(principal, dict) else []
    return any(str(each).endswith(":root") for each in names)


def holder_of(role: str) -> str:
    """A role's name without the stack and the suffix that CloudFormation adds."""
    return role.partition("-")[2].rpartition("-")[0] or role


def policy_of(arn: str) -> str:
    """How the report calls a resource's own policy."""
    return f"policy of {without_suffixes(arn).rpartition(':')[2]}".rstrip("/")


def shown(resource: str, statement: Statement) -> str:
    """A resource as the report prints it, with whom its own policy lets in, and the conditions.

    Two statements that differ in nothing but a condition are two permissions.
    """
    principal = statement.get("Principal")
    let_in = policies.listed(principal.get("Service", [])) if isinstance(principal, dict) else []
    said = [f"for {one}" for one in let_in]
    for tests in (statement.get("Condition") or {}).values():
        said += [f"if {key} is {' or '.join(policies.listed(wanted))}" for key, wanted in tests.items()]
    return without_suffixes(" ".join([resource, *said]))


def pattern_of(shown_resource: str) -> str:
    """The pattern of ARNs in what `shown` returns."""
    return shown_resource.partition(" ")[0]


def without_suffixes(text: str) -> str:
    """A name without what CloudFormation and API Gateway make up, which differs from stack to stack."""
    return _SUFFIX.sub("", text)
