"""A manifest that is refused may hold a secret in the wrong place: the sentences do not repeat it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.statemachines.machines import ROOT
from tidegate.contracts.manifest import InvalidInput, parse

SECRET = "planted-3f9c"
PLACES: list[tuple[str, Any]] = [
    ("environments.0.overrides.environment", SECRET),
    ("environments.0.overrides.environment", {"app": SECRET}),
    ("environments.0.overrides.environment", {"app": {"DB_PASSWORD": [SECRET]}}),
    ("environments.0.overrides.environment", {"app": {"DB_PASSWORD": f"{SECRET}\0"}}),
    ("environments.0.overrides.secrets", SECRET),
    ("environments.0.overrides.secrets", {"app": {"DB_PASSWORD": f"{SECRET}\n"}}),
    ("environments.0.checks.0.headers", SECRET),
    ("environments.0.checks.0.headers", {"Authorization": f"Bearer\n{SECRET}"}),
    ("environments.0.checks.0.headers", {"Authorization": {"value": SECRET}}),
    ("environments.0.checks.0.url", f"https://user:{SECRET}@example.com/"),
    ("environments.0.before_deploy", {"container": "app", "command": SECRET}),
    ("task_definition.containerDefinitions.0.environment", SECRET),
    ("task_definition.containerDefinitions.0.environment", [{"name": "DB", "value": [SECRET]}]),
    ("task_definition.containerDefinitions.0.environment", [{"name": "DB", "value": f"{SECRET}\0"}]),
    ("task_definition.containerDefinitions.0.secrets", [{"name": "DB", "valueFrom": f"{SECRET}\n"}]),
    ("task_definition.containerDefinitions.0.command", f"serve --password {SECRET}"),
    ("task_definition.containerDefinitions.0.entryPoint", SECRET),
]


def changed(path: str, value: Any) -> dict[str, Any]:
    manifest = deepcopy(json.loads((ROOT / "local" / "sample" / "checkout.json").read_text()))
    inner: Any = manifest
    *way, last = [int(each) if each.isdigit() else each for each in path.split(".")]
    for each in way:
        inner = inner[each]
    inner[last] = value
    return dict(manifest)


@pytest.mark.parametrize(("path", "value"), PLACES, ids=[f"{n} {path}" for n, (path, _) in enumerate(PLACES)])
def test_a_mistake_names_the_field_and_hides_what_may_be_secret(path: str, value: Any):
    # When
    with pytest.raises(InvalidInput) as refused:
        parse(changed(path, value))

    # Then
    said = str(refused.value)
    assert path.split(".", maxsplit=1)[0] in said
    assert SECRET not in said


def test_the_name_of_an_environment_is_no_secret():
    with pytest.raises(InvalidInput) as refused:
        parse(changed("environments.0.name", "Prod!"))
    assert '"Prod!" is not allowed' in str(refused.value)
