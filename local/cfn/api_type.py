"""Resource types that are little more than one API call to create, one to change and one to delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.cfn import shapes
from local.cfn.resources import TYPES, Made, NeedsReplacement, Request, ignoring_missing, replace_on
from local.cfn.template import Json


@dataclass(frozen=True)
class ApiType:
    """A type whose properties are the arguments of its service's API.

    Attributes:
        service: boto3's name of the service.
        create_method: Client method that creates it.
        ref: Where `Ref` comes from: a path into the response (`Role.RoleName`) or, with `=`, a property.
        attributes: `GetAtt` attributes, each with a path like that of `ref`.
        name: The property that names it; without a value a name is generated.
        longest_name: Longest name that the service takes.
        update_method: Client method that changes it; without one every change is a replacement.
        update_argument: The argument of the update method that takes the physical id, if it needs one.
        delete_method: Client method that deletes it, with `delete_argument` taking the physical id.
        delete_argument: See above.
        delete_many: The delete method wants a list.
        renamed: Properties that the API calls otherwise.
        ignored: Properties that have no meaning in the local cloud or are handled by a subclass.
        replaced_by: Properties whose change needs a replacement.
    """

    service: str
    create_method: str
    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    longest_name: int = 255
    update_method: str = ""
    update_argument: str = ""
    delete_method: str = ""
    delete_argument: str = ""
    delete_many: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()

    def create(self, request: Request) -> Made:
        """Call the create method with the properties."""
        request = self.named(request)
        response = self._call(request, self.create_method, self._properties(request))
        return self.made(request, response)

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Call the update method with those properties that it knows."""
        request = self.named(request, made)
        replace_on(request, {self.name: made.physical_id, **before}, *self.replaced_by)
        if not self.update_method:
            raise NeedsReplacement
        known = shapes.members(self.service, self.update_method)
        properties = {key: value for key, value in self._properties(request).items() if key in known}
        if self.update_argument:
            properties[self.update_argument] = made.physical_id
        response = self._call(request, self.update_method, properties)
        return Made(made.physical_id, {**made.attributes, **self.made(request, response).attributes})

    def delete(self, request: Request, made: Made) -> None:
        """Call the delete method with the physical id."""
        if self.delete_method:
            wanted: Json = [made.physical_id] if self.delete_many else made.physical_id
            method = getattr(request.client(self.service), self.delete_method)
            ignoring_missing(method, **{self.delete_argument: wanted})

    def named(self, request: Request, made: Made | None = None) -> Request:
        """The request with a name: its own, that of the existing resource, or a generated one."""
        if not self.name or self.name in request.properties:
            return request
        return request.having(**{self.name: made.physical_id if made else request.name(self.longest_name)})

    def made(self, request: Request, response: Mapping[str, Json]) -> Made:
        """What the response says about the new resource; attributes that it does not name are left out."""
        found = {name: _at(path, request, response) for name, path in self.attributes.items()}
        ref = _at(self.ref, request, response)
        return Made(str(ref), {name: value for name, value in found.items() if value is not None})

    def _properties(self, request: Request) -> dict[str, Json]:
        kept = request.without(*self.ignored)
        return {self.renamed.get(name, name): value for name, value in kept.items()}

    def _call(self, request: Request, method: str, properties: dict[str, Json]) -> dict[str, Json]:
        arguments = shapes.arguments(self.service, method, properties)
        response: dict[str, Json] = getattr(request.client(self.service), method)(**arguments)
        return response


def _at(path: str, request: Request, response: Mapping[str, Json]) -> Json:
    """The value at `A.B` in the response, at `=A` in the properties, or a text with `{arn:…}` filled in."""
    if path.startswith("="):
        return request.properties.get(path[1:])
    if "{" in path:
        return path.format(account=request.account, region=request.region, **request.properties)
    value: Json = response
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else (value or {}).get(part)
    return value


def api_type(name: str, /, **declaration: Json) -> ApiType:
    """Register an `ApiType` under its CloudFormation type."""
    declared = ApiType(**declaration)
    TYPES[name] = declared
    return declared
