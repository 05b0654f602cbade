"""Finds wildcards of a resource that are wider than everything that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tests.support.permissions.checks import MADE_UP
from tests.support.permissions.reference import action

Part = Literal["region", "name"]


@dataclass(frozen=True)
class Wide:
    """A wildcard that needs not have been one for the recorded runs.

    Attributes:
        part: Where in the ARN it is: the region, or what follows the account.
        why: One sentence.
    """

    part: Part
    why: str


def wide_parts(name: str, pattern: str, used: Iterable[str]) -> Iterator[Wide]:
    """The wildcards of one permission that have always stood for the same text.

    A lone `*` is too wide wherever the action knows a kind of resource at all.

    Args:
        name: The action.
        pattern: The resource as the policy has it.
        used: The ARNs that were asked for; not empty.
    """
    if pattern == "*":
        if kinds := sorted(each.name for each in action(name).types):
            yield Wide("name", f"`*`, although the action knows resources: {', '.join(kinds)}")
        return
    for part, values in _values(pattern, used):
        if len(values) == 1 and not values & MADE_UP:
            yield Wide(part, f"its wildcard has stood for nothing but {next(iter(values))}")


def _values(pattern: str, used: Iterable[str]) -> list[tuple[Part, set[str]]]:
    """Each wildcard of a pattern with what it stood for."""
    found: list[tuple[Part, set[str]]] = [
        ("region" if number < 5 else "name", set())
        for number, section in enumerate(pattern.split(":", 5))
        for _ in range(section.count("*"))
    ]
    for arn in used:
        match = _expression(pattern).fullmatch(arn)
        for (_, values), text in zip(found, match.groups() if match else (), strict=False):
            values.add(text)
    return found


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    sections = pattern.split(":", 5)
    wildcards = ["([^:]*)"] * 5 + ["(.*)"]
    return re.compile(
        ":".join(
            re.escape(each).replace(r"\*", wildcard)
            for each, wildcard in zip(sections, wildcards, strict=False)
        )
    )
