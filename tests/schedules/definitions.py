"""The definitions of the state machines, as they are today and as they were before an upgrade."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from tests.schedules.jsonata_values import NotUnderstood
from tests.statemachines.machines import ROOT, load_all, pascal

EARLIER = Path(__file__).parent / "earlier"
"""One file for each version that releases may still wait in: machine name to its definition, as it was."""
_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")


@cache
def today() -> dict[str, dict[str, Any]]:
    """Machine name to definition; functions and machines are called by their short names."""
    return {machine.name: _filled(machine.definition) for machine in load_all()}


@cache
def earlier() -> dict[str, dict[str, dict[str, Any]]]:
    """The same of each earlier version that is kept, by the name of its file."""
    kept = {}
    for path in sorted(EARLIER.glob("*.json")):
        definitions = json.loads(path.read_text())
        kept[path.stem] = {name: _filled(definition) for name, definition in definitions.items()}
    return kept


@cache
def functions() -> frozenset[str]:
    """The functions that exist today."""
    return frozenset(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


def _filled(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition with short names in the place of ARNs, for which the template cares."""
    names = {"StrategyMachinePrefix": ""}
    names |= {f"{pascal(name)}FunctionArn": name for name in functions()}
    names |= {f"{pascal(machine.name)}StateMachineArn": machine.name for machine in load_all()}

    def short(match: re.Match[str]) -> str:
        if match[1] not in names:
            raise NotUnderstood(f"${{{match[1]}}} is filled in by nothing that is known")
        return names[match[1]]

    filled: dict[str, Any] = json.loads(_SUBSTITUTION.sub(short, json.dumps(definition)))
    return filled
