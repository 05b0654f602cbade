"""Data is encrypted, kept for a stated time, and protected against deletion where it is a record."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.checkov import translated

RESOURCES = translated()["Resources"]
# What may be lost: it is made anew, or it lives for hours.
SHORT_LIVED = {"SessionsTable"}


def of(kind: str) -> list[Any]:
    found = {name: each for name, each in RESOURCES.items() if each["Type"] == kind}
    assert found, f"the template has no {kind}"
    return [pytest.param(each, id=name) for name, each in found.items()]


def name_of(resource: dict[str, Any]) -> str:
    return next(name for name, each in RESOURCES.items() if each is resource)


def keeps_when_deleted(resource: dict[str, Any]) -> bool:
    return {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")} == {"Retain"}


@pytest.mark.parametrize("table", of("AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_and_cannot_be_deleted_by_mistake(table: dict[str, Any]):
    # Given
    properties = table["Properties"]

    # Then
    assert properties["SSESpecification"]["SSEEnabled"] is True
    if name_of(table) in SHORT_LIVED:
        assert properties["TimeToLiveSpecification"]["Enabled"] is True
    else:
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert properties["DeletionProtectionEnabled"] is True
        assert keeps_when_deleted(table)


@pytest.mark.parametrize("bucket", of("AWS::S3::Bucket"))
def test_a_bucket_is_encrypted_versioned_private_and_stays(bucket: dict[str, Any]):
    # Given
    properties = bucket["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    # Then
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert {each["Status"] for each in properties["LifecycleConfiguration"]["Rules"]} == {"Enabled"}
    assert keeps_when_deleted(bucket)


def test_every_bucket_refuses_unencrypted_connections():
    # Given
    policies = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::S3::BucketPolicy"]

    # When
    refusing = {
        policy["Bucket"]["Ref"]
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }

    # Then
    assert refusing == {name for name, each in RESOURCES.items() if each["Type"] == "AWS::S3::Bucket"}


@pytest.mark.parametrize("topic", of("AWS::SNS::Topic"))
def test_a_topic_is_encrypted_with_our_key(topic: dict[str, Any]):
    assert topic["Properties"]["KmsMasterKeyId"] == {"Ref": "Key"}


@pytest.mark.parametrize("queue", of("AWS::SQS::Queue"))
def test_a_queue_is_encrypted_and_says_how_long_it_keeps(queue: dict[str, Any]):
    properties = queue["Properties"]
    assert properties.get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in properties
    assert properties["MessageRetentionPeriod"] == 1209600


@pytest.mark.parametrize("group", of("AWS::Logs::LogGroup"))
def test_a_log_group_is_encrypted_and_says_how_long_it_keeps(group: dict[str, Any]):
    assert group["Properties"]["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]} or group["Properties"][
        "KmsKeyId"
    ] == {"Fn::GetAtt": "Key.Arn"}
    assert group["Properties"]["RetentionInDays"] == {"Ref": "RecordRetentionDays"}


@pytest.mark.parametrize("function", of("AWS::Lambda::Function"))
def test_a_function_writes_into_a_log_group_of_the_template(function: dict[str, Any]):
    group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert RESOURCES[group]["Type"] == "AWS::Logs::LogGroup"


@pytest.mark.parametrize("key", of("AWS::KMS::Key"))
def test_a_key_is_rotated_and_stays(key: dict[str, Any]):
    assert key["Properties"]["EnableKeyRotation"] is True
    assert keeps_when_deleted(key)
