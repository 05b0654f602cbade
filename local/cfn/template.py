"""Read a CloudFormation template: YAML with its short tags, or JSON."""

from __future__ import annotations

import datetime
from typing import Any, TypeAlias

import yaml

Template: TypeAlias = dict[str, Any]
Json: TypeAlias = Any


class TemplateError(ValueError):
    """The template, or what was given for it, is wrong; CloudFormation answers `ValidationError`."""


class _Loader(yaml.SafeLoader):
    """YAML with `!Ref`, `!Sub` and the like; dates stay text, as CloudFormation reads them."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Json]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    value: Json
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise TemplateError(f"Template format error: the tag !{suffix} is not used like this")
    return {name: value}


_Loader.add_multi_constructor("!", _tag)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str) -> Template:
    """The template as plain dictionaries, short tags written out.

    Raises:
        TemplateError: It is neither YAML nor JSON, or not an object.
    """
    try:
        template = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        raise TemplateError(f"Template format error: YAML not well-formed. {error}") from error
    if not isinstance(template, dict):
        raise TemplateError("Template format error: unsupported structure.")
    return template


def dump(template: Template) -> str:
    """The template as YAML text without aliases, which CloudFormation does not read."""

    class _Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return not isinstance(data, datetime.date)

    return yaml.dump(template, Dumper=_Dumper, sort_keys=False)
