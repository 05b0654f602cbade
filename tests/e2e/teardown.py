"""Takes everything down that a run has made, what the stack retains included. Never run.

By hand: `python -m tests.e2e.teardown`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e.account import STACK, Account, Consent

PREFIX = "tidegate-e2e-"


def service(account: Account, name: str) -> None:
    """Service, cluster, repository, log group and role of one throw-away service; what is gone is gone."""
    ecs, iam = account.client("ecs"), account.client("iam")
    role = f"{name}-execution"
    policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    steps: list[Callable[[], Any]] = [
        lambda: ecs.delete_service(cluster=name, service=name, force=True),
        lambda: ecs.get_waiter("services_inactive").wait(cluster=name, services=[name]),
        lambda: ecs.delete_cluster(cluster=name),
        lambda: account.client("ecr").delete_repository(repositoryName=name, force=True),
        lambda: account.client("logs").delete_log_group(logGroupName=f"/ecs/{name}"),
        lambda: iam.detach_role_policy(RoleName=role, PolicyArn=policy),
        lambda: iam.delete_role(RoleName=role),
    ]
    _all(steps)


def stack(account: Account) -> None:
    """The test stack, then the tables, the bucket and the key that it retains."""
    cloudformation = account.client("cloudformation")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    found = [
        (each["ResourceType"], each["PhysicalResourceId"])
        for page in pages
        for each in page["StackResourceSummaries"]
    ]
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK)
    removals: dict[str, Callable[[Account, str], Any]] = {
        "AWS::DynamoDB::Table": _delete_table,
        "AWS::S3::Bucket": _delete_bucket,
        "AWS::KMS::Key": _delete_key,
    }
    _all([partial(removals[kind], account, name) for kind, name in found if kind in removals])
    with contextlib.suppress(ClientError):
        url = account.client("sqs").get_queue_url(QueueName=f"{STACK}-e2e-mails")["QueueUrl"]
        account.client("sqs").delete_queue(QueueUrl=url)


def _delete_table(account: Account, name: str) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    dynamodb.delete_table(TableName=name)


def _delete_bucket(account: Account, name: str) -> None:
    s3 = account.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
        if keys:
            s3.delete_objects(Bucket=name, Delete={"Objects": keys})
    s3.delete_bucket(Bucket=name)


def _delete_key(account: Account, name: str) -> None:
    account.client("kms").schedule_key_deletion(KeyId=name, PendingWindowInDays=7)


def _all(steps: Sequence[Callable[[], Any]]) -> None:
    """Do each step, whatever became of those before; say what did not work."""
    for step in steps:
        try:
            step()
        except (ClientError, BotoCoreError) as error:
            print(f"left over, perhaps: {error}")


def main() -> None:
    """Take down all throw-away services of the account, and the test stack."""
    consent = Consent.given()
    if consent is None:
        raise SystemExit("Set the variables that tests/e2e/README.md names.")
    account = Account(consent)
    repositories = account.client("ecr").describe_repositories()["repositories"]
    for each in repositories:
        if each["repositoryName"].startswith(PREFIX):
            service(account, each["repositoryName"])
    stack(account)


if __name__ == "__main__":
    main()
