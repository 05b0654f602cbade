"""The account around a sample service: network, roles and clusters, made once and shared."""

from __future__ import annotations

import json
import threading
import urllib.request
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENVIRONMENTS = ("dev", "staging", "prod")
STACK = "tidegate"


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Place:
    """One local cloud, seen as its user sees it."""

    def __init__(self, endpoint: str, region: str = "us-east-1", account: str = "123456789012") -> None:
        self.endpoint = endpoint.rstrip("/")
        self.region = region
        self.account = account
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()  # Threads may share clients, but not the session that makes them.

    def client(self, service: str) -> Any:
        """A boto3 client for the local endpoint, with credentials of nobody in particular."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,
                    endpoint_url=self.endpoint,
                    region_name=self.region,
                    aws_access_key_id="user",
                    aws_secret_access_key="user",  # noqa: S106 - the local cloud takes any
                    config=Config(retries={"max_attempts": 5, "mode": "standard"}, max_pool_connections=32),
                )
            return self._clients[service]

    def world(self, method: str, path: str, body: Any = None) -> Any:
        """Call one of the world's own controls, below ``/_world``."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - always the loopback endpoint given by the caller
            f"{self.endpoint}/_world{path}",
            data=data,
            method=method,
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text = answer.read().decode()
        return json.loads(text) if text else None

    @cached_property
    def subnets(self) -> list[str]:
        """Two subnets of the default network, in two zones."""
        subnets = self.client("ec2").describe_subnets()["Subnets"]
        return [subnet["SubnetId"] for subnet in subnets[:2]]

    @cached_property
    def network(self) -> str:
        """The id of the default VPC."""
        return str(self.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])

    def clusters(self) -> None:
        """Create the clusters of all environments; those that exist stay as they are."""
        for name in ENVIRONMENTS:
            self.client("ecs").create_cluster(clusterName=name)

    def role(self, name: str, service: str = "ecs-tasks.amazonaws.com") -> str:
        """The ARN of a role that a service of AWS may take; it is made when it is not there."""
        iam = self.client("iam")
        with self._making:
            try:
                return str(iam.get_role(RoleName=name)["Role"]["Arn"])
            except ClientError:
                made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_trust(service))
                return str(made["Role"]["Arn"])

    def scan_on_push(self) -> None:
        """Let the registry scan every image that is pushed."""
        rule = {
            "scanFrequency": "SCAN_ON_PUSH",
            "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
        }
        self.client("ecr").put_registry_scanning_configuration(scanType="BASIC", rules=[rule])

    def machine(self, name: str) -> str:
        """The ARN of one of Tidegate's state machines."""
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{STACK}-{name}"

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource of the stack: a table's name, a topic's ARN."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])
