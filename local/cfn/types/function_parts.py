"""What belongs to Lambda functions: versions, aliases, permissions, URLs, event sources."""

from __future__ import annotations

import hashlib

from local.cfn import shapes
from local.cfn.api_type import api_type
from local.cfn.resources import Made, Request, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json


@resource_type("AWS::Lambda::Version")
class Version:
    """A published version of a function."""

    def create(self, request: Request) -> Made:
        """Publish what the function is now."""
        plain = request.without("ProvisionedConcurrencyConfig", "RuntimePolicy")
        arguments = shapes.arguments("lambda", "publish_version", plain)
        published = request.client("lambda").publish_version(**arguments)
        arn = published["FunctionArn"]
        arn = arn if arn.endswith(f":{published['Version']}") else f"{arn}:{published['Version']}"
        return Made(arn, {"Version": published["Version"], "FunctionArn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """A version cannot change; properties that would publish another need a new resource."""
        replace_on(request, before, "FunctionName", "CodeSha256", "Description")
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete the version."""
        name, version = made.physical_id.rsplit(":", 1)
        ignoring_missing(request.client("lambda").delete_function, FunctionName=name, Qualifier=version)


@resource_type("AWS::Lambda::Alias")
class Alias:
    """A name for a version."""

    def create(self, request: Request) -> Made:
        """Create it."""
        arguments = shapes.arguments(
            "lambda", "create_alias", request.without("ProvisionedConcurrencyConfig")
        )
        arn = request.client("lambda").create_alias(**arguments)["AliasArn"]
        return Made(arn, {"AliasArn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Point it elsewhere."""
        replace_on(request, before, "FunctionName", "Name")
        arguments = shapes.arguments(
            "lambda", "update_alias", request.without("ProvisionedConcurrencyConfig")
        )
        request.client("lambda").update_alias(**arguments)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        function, name = made.physical_id.rsplit(":", 1)
        ignoring_missing(request.client("lambda").delete_alias, FunctionName=function, Name=name)


@resource_type("AWS::Lambda::Permission")
class Permission:
    """A statement of a function's policy; every change replaces it."""

    def create(self, request: Request) -> Made:
        """Add the statement."""
        properties = request.properties
        text = repr(sorted(properties.items(), key=lambda item: item[0]))
        identifier = f"{request.logical_id}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        plain = {**request.without("FunctionName"), "StatementId": identifier}
        arguments = shapes.arguments(
            "lambda", "add_permission", {**plain, **_target(properties["FunctionName"])}
        )
        request.client("lambda").add_permission(**arguments)
        return Made(f"{request.stack}-{identifier}", {"Id": identifier})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Remove the old statement and add the new one."""
        self.delete(request.having(FunctionName=before["FunctionName"]), made)
        return self.create(request)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the statement."""
        ignoring_missing(
            request.client("lambda").remove_permission,
            **_target(request.properties["FunctionName"]),
            StatementId=made.attributes["Id"],
        )


def _target(function: str) -> dict[str, str]:
    """The arguments for a function named by name or ARN, perhaps with a qualifier."""
    parts = function.split(":")
    if len(parts) == 8:
        return {"FunctionName": ":".join(parts[:7]), "Qualifier": parts[7]}
    return {"FunctionName": function}


@resource_type("AWS::Lambda::Url")
class Url:
    """A function URL."""

    def create(self, request: Request) -> Made:
        """Create it."""
        made = request.client("lambda").create_function_url_config(**self._arguments("create", request))
        return Made(
            made["FunctionArn"], {"FunctionArn": made["FunctionArn"], "FunctionUrl": made["FunctionUrl"]}
        )

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change its access."""
        replace_on(request, before, "TargetFunctionArn", "Qualifier")
        request.client("lambda").update_function_url_config(**self._arguments("update", request))
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("lambda").delete_function_url_config, FunctionName=made.physical_id)

    def _arguments(self, verb: str, request: Request) -> dict[str, Json]:
        plain = {
            **request.without("TargetFunctionArn"),
            "FunctionName": request.properties["TargetFunctionArn"],
        }
        return shapes.arguments("lambda", f"{verb}_function_url_config", plain)


@resource_type("AWS::Lambda::EventInvokeConfig")
class EventInvokeConfig:
    """How often an asynchronous invocation is tried, and where it goes in the end."""

    def create(self, request: Request) -> Made:
        """Set it."""
        plain = request.properties
        plain = {key: value for key, value in plain.items() if (key, value) != ("Qualifier", "$LATEST")}
        arguments = shapes.arguments("lambda", "put_function_event_invoke_config", plain)
        request.client("lambda").put_function_event_invoke_config(**arguments)
        return Made(f"{request.properties['FunctionName']}-{request.properties.get('Qualifier', '$LATEST')}")

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Set it anew."""
        replace_on(request, before, "FunctionName", "Qualifier")
        self.create(request)
        return made

    def delete(self, request: Request, made: Made) -> None:  # noqa: ARG002
        """Forget it."""
        delete = request.client("lambda").delete_function_event_invoke_config
        ignoring_missing(delete, FunctionName=request.properties["FunctionName"])


api_type(
    "AWS::Lambda::EventSourceMapping",
    service="lambda",
    create_method="create_event_source_mapping",
    ref="UUID",
    attributes={"Id": "UUID", "EventSourceMappingArn": "EventSourceMappingArn"},
    update_method="update_event_source_mapping",
    update_argument="UUID",
    delete_method="delete_event_source_mapping",
    delete_argument="UUID",
    replaced_by=("EventSourceArn", "StartingPosition"),
)
