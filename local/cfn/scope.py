"""What the names in a template stand for while a stack is being made."""

from __future__ import annotations

from collections.abc import Mapping

from local.cfn.intrinsics import NO_VALUE, Resolver, references
from local.cfn.stacks import Output, Stack, Stacks
from local.cfn.template import Json, Template, TemplateError


class Scope:
    """Looks names up in a stack's parameters, resources and the exports of other stacks."""

    def __init__(
        self, stack: Stack, stacks: Stacks, template: Template, parameters: Mapping[str, Json]
    ) -> None:
        self._stack = stack
        self._stacks = stacks
        self._parameters = parameters
        self.resolver = Resolver(template, self)
        self.imports: set[str] = set()

    def ref(self, name: str) -> Json:
        """The value of a pseudo parameter, a parameter or a resource."""
        pseudo = self._pseudo()
        if name in pseudo:
            return pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        resource = self._stack.resources.get(name)
        if resource is None or resource.made is None:
            raise TemplateError(f"Unresolved resource dependencies [{name}] in the template")
        return resource.made.physical_id

    def attribute(self, resource: str, attribute: str) -> Json:
        """An attribute of a resource of this stack."""
        found = self._stack.resources.get(resource)
        if found is None or found.made is None:
            raise TemplateError(
                f"Template error: instance of Fn::GetAtt references undefined resource {resource}"
            )
        if attribute not in found.made.attributes:
            raise TemplateError(
                f"Template error: resource {resource} does not support attribute type {attribute} "
                "in Fn::GetAtt"
            )
        return found.made.attributes[attribute]

    def imported(self, export: str) -> Json:
        """A value that another stack of this account and region exports."""
        if export not in self._stacks.exports:
            raise TemplateError(f"No export named {export} found.")
        self.imports.add(export)
        return self._stacks.exports[export][0]

    def outputs(self, template: Template) -> list[Output]:
        """The stack's outputs; those whose condition is false are left out."""
        found = []
        for key, declared in (template.get("Outputs") or {}).items():
            if "Condition" in declared and not self.resolver.condition(declared["Condition"]):
                continue
            value = self.resolver.resolve(declared["Value"])
            export = self.resolver.resolve(declared.get("Export", {}).get("Name", ""))
            if value is not NO_VALUE:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                found.append(Output(key, text, str(declared.get("Description", "")), str(export)))
        return found

    def _pseudo(self) -> dict[str, Json]:
        return {
            "AWS::AccountId": self._stack.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": self._stack.region,
            "AWS::StackId": self._stack.identifier,
            "AWS::StackName": self._stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }


def in_order(template: Template) -> list[str]:
    """The resources of a template, each after those that it refers to or depends on.

    Raises:
        TemplateError: A reference leads nowhere, or they go round in a circle.
    """
    declared: Mapping[str, Json] = template.get("Resources") or {}
    if not declared:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    known = set(declared) | set(template.get("Parameters") or {})
    needs: dict[str, list[str]] = {}
    for name, resource in declared.items():
        wanted = _wanted(resource)
        lost = [one for one in wanted if one not in known and not one.startswith("AWS::")]
        if lost:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{', '.join(sorted(set(lost)))}] "
                "in the Resources block of the template"
            )
        needs[name] = [one for one in wanted if one in declared]
    return _sorted(needs)


def _wanted(resource: Json) -> list[str]:
    before = resource.get("DependsOn") or []
    parts = {
        key: resource[key] for key in ("Properties", "Metadata") if key in resource and key == "Properties"
    }
    return [*([before] if isinstance(before, str) else before), *references(parts)]


def _sorted(needs: Mapping[str, list[str]]) -> list[str]:
    done: list[str] = []
    doing: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in doing:
            circle = doing[doing.index(name) :]
            raise TemplateError(f"Circular dependency between resources: [{', '.join(circle)}]")
        doing.append(name)
        for other in needs[name]:
            visit(other)
        doing.remove(name)
        done.append(name)

    for name in needs:
        visit(name)
    return done
