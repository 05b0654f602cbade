"""The events that AWS services send through Amazon EventBridge, as far as Tidegate reads them.

Every model is lenient: keys that it does not know are ignored, and whatever a service may leave out has a
default, because an event is only a hint and what it says is read again. What every event carries:
https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

IMAGE_MANIFESTS = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
"""Manifest media types of container images and of their multi-platform indexes."""

IMAGE_ARTIFACTS = frozenset(
    {"application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"}
)
"""Artifact media types of container images; signatures, attestations, SBOMs and charts have others."""


class Lenient(BaseModel):
    """A part of an event: unknown keys are ignored, and keys are read under their names on the wire."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any, info: Any) -> Any:
        """Read null as the field's default, where it has one."""
        field = cls.model_fields[info.field_name]
        if value is not None or field.is_required():
            return value
        return field.get_default(call_default_factory=True)


class Event(Lenient):
    """What every event carries.

    Attributes:
        id: The same in every delivery of one event, which may come more than once.
        time: When it happened, as the service that sent it says.
    """

    id: str
    time: datetime
    detail_type: str = Field("", alias="detail-type")
    resources: tuple[str, ...] = ()


class ImageActionDetail(Lenient):
    """The detail of `ECR Image Action`; `image_tag` is empty for an untagged push."""

    result: str = ""
    action: str = Field("", alias="action-type")
    repository: str = Field("", alias="repository-name")
    digest: str = Field("", alias="image-digest")
    tag: str = Field("", alias="image-tag")
    manifest_media_type: str = Field("", alias="manifest-media-type")
    artifact_media_type: str = Field("", alias="artifact-media-type")

    @property
    def is_image(self) -> bool:
        """Whether it may be a container image: a media type that is named is one of an image."""
        manifest, artifact = self.manifest_media_type, self.artifact_media_type
        return manifest in {"", *IMAGE_MANIFESTS} and artifact in {"", *IMAGE_ARTIFACTS}


class ImageAction(Event):
    """`ECR Image Action`: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html."""

    detail: ImageActionDetail


class ImageScanDetail(Lenient):
    """The detail of `ECR Image Scan` and of `Inspector2 Scan`."""

    status: str = Field("", alias="scan-status")
    repository_name: str = Field("", alias="repository-name")
    digest: str = Field("", alias="image-digest")

    @property
    def repository(self) -> str:
        """The repository's plain name, which may contain slashes: Amazon Inspector sends its ARN."""
        return self.repository_name.partition(":repository/")[2] or self.repository_name


class ImageScanFinished(Event):
    """`ECR Image Scan` (basic scanning) or `Inspector2 Scan` (enhanced scanning).

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html and
    https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
    """

    detail: ImageScanDetail


class EcsDetail(Lenient):
    """The detail of the events of Amazon ECS.

    `ECS Deployment State Change` has `event_name`, `ECS Hook State Change` that and `service`, an ARN,
    `ECS Task State Change` the rest.
    """

    event_name: str = Field("", alias="eventName")
    service: str = Field("", alias="serviceArn")
    task: str = Field("", alias="taskArn")
    last_status: str = Field("", alias="lastStatus")
    group: str = ""


class EcsStateChange(Event):
    """`ECS Deployment State Change`, `ECS Hook State Change` or `ECS Task State Change`.

    The detail of a deployment names no service and no cluster: the service's ARN is in `resources`. A hook's
    resource is the service deployment.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html,
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html and
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """

    detail: EcsDetail


class AlarmStateValue(Lenient):
    """A state of an alarm: `OK`, `ALARM` or `INSUFFICIENT_DATA`."""

    value: str = ""


class AlarmDetail(Lenient):
    """The detail of `CloudWatch Alarm State Change`, the same for metric and for composite alarms."""

    name: str = Field("", alias="alarmName")
    state: AlarmStateValue = AlarmStateValue()


class AlarmStateChange(Event):
    """`CloudWatch Alarm State Change`.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """

    detail: AlarmDetail


class ExecutionDetail(Lenient):
    """The detail of `Step Functions Execution Status Change`; `input` is left out when it is large."""

    execution: str = Field("", alias="executionArn")
    machine: str = Field("", alias="stateMachineArn")
    name: str = ""
    status: str = ""
    input: str = ""


class ExecutionStatusChange(Event):
    """`Step Functions Execution Status Change`.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """

    detail: ExecutionDetail


class CallerIdentity(Lenient):
    """Who made an API call; an AWS service that acts by itself has no ARN."""

    type: str = ""
    arn: str = ""


class ApiCallDetail(Lenient):
    """A record of CloudTrail, as far as a call of PutImage is concerned.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """

    event_id: str = Field("", alias="eventID")
    at: datetime = Field(alias="eventTime")
    name: str = Field("", alias="eventName")
    identity: CallerIdentity = Field(CallerIdentity(), alias="userIdentity")
    source_ip: str = Field("", alias="sourceIPAddress")
    error_code: str = Field("", alias="errorCode")
    request: dict[str, Any] = Field({}, alias="requestParameters")
    response: dict[str, Any] = Field({}, alias="responseElements")

    @property
    def repository(self) -> str:
        """The name of the repository."""
        return _text(self.request.get("repositoryName"))

    @property
    def digest(self) -> str:
        """The digest that the registry gave the image; empty when the call failed."""
        image = self.response.get("image")
        identity = image.get("imageId") if isinstance(image, dict) else None
        return _text(identity.get("imageDigest")) if isinstance(identity, dict) else ""


class ApiCall(Event):
    """`AWS API Call via CloudTrail`.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html and
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """

    detail: ApiCallDetail


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
