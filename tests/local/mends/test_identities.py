"""Whoever calls is the user whose access key is given; a role's session stays one."""

from __future__ import annotations

import boto3
import pytest

from tests.local.empty_cloud import EmptyCloud


def arn_of(cloud: EmptyCloud, key: str, secret: str = "any", token: str | None = None) -> str:
    sts = boto3.client(
        "sts",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )
    return str(sts.get_caller_identity()["Arn"])


@pytest.mark.parametrize(
    ("key", "name"), [("ada", "ada"), ("local", "local"), ("ada@example.com", "ada@example.com")]
)
def test_an_access_key_is_the_name_of_a_user(cloud: EmptyCloud, key: str, name: str):
    assert arn_of(cloud, key) == f"arn:aws:iam::123456789012:user/{name}"


def test_a_session_is_that_of_its_role(cloud: EmptyCloud):
    # Given
    name = cloud.fresh("role")
    role = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    session = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="night")["Credentials"]

    # Then
    arn = arn_of(cloud, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert arn == f"arn:aws:sts::123456789012:assumed-role/{name}/night"
