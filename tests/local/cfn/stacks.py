"""Make, change and look at stacks on the test server, in as few words as a test wants to have."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.local.mends.server import Server

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class Stacks:
    """The stacks of one test."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.api = server.client("cloudformation")
        self.name = f"s{uuid.uuid4().hex[:8]}"

    def create(
        self, resources: dict[str, Any], name: str = "", more: dict[str, Any] | None = None, **asked: Any
    ) -> str:
        """Create a stack of these resources; its name."""
        name = name or self.name
        body = json.dumps({"Resources": resources, **(more or {})})
        self.api.create_stack(StackName=name, TemplateBody=body, Capabilities=CAPABILITIES, **asked)
        return name

    def update(
        self, resources: dict[str, Any], name: str = "", more: dict[str, Any] | None = None, **asked: Any
    ) -> None:
        """Update the stack to these resources."""
        body = json.dumps({"Resources": resources, **(more or {})})
        self.api.update_stack(
            StackName=name or self.name, TemplateBody=body, Capabilities=CAPABILITIES, **asked
        )

    def describe(self, name: str = "") -> dict[str, Any]:
        """The stack as DescribeStacks shows it."""
        return dict(self.api.describe_stacks(StackName=name or self.name)["Stacks"][0])

    def status(self, name: str = "") -> str:
        """The stack's status."""
        return str(self.describe(name)["StackStatus"])

    def outputs(self, name: str = "") -> dict[str, str]:
        """The stack's outputs."""
        return {one["OutputKey"]: one["OutputValue"] for one in self.describe(name).get("Outputs", [])}

    def physical(self, logical: str, name: str = "") -> str:
        """The physical id of a resource."""
        found = self.api.describe_stack_resources(StackName=name or self.name, LogicalResourceId=logical)
        return str(found["StackResources"][0]["PhysicalResourceId"])

    def reasons(self, name: str = "") -> dict[str, str]:
        """The reason of each resource that failed."""
        events = self.api.describe_stack_events(StackName=name or self.name)["StackEvents"]
        return {
            one["LogicalResourceId"]: one.get("ResourceStatusReason", "")
            for one in events
            if one["ResourceStatus"].endswith("_FAILED")
        }


def topic(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


BROKEN = {
    "Type": "AWS::SNS::TopicPolicy",
    "Properties": {"Topics": ["arn:aws:sns:us-east-1:123456789012:gone"], "PolicyDocument": {}},
}
"""A resource whose creation fails."""
