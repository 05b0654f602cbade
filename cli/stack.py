"""The stack that a command speaks to, found by its name and the usual settings of the AWS tools."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import botocore.session
from botocore.exceptions import BotoCoreError

from cli.executions import Executions, StepFunctionsExecutions
from cli.exits import not_found, usage
from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_call, aws_call_unless, aws_pages
from tidegate.bootstrap import LazyPorts
from tidegate.domain.service import Target
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.settings import Settings

_SETTING_OF = {
    "CatalogueTable": "catalogue_table",
    "LedgerTable": "ledger_table",
    "LocksTable": "locks_table",
    "EvidenceBucket": "evidence_bucket",
}
"""Resources of the template by logical id, and the setting that each is. The table of waiting task tokens
is not among them: whoever can read it could answer for a machine."""


class Functions(Protocol):
    """Functions of the stack that people may call."""

    def invoke(self, name: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """What a function answers, by its short name; None when the stack has none of that name."""


@dataclass(frozen=True)
class Tidegate:
    """A stack of Tidegate.

    Attributes:
        ports: The ledger, the catalogue and the machines.
        executions: How executions ended.
        functions: Functions that people may call.
        caller: Asks AWS who is calling.
    """

    ports: Ports
    executions: Executions
    functions: Functions
    caller: Callable[[], str | None]


class LambdaFunctions(Functions):
    """Functions by the name `<stack>-<name>`."""

    def __init__(self, clients: Clients, stack: str) -> None:
        self._clients = clients
        self._stack = stack

    def invoke(self, name: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """See `Functions`.

        Raises:
            Terminal: the function failed.
        """
        invoke = self._clients.home("lambda").invoke
        function = f"{self._stack}-{name}"
        unknown = ("ResourceNotFoundException",)
        answer = aws_call_unless(unknown, invoke, FunctionName=function, Payload=json.dumps(payload).encode())
        if answer is None:
            return None
        said = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer or not isinstance(said, dict):
            message = said.get("errorMessage") if isinstance(said, dict) else None
            raise Terminal(f"{function} failed: {message or 'it gave no reason'}")
        return said


def connect(stack: str) -> Tidegate:
    """Find a stack. Its name is all one has to know; account, tables and addresses come from CloudFormation.

    Raises:
        Stop: no region is set, or there is no such stack.
        Transient: AWS does not answer.
        Terminal: AWS refuses.
    """
    try:
        clients = Clients(Target(account="", region=_region()))
        found = _described(clients, stack)
    except (BotoCoreError, ValueError) as error:
        # A profile that is not there, a region or an endpoint that cannot be one.
        raise usage(f"AWS settings: {error}") from None
    _, _, _, region, account, _ = found["StackId"].split(":", 5)
    settings = Settings(
        stack_name=stack,
        home_account=account,
        aws_region=region,
        web_address=_output(found, "WebAddress"),
        **dict(_resources(clients, stack)),
    )
    return Tidegate(
        ports=LazyPorts(settings),
        executions=StepFunctionsExecutions(clients),
        functions=LambdaFunctions(clients, stack),
        caller=lambda: _caller(clients),
    )


def _region() -> str:
    """The region as the AWS CLI finds it: AWS_REGION, AWS_DEFAULT_REGION, the profile."""
    configured = botocore.session.get_session().get_config_variable("region")
    region = os.environ.get("AWS_REGION") or configured
    if not region:
        raise usage("AWS_REGION: no region is set; set it, or give the profile a region.")
    return str(region)


def _described(clients: Clients, stack: str) -> dict[str, Any]:
    describe = clients.home("cloudformation").describe_stacks
    # CloudFormation has no code of its own for a stack that is not there.
    answer = aws_call_unless(("ValidationError",), describe, StackName=stack)
    if answer is None or not answer["Stacks"]:
        where = clients.home("cloudformation").meta.region_name
        raise not_found(f"stack: there is no stack {stack} in {where}; give --stack, or another AWS_REGION.")
    found: dict[str, Any] = answer["Stacks"][0]
    return found


def _resources(clients: Clients, stack: str) -> Iterator[tuple[str, str]]:
    for page in aws_pages(clients.home("cloudformation"), "list_stack_resources", StackName=stack):
        for resource in page["StackResourceSummaries"]:
            setting = _SETTING_OF.get(resource["LogicalResourceId"])
            if setting and resource.get("PhysicalResourceId"):
                yield setting, resource["PhysicalResourceId"]


def _output(stack: dict[str, Any], name: str) -> str | None:
    values = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    return values.get(name)


def _caller(clients: Clients) -> str | None:
    """Who calls, in a word: the user's name, or the session's, which with single sign-on is the person's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    arn = str(aws_call(clients.home("sts").get_caller_identity)["Arn"])
    return arn.rpartition("/")[2] or None if "/" in arn else arn.rpartition(":")[2]
