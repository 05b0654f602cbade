"""S3 buckets and their policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local.cfn import shapes
from local.cfn.resources import Made, Request, changed, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json


@resource_type("AWS::S3::Bucket")
class Bucket:
    """A bucket with its configurations."""

    def create(self, request: Request) -> Made:
        """Create it and configure it."""
        name = request.properties.get("BucketName") or request.name(63, lower=True)
        place = {} if request.region == "us-east-1" else {"LocationConstraint": request.region}
        locked = str(request.properties.get("ObjectLockEnabled", "")).lower() == "true"
        request.client("s3").create_bucket(
            Bucket=name,
            **({"CreateBucketConfiguration": place} if place else {}),
            **({"ObjectLockEnabledForBucket": True} if locked else {}),
        )
        self._configure(request, name, {})
        return Made(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.amazonaws.com",
                "RegionalDomainName": f"{name}.s3.{request.region}.amazonaws.com",
            },
        )

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Configure it anew; another name is another bucket."""
        replace_on(request, before, "BucketName")
        self._configure(request, made.physical_id, before)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it; one that is not empty refuses, as on AWS."""
        ignoring_missing(request.client("s3").delete_bucket, Bucket=made.physical_id)

    def _configure(self, request: Request, name: str, before: dict[str, Json]) -> None:
        s3 = request.client("s3")
        for part, configure in _BUCKET_PARTS.items():
            if part in request.properties and changed(request, before, part):
                configure(s3, name, request.properties[part])
        unknown = set(request.properties) - set(_BUCKET_PARTS) - _BUCKET_ITSELF
        if unknown:
            raise shapes.PropertyError(f"Properties: Encountered unsupported property {min(unknown)}")


_BUCKET_ITSELF = {"BucketName", "AccessControl", "ObjectLockEnabled"}


def _put(
    method: str, argument: str, convert: Callable[[Json], Json] = lambda value: value
) -> Callable[..., None]:
    def configure(s3: Any, bucket: str, value: Json) -> None:
        arguments = shapes.arguments("s3", method, {"Bucket": bucket, argument: convert(value)})
        getattr(s3, method)(**arguments)

    return configure


def _encryption(value: Json) -> Json:
    renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = [
        {renamed.get(key, key): rule[key] for key in rule}
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"Rules": rules}


def _lifecycle(value: Json) -> Json:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Json) -> Json:
    """CloudFormation's flat rule as the API's nested one."""
    kept = {
        "Id": "ID",
        "Status": "Status",
        "AbortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
    }
    converted: dict[str, Json] = {kept[key]: rule[key] for key in kept if key in rule}
    converted["Filter"] = {"Prefix": rule.get("Prefix", "")}
    expiry = {"ExpirationInDays": "Days", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
    expiration = {expiry[key]: rule[key] for key in expiry if key in rule}
    if expiration:
        converted["Expiration"] = expiration
    days = rule.get("NoncurrentVersionExpiration", {}).get(
        "NoncurrentDays", rule.get("NoncurrentVersionExpirationInDays")
    )
    if days is not None:
        converted["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if "Transitions" in rule:
        converted["Transitions"] = [
            {"Days": one["TransitionInDays"], "StorageClass": one["StorageClass"]}
            for one in rule["Transitions"]
        ]
    return converted


_BUCKET_PARTS: dict[str, Callable[..., None]] = {
    "VersioningConfiguration": _put("put_bucket_versioning", "VersioningConfiguration"),
    "BucketEncryption": _put("put_bucket_encryption", "ServerSideEncryptionConfiguration", _encryption),
    "PublicAccessBlockConfiguration": _put("put_public_access_block", "PublicAccessBlockConfiguration"),
    "OwnershipControls": _put("put_bucket_ownership_controls", "OwnershipControls"),
    "LifecycleConfiguration": _put(
        "put_bucket_lifecycle_configuration", "LifecycleConfiguration", _lifecycle
    ),
    "CorsConfiguration": _put("put_bucket_cors", "CORSConfiguration"),
    "Tags": _put("put_bucket_tagging", "Tagging", lambda tags: {"TagSet": tags}),
    "LoggingConfiguration": _put(
        "put_bucket_logging",
        "BucketLoggingStatus",
        lambda value: {
            "LoggingEnabled": {
                "TargetBucket": value["DestinationBucketName"],
                "TargetPrefix": value.get("LogFilePrefix", ""),
            }
        },
    ),
    "ObjectLockConfiguration": _put("put_object_lock_configuration", "ObjectLockConfiguration"),
}


@resource_type("AWS::S3::BucketPolicy")
class BucketPolicy:
    """A bucket's policy."""

    def create(self, request: Request) -> Made:
        """Put it."""
        bucket, policy = request.properties["Bucket"], request.properties["PolicyDocument"]
        request.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        return Made(bucket)

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:  # noqa: ARG002
        """Put it anew."""
        replace_on(request, before, "Bucket")
        return self.create(request)

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("s3").delete_bucket_policy, Bucket=made.physical_id)
