"""Reads what template.yaml says about state machines and functions."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath
from typing import Any

import yaml

from tests.statemachines.machines import ROOT

TEMPLATE = ROOT / "template.yaml"
MACHINE = "AWS::Serverless::StateMachine"
FUNCTION = "AWS::Serverless::Function"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!GetAtt A.Arn` becomes `{"Fn::GetAtt": "A.Arn"}`."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _short_form)


@cache
def template() -> dict[str, Any]:
    """The whole template."""
    content: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=_Loader)
    return content


def resources(of_type: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of one type, by logical id."""
    found = template()["Resources"].items()
    return {name: resource.get("Properties", {}) for name, resource in found if resource["Type"] == of_type}


def substitutions() -> dict[str, dict[str, Any]]:
    """What the template fills into each state machine file: by path below the root, then by name."""
    given = {}
    for properties in resources(MACHINE).values():
        given[str(PurePosixPath(properties["DefinitionUri"]))] = properties.get("DefinitionSubstitutions", {})
    return given


def allowed(policies: list[dict[str, Any]], action: str) -> set[str]:
    """The logical ids on which a list of policies allows one action."""
    statements = [statement for policy in policies for statement in policy["Statement"]]
    granting = [statement for statement in statements if action in _listed(statement["Action"])]
    found = [resource for statement in granting for resource in _listed(statement["Resource"])]
    return {resource["Fn::GetAtt"].removesuffix(".Arn") for resource in found}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
