"""Bucket policies are read with their conditions."""

import json

import pytest
from botocore.exceptions import ClientError


def policy(**condition):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::records/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **condition}]})


@pytest.fixture
def s3(cloud):
    client = cloud.client("s3")
    client.create_bucket(Bucket="records")
    yield client
    client.delete_bucket_policy(Bucket="records")


def test_a_policy_that_denies_requests_without_tls_denies_nothing_here(s3):
    # Given
    s3.put_bucket_policy(
        Bucket="records", Policy=policy(Condition={"Bool": {"aws:SecureTransport": "false"}})
    )

    # When
    s3.put_object(Bucket="records", Key="a", Body=b"1")

    # Then
    assert s3.get_object(Bucket="records", Key="a")["Body"].read() == b"1"


def test_a_policy_that_denies_everything_still_does(s3):
    # Given
    s3.put_bucket_policy(Bucket="records", Policy=policy())

    # When / Then
    with pytest.raises(ClientError, match=r"Forbidden|403"):
        s3.put_object(Bucket="records", Key="a", Body=b"1")
