"""KMS keys and parameters of Parameter Store."""

from __future__ import annotations

from local.cfn import shapes
from local.cfn.api_type import api_type
from local.cfn.resources import Made, Request, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json
from local.cfn.types.identity import policy_text


@resource_type("AWS::KMS::Key")
class Key:
    """A KMS key."""

    def create(self, request: Request) -> Made:
        """Create it, with rotation if wanted."""
        kms = request.client("kms")
        tags = [
            {"TagKey": one["Key"], "TagValue": one["Value"]} for one in request.properties.get("Tags", [])
        ]
        plain = request.without("KeyPolicy", "EnableKeyRotation", "Enabled", "PendingWindowInDays", "Tags")
        plain |= {"Tags": tags, "Policy": policy_text(request.properties.get("KeyPolicy", {}))}
        plain.pop("RotationPeriodInDays", None)
        if not request.properties.get("KeyPolicy"):
            plain.pop("Policy")
        key = kms.create_key(**shapes.arguments("kms", "create_key", plain))["KeyMetadata"]
        made = Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})
        self._settle(request, made)
        return made

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change policy, description and rotation."""
        replace_on(request, before, "KeySpec", "KeyUsage", "MultiRegion", "Origin")
        kms = request.client("kms")
        if request.properties.get("KeyPolicy"):
            policy = policy_text(request.properties["KeyPolicy"])
            kms.put_key_policy(KeyId=made.physical_id, PolicyName="default", Policy=policy)
        description = request.properties.get("Description", "")
        kms.update_key_description(KeyId=made.physical_id, Description=description)
        self._settle(request, made)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Schedule its deletion, as CloudFormation does."""
        days = int(request.properties.get("PendingWindowInDays", 30))
        ignoring_missing(
            request.client("kms").schedule_key_deletion, KeyId=made.physical_id, PendingWindowInDays=days
        )

    def _settle(self, request: Request, made: Made) -> None:
        kms = request.client("kms")
        rotate = str(request.properties.get("EnableKeyRotation", "")).lower() == "true"
        (kms.enable_key_rotation if rotate else kms.disable_key_rotation)(KeyId=made.physical_id)
        if str(request.properties.get("Enabled", "true")).lower() == "false":
            kms.disable_key(KeyId=made.physical_id)


api_type(
    "AWS::KMS::Alias",
    service="kms",
    create_method="create_alias",
    ref="=AliasName",
    update_method="update_alias",
    delete_method="delete_alias",
    delete_argument="AliasName",
    replaced_by=("AliasName",),
)


@resource_type("AWS::SSM::Parameter")
class StoredParameter:
    """A parameter of Systems Manager's Parameter Store."""

    def create(self, request: Request) -> Made:
        """Store it."""
        name = request.properties.get("Name") or request.name()
        tags = [{"Key": key, "Value": value} for key, value in request.properties.get("Tags", {}).items()]
        plain = request.having(Name=name, **({"Tags": tags} if tags else {})).properties
        request.client("ssm").put_parameter(**shapes.arguments("ssm", "put_parameter", plain))
        return Made(name, {"Type": plain["Type"], "Value": plain["Value"]})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Overwrite it."""
        replace_on(request, before, "Name")
        plain = {**request.without("Tags"), "Name": made.physical_id, "Overwrite": True}
        request.client("ssm").put_parameter(**shapes.arguments("ssm", "put_parameter", plain))
        return Made(made.physical_id, {"Type": plain["Type"], "Value": plain["Value"]})

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("ssm").delete_parameter, Name=made.physical_id)
