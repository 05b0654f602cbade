"""The example manifests, and a way to spoil one place of a copy."""

import copy
import json
from pathlib import Path
from typing import Any

from tidegate.contracts.manifest import InvalidInput, parse

ROOT = Path(__file__).parents[3]
EXAMPLES = ("checkout", "multi_container")
GONE = object()
"""As a value in `changed`: the key is taken out."""


def example(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "examples" / f"{name}.json").read_text())


def changed(manifest: dict[str, Any], *changes: tuple[str, Any]) -> dict[str, Any]:
    """A copy with other values at paths such as `environments.0.strategy`; missing objects are made."""
    manifest = copy.deepcopy(manifest)
    for path, value in changes:
        *parents, last = path.split(".")
        place: Any = manifest
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if value is GONE:
            del place[last]
        elif isinstance(place, list):
            place[int(last) :] = [value, *place[int(last) + 1 :]]
        else:
            place[last] = value
    return manifest


def mistakes(manifest: Any) -> tuple[str, ...]:
    """The sentences with which a manifest is refused; none if it is accepted."""
    try:
        parse(manifest)
    except InvalidInput as error:
        return error.mistakes
    return ()
