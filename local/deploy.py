"""Deploy a SAM or CloudFormation template to the local cloud, over HTTP, as anybody could by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local import settings
from local.cfn.template import dump
from local.sam.package import Packager, artefact_key

_CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeploymentError(RuntimeError):
    """The stack could not be made; the message names the resource and CloudFormation's reason."""


def deploy(
    template: Path | str,
    stack: str = "tidegate",
    parameters: Mapping[str, str] | None = None,
    endpoint: str | None = None,
    *,
    built: bool = False,
    pointers: bool = True,
) -> dict[str, str]:
    """Package a template, create its stack or update it, and wait until it is ready.

    Args:
        template: The source template, or the one that `sam build` made of it.
        stack: Name of the stack.
        parameters: Values for the template's parameters.
        endpoint: Base URL of the local cloud; by default that of this process.
        built: The template is the one in `.aws-sam/build`, found by the path of the source template.
        pointers: Functions run from their folders; otherwise their archives are uploaded.

    Returns:
        The stack's outputs.

    Raises:
        DeploymentError: With the first failing resource and its reason.
        PackagingError: The template refers to a file that is not there.
    """
    path = Path(template)
    if built:
        path = path.parent / ".aws-sam" / "build" / "template.yaml"
    session = _Session(endpoint or settings.current().endpoint)
    bucket = f"{stack}-artifacts-{settings.current().account}".lower()
    session.make_bucket(bucket)
    packager = Packager(session.uploader(bucket), pointers=pointers)
    body = dump(packager.package(path))
    url = session.put_template(bucket, body)
    return session.make_stack(stack, url, parameters or {})


class _Session:
    """The clients of one deployment."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.Session()
        self._cloudformation = self._client("cloudformation")
        self._s3 = self._client("s3")

    def _client(self, service: str) -> Any:
        return self._session.client(
            service,
            endpoint_url=self._endpoint,
            region_name=settings.current().region,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud checks no credentials
            config=Config(
                s3={"addressing_style": "path"}, read_timeout=600, retries={"total_max_attempts": 1}
            ),
        )

    def make_bucket(self, bucket: str) -> None:
        self._s3.create_bucket(Bucket=bucket)

    def uploader(self, bucket: str) -> Any:
        known: set[str] = set()

        def upload(content: bytes, ending: str) -> tuple[str, str]:
            key = artefact_key(content, ending)
            if key not in known:
                self._s3.put_object(Bucket=bucket, Key=key, Body=content)
                known.add(key)
            return bucket, key

        return upload

    def put_template(self, bucket: str, body: str) -> str:
        key = artefact_key(body.encode(), ".template")
        self._s3.put_object(Bucket=bucket, Key=key, Body=body.encode())
        return f"https://s3.amazonaws.com/{bucket}/{key}"

    def make_stack(self, stack: str, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Create or update the stack; the local cloud answers when it is done."""
        asked = {
            "StackName": stack,
            "TemplateURL": url,
            "Capabilities": _CAPABILITIES,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": str(value)} for name, value in parameters.items()
            ],
        }
        present = self._status(stack)
        if present == "ROLLBACK_COMPLETE":  # a stack that was never made cannot be updated
            self._cloudformation.delete_stack(StackName=stack)
            present = None
        try:
            change = self._cloudformation.update_stack if present else self._cloudformation.create_stack
            change(**asked)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise DeploymentError(
                    f"The stack {stack} was refused: {error.response['Error']['Message']}"
                ) from error
        return self._outputs(stack)

    def _status(self, stack: str) -> str | None:
        try:
            return str(self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        except ClientError:
            return None

    def _outputs(self, stack: str) -> dict[str, str]:
        described = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if described["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise DeploymentError(f"The stack {stack} is {described['StackStatus']}: {self._failure(stack)}")
        return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}

    def _failure(self, stack: str) -> str:
        """What went wrong first since the last change began."""
        events = self._cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = ""
        for event in events:
            if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != stack:
                reason = event.get("ResourceStatusReason")
                failed = f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
            if event.get("ResourceStatusReason") == "User Initiated":
                break
        return failed or json.dumps([event.get("ResourceStatusReason") for event in events[:3]])
