"""IAM roles and policies."""

from __future__ import annotations

import json

from local.cfn import shapes
from local.cfn.resources import Made, Request, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json


@resource_type("AWS::IAM::Role")
class Role:
    """A role with its inline and managed policies."""

    def create(self, request: Request) -> Made:
        """Create the role, then attach its policies."""
        name = request.properties.get("RoleName") or request.name(64)
        request = request.having(RoleName=name)
        trust = policy_text(request.properties["AssumeRolePolicyDocument"])
        plain = {**request.without("Policies", "ManagedPolicyArns"), "AssumeRolePolicyDocument": trust}
        role = request.client("iam").create_role(**shapes.arguments("iam", "create_role", plain))["Role"]
        self._attach(request, name, {})
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change trust, policies and limits; name and path need a new role."""
        replace_on(request, before, "RoleName", "Path")
        iam, name = request.client("iam"), made.physical_id
        trust = request.properties["AssumeRolePolicyDocument"]
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=policy_text(trust))
        duration = int(request.properties.get("MaxSessionDuration", 3600))
        iam.update_role(
            RoleName=name, Description=request.properties.get("Description", ""), MaxSessionDuration=duration
        )
        self._attach(request, name, before)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Detach and delete its policies, then the role."""
        iam, name = request.client("iam"), made.physical_id
        for arn in request.properties.get("ManagedPolicyArns", []):
            ignoring_missing(iam.detach_role_policy, RoleName=name, PolicyArn=arn)
        for policy in request.properties.get("Policies", []):
            ignoring_missing(iam.delete_role_policy, RoleName=name, PolicyName=policy["PolicyName"])
        ignoring_missing(iam.delete_role, RoleName=name)

    def _attach(self, request: Request, name: str, before: dict[str, Json]) -> None:
        iam = request.client("iam")
        wanted = request.properties.get("ManagedPolicyArns", [])
        for arn in set(before.get("ManagedPolicyArns", [])) - set(wanted):
            ignoring_missing(iam.detach_role_policy, RoleName=name, PolicyArn=arn)
        for arn in wanted:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        policies = {
            one["PolicyName"]: one["PolicyDocument"] for one in request.properties.get("Policies", [])
        }
        for old in {one["PolicyName"] for one in before.get("Policies", [])} - policies.keys():
            ignoring_missing(iam.delete_role_policy, RoleName=name, PolicyName=old)
        for policy, document in policies.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=policy_text(document))


@resource_type("AWS::IAM::Policy")
class InlinePolicy:
    """A policy written into roles."""

    def create(self, request: Request) -> Made:
        """Put it into each of its roles."""
        for role in request.properties.get("Roles", []):
            request.client("iam").put_role_policy(
                RoleName=role,
                PolicyName=request.properties["PolicyName"],
                PolicyDocument=policy_text(request.properties["PolicyDocument"]),
            )
        return Made(request.properties["PolicyName"])

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Put it again, and take it from the roles that lost it."""
        replace_on(request, before, "PolicyName")
        for role in set(before.get("Roles", [])) - set(request.properties.get("Roles", [])):
            self._remove(request, made, role)
        return self.create(request)

    def delete(self, request: Request, made: Made) -> None:
        """Take it from all of its roles."""
        for role in request.properties.get("Roles", []):
            self._remove(request, made, role)

    def _remove(self, request: Request, made: Made, role: str) -> None:
        delete = request.client("iam").delete_role_policy
        ignoring_missing(delete, RoleName=role, PolicyName=made.physical_id)


@resource_type("AWS::IAM::ManagedPolicy")
class ManagedPolicy:
    """A managed policy, attached to roles."""

    def create(self, request: Request) -> Made:
        """Create it and attach it."""
        name = request.properties.get("ManagedPolicyName") or request.name(128)
        iam = request.client("iam")
        arn = iam.create_policy(
            PolicyName=name,
            Path=request.properties.get("Path", "/"),
            Description=request.properties.get("Description", ""),
            PolicyDocument=policy_text(request.properties["PolicyDocument"]),
        )["Policy"]["Arn"]
        for role in request.properties.get("Roles", []):
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        return Made(arn, {"PolicyArn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Make a new default version, and attach it as it is wanted now."""
        replace_on(request, before, "ManagedPolicyName", "Path", "Description")
        iam, arn = request.client("iam"), made.physical_id
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        document = policy_text(request.properties["PolicyDocument"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        wanted, had = set(request.properties.get("Roles", [])), set(before.get("Roles", []))
        for role in had - wanted:
            ignoring_missing(iam.detach_role_policy, RoleName=role, PolicyArn=arn)
        for role in wanted - had:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Detach and delete it."""
        iam = request.client("iam")
        for role in request.properties.get("Roles", []):
            ignoring_missing(iam.detach_role_policy, RoleName=role, PolicyArn=made.physical_id)
        ignoring_missing(iam.delete_policy, PolicyArn=made.physical_id)


def policy_text(policy: Json) -> str:
    """A policy as text; moto wants a version, which IAM does not (it would take the older one)."""
    document = json.loads(policy) if isinstance(policy, str) else policy
    return json.dumps({"Version": "2012-10-17", **document})
