"""Run the test checks of a blue/green deployment against green, which only the test rule leads to yet."""

from __future__ import annotations

from typing import Any

from tidegate.domain.blue_green import checks_of_green
from tidegate.ports import Ports
from tidegate.steps import run_checks
from tidegate.steps.blue_green import settings_of
from tidegate.steps.scope import scope_of


class Command(run_checks.Command):
    """``round`` counts the tries from 1."""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """One try of each of them by HTTP; those by task are only named. Without any, green has passed."""
    scope = scope_of(ports, command.release, command.environment)
    checks = checks_of_green(settings_of(scope), scope.environment.checks)
    return run_checks.look(ports, scope, command, checks, "test_checks")
