"""The parameters of a template: defaults, types, constraints, and values from Parameter Store."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from local.cfn.template import Json, Template, TemplateError

Lookup = Callable[[str], str | None]
"""Reads a Systems Manager parameter; None where there is none."""

_SSM = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")


def resolve(template: Template, given: Mapping[str, str], lookup: Lookup) -> dict[str, Json]:
    """The value of every parameter of a template.

    Args:
        template: The template that declares them.
        given: What the caller set.
        lookup: Where `AWS::SSM::Parameter::Value<…>` is read.

    Raises:
        TemplateError: As CloudFormation words it: a value is missing, unknown, or breaks a constraint.
    """
    declared: Mapping[str, Json] = template.get("Parameters") or {}
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, one in declared.items() if name not in given and "Default" not in one]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return {
        name: _value(name, one, given.get(name, one.get("Default")), lookup) for name, one in declared.items()
    }


def shown(template: Template, name: str, value: str) -> str:
    """A parameter's value as DescribeStacks shows it: secrets as stars."""
    hidden = str((template.get("Parameters") or {}).get(name, {}).get("NoEcho", "")).lower() == "true"
    return "****" if hidden else value


def _value(name: str, declared: Mapping[str, Json], given: Json, lookup: Lookup) -> Json:
    kind = str(declared.get("Type", "String"))
    stored = _SSM.fullmatch(kind)
    if stored:
        found = lookup(str(given))
        if found is None:
            raise TemplateError(
                f"Unable to fetch parameters [{given}] from parameter store for this account."
            )
        return _typed(name, stored[1], found)
    value = _typed(name, kind, _text(given))
    for item in value if isinstance(value, list) else [value]:
        _check(name, declared, item)
    return value


def _typed(name: str, kind: str, text: str) -> Json:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        items = [item.strip() for item in text.split(",")] if text else []
        return [_typed(name, "Number", item) for item in items] if kind == "List<Number>" else items
    if kind == "Number":
        try:
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError as error:
            raise TemplateError(f"Parameter '{name}' must be a number.") from error
    return text


def _check(name: str, declared: Mapping[str, Json], value: Json) -> None:
    text = _text(value)
    allowed = declared.get("AllowedValues")
    problem = None
    if allowed is not None and text not in {_text(one) for one in allowed}:
        problem = f"must be one of AllowedValues [{', '.join(map(_text, allowed))}]"
    elif "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], text):
        problem = f"must match pattern {declared['AllowedPattern']}"
    elif "MinLength" in declared and len(text) < int(declared["MinLength"]):
        problem = f"must contain at least {declared['MinLength']} characters"
    elif "MaxLength" in declared and len(text) > int(declared["MaxLength"]):
        problem = f"must contain at most {declared['MaxLength']} characters"
    elif "MinValue" in declared and float(text) < float(declared["MinValue"]):
        problem = f"must be a number not less than {declared['MinValue']}"
    elif "MaxValue" in declared and float(text) > float(declared["MaxValue"]):
        problem = f"must be a number not greater than {declared['MaxValue']}"
    if problem:
        described = declared.get("ConstraintDescription")
        problem = f"failed to satisfy constraint: {described}" if described else problem
        raise TemplateError(f"Parameter '{name}' {problem}")


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
