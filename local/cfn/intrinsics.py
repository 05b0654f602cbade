"""Ref, GetAtt, Sub, If and the other intrinsic functions, and the conditions of a template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from local.cfn.template import Json, Template, TemplateError

NO_VALUE = object()
"""What `AWS::NoValue` resolves to; the property that holds it is left out."""

_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")


class Names(Protocol):
    """Where names of parameters, resources and exports are looked up."""

    def ref(self, name: str) -> Json:
        """The value of a parameter, a pseudo parameter or a resource."""

    def attribute(self, resource: str, attribute: str) -> Json:
        """An attribute of a resource."""

    def imported(self, export: str) -> Json:
        """A value that another stack exports."""


class Resolver:
    """Resolves what a template says with the values of one stack.

    Args:
        template: The whole template, for its mappings and conditions.
        names: Looks up everything that the template names.
    """

    def __init__(self, template: Template, names: Names) -> None:
        self._mappings: Mapping[str, Json] = template.get("Mappings") or {}
        self._conditions: Mapping[str, Json] = template.get("Conditions") or {}
        self._names = names
        self._known: dict[str, bool] = {}
        self._functions: dict[str, Callable[[Json], Json]] = {
            "Ref": self._ref,
            "Condition": lambda name: self.condition(str(name)),
            "Fn::And": lambda items: all(self._truth(item) for item in items),
            "Fn::Base64": lambda value: base64.b64encode(str(self.resolve(value)).encode()).decode(),
            "Fn::Equals": lambda pair: _text(self.resolve(pair[0])) == _text(self.resolve(pair[1])),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": lambda region: [
                f"{self.resolve(region) or self._ref('AWS::Region')}{z}" for z in "abc"
            ],
            "Fn::GetAtt": self._get_attribute,
            "Fn::If": self._if,
            "Fn::ImportValue": lambda name: self._names.imported(str(self.resolve(name))),
            "Fn::Join": lambda pair: pair[0].join(_text(item) for item in self.resolve(pair[1])),
            "Fn::Length": lambda items: len(self.resolve(items)),
            "Fn::Not": lambda items: not self._truth(items[0]),
            "Fn::Or": lambda items: any(self._truth(item) for item in items),
            "Fn::Select": lambda pair: self.resolve(pair[1])[int(self.resolve(pair[0]))],
            "Fn::Split": lambda pair: str(self.resolve(pair[1])).split(pair[0]),
            "Fn::Sub": self._sub,
            "Fn::ToJsonString": lambda value: json.dumps(self.resolve(value), separators=(",", ":")),
        }

    def resolve(self, value: Json) -> Json:
        """The value with every intrinsic function in it evaluated, properties without value left out.

        Raises:
            TemplateError: Something named does not exist, or a function is not known.
        """
        if isinstance(value, dict):
            function = next(iter(value), "")
            if len(value) == 1 and (function in self._functions or function.startswith("Fn::")):
                return self._call(function, value[function])
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        return value

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self._conditions:
            raise TemplateError(f"Template format error: Unresolved condition dependency {name}")
        if name not in self._known:
            self._known[name] = self._truth(self._conditions[name])
        return self._known[name]

    def _call(self, function: str, argument: Json) -> Json:
        if function not in self._functions:
            raise TemplateError(
                f"Template error: the function {function} is not supported by the local cloud"
            )
        try:
            return self._functions[function](argument)
        except (IndexError, KeyError, TypeError) as error:
            raise TemplateError(f"Template error: {function} cannot be evaluated with {argument}") from error

    def _truth(self, value: Json) -> bool:
        resolved = self.resolve(value)
        return resolved is True or _text(resolved) == "true"

    def _ref(self, name: Json) -> Json:
        return NO_VALUE if name == "AWS::NoValue" else self._names.ref(str(name))

    def _get_attribute(self, argument: Json) -> Json:
        resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._names.attribute(resource, str(self.resolve(attribute)))

    def _if(self, argument: Json) -> Json:
        name, then, otherwise = argument
        return self.resolve(then if self.condition(name) else otherwise)

    def _find_in_map(self, argument: Json) -> Json:
        name, first, second, *default = (self.resolve(part) for part in argument)
        found = self._mappings.get(name, {}).get(_text(first), {})
        if _text(second) in found:
            return self.resolve(found[_text(second)])
        if default and "DefaultValue" in default[0]:
            return default[0]["DefaultValue"]
        raise TemplateError(f"Template error: Unable to get mapping for {name}::{first}::{second}")

    def _sub(self, argument: Json) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        given = {name: self.resolve(value) for name, value in variables.items()}

        def fill(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in given:
                return _text(given[name])
            return _text(self._get_attribute(name) if "." in name else self._ref(name))

        return _LITERAL.sub(r"${\1}", _PLACEHOLDER.sub(fill, text))


def references(value: Json) -> Iterator[str]:
    """The names that a part of a template refers to: by Ref, GetAtt and Sub."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    if isinstance(value.get("Ref"), str):
        yield value["Ref"]
    if "Fn::GetAtt" in value:
        argument = value["Fn::GetAtt"]
        yield argument.split(".")[0] if isinstance(argument, str) else argument[0]
    if "Fn::Sub" in value:
        argument = value["Fn::Sub"]
        text, given = (argument, {}) if isinstance(argument, str) else argument
        yield from (
            name.split(".")[0] for name in map(str.strip, _PLACEHOLDER.findall(text)) if name not in given
        )
    for item in value.values():
        yield from references(item)


def _text(value: Json) -> str:
    """A value as CloudFormation writes it into text: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
