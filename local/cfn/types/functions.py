"""Lambda functions and layers."""

from __future__ import annotations

from local.cfn import shapes
from local.cfn.resources import Made, Request, changed, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json

_NOT_CONFIGURATION = ("Code", "ReservedConcurrentExecutions", "RuntimeManagementConfig", "RecursiveLoop")
_ONLY_AT_CREATION = ("Tags", "PackageType", "Architectures", "CodeSigningConfigArn")


@resource_type("AWS::Lambda::Function")
class Function:
    """A function; its code and its configuration change in place."""

    def create(self, request: Request) -> Made:
        """Create it from its archive in S3."""
        lambda_, name = request.client("lambda"), request.properties.get("FunctionName") or request.name(64)
        plain = {**request.without(*_NOT_CONFIGURATION), "FunctionName": name, "Code": _code(request)}
        lambda_.create_function(**shapes.arguments("lambda", "create_function", plain))
        self._reserve(request, name)
        return Made(name, {"Arn": request.arn("lambda", f"function:{name}")})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change configuration and code, each if it differs."""
        replace_on(request, before, "FunctionName", "PackageType")
        lambda_, name = request.client("lambda"), made.physical_id
        plain = {**request.without(*_NOT_CONFIGURATION, *_ONLY_AT_CREATION), "FunctionName": name}
        arguments = shapes.arguments("lambda", "update_function_configuration", plain)
        arguments.setdefault("Environment", {"Variables": {}})
        arguments.setdefault("Layers", [])
        lambda_.update_function_configuration(**arguments)
        if changed(request, before, "Code", "Architectures"):
            lambda_.update_function_code(FunctionName=name, **_code(request))
        self._reserve(request, name)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("lambda").delete_function, FunctionName=made.physical_id)

    def _reserve(self, request: Request, name: str) -> None:
        lambda_ = request.client("lambda")
        reserved = request.properties.get("ReservedConcurrentExecutions")
        if reserved is None:
            ignoring_missing(lambda_.delete_function_concurrency, FunctionName=name)
        else:
            lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))


def _code(request: Request) -> dict[str, Json]:
    code = dict(request.properties["Code"])
    if "ZipFile" in code:
        code["ZipFile"] = _inline(code["ZipFile"], request.properties.get("Handler", "index.handler"))
    return code


def _inline(source: str, handler: str) -> bytes:
    """An archive with inline code as its only file, as CloudFormation makes it."""
    from local.sam.archives import archive_of

    ending = "py" if "." in handler else "js"
    return archive_of({f"index.{ending}": source.encode()})


@resource_type("AWS::Lambda::LayerVersion")
class LayerVersion:
    """A version of a layer; every change is a new version."""

    def create(self, request: Request) -> Made:
        """Publish it."""
        name = request.properties.get("LayerName") or request.name(140)
        plain = request.having(LayerName=name).properties
        arguments = shapes.arguments("lambda", "publish_layer_version", plain)
        published = request.client("lambda").publish_layer_version(**arguments)
        arn = published["LayerVersionArn"]
        return Made(arn, {"LayerVersionArn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:  # noqa: ARG002
        """Publish the next version."""
        return self.create(request)

    def delete(self, request: Request, made: Made) -> None:
        """Delete the version."""
        name, version = made.physical_id.rsplit(":", 1)
        delete = request.client("lambda").delete_layer_version
        ignoring_missing(delete, LayerName=name, VersionNumber=int(version))
