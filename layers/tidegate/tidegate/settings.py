"""What a function is told by its environment. Nothing else reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from tidegate.domain.service import Target
from tidegate.errors import Terminal


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment variables of the same names in capitals.

    A function has only those that it needs, so each may be missing; whoever needs one asks `need` for it.
    """

    stack_name: str | None = None
    home_account: str | None = None
    aws_region: str | None = None
    catalogue_table: str | None = None
    ledger_table: str | None = None
    locks_table: str | None = None
    waits_table: str | None = None
    sessions_table: str | None = None
    evidence_bucket: str | None = None
    notifications_topic: str | None = None
    approvals_topic: str | None = None
    web_address: str | None = None
    pulse_group: str | None = None
    pulse_role_arn: str | None = None
    pulse_function_arn: str | None = None
    runbooks: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the variables; an empty one counts as missing."""
        variables = os.environ if environment is None else environment
        return cls(**{field.name: variables.get(field.name.upper()) or None for field in fields(cls)})

    def need(self, name: str) -> str:
        """A setting that must be there.

        Raises:
            Terminal: it is not; the message names the variable.
        """
        value: str | None = getattr(self, name)
        if value is None:
            raise Terminal(
                f"The environment variable {name.upper()} is missing; the template must give it to this "
                "function."
            )
        return value

    @property
    def home(self) -> Target:
        """Tidegate's own account and region."""
        return Target(account=self.need("home_account"), region=self.need("aws_region"))

    @property
    def machine_arn_prefix(self) -> str:
        """The ARN of a state machine of the stack, up to the machine's short name."""
        home = self.home
        states = f"arn:{_partition(home.region)}:states:{home.region}:{home.account}"
        return f"{states}:stateMachine:{self.need('stack_name')}-"


def _partition(region: str) -> str:
    """The partition of a region.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
