"""The task-definition template of a manifest: RegisterTaskDefinition without what Tidegate fills in.

Fields and bounds are those of
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html; a test compares the
names with the SDK's service model.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tidegate.contracts.container_definition import (
    ContainerDefinition,
    EcsShape,
    KeyValuePair,
    Line,
    Name,
    Port,
    Value,
)
from tidegate.contracts.fields import Between, Choice, Flag, Text

CpuUnits = Annotated[
    str, Text('a string of CPU units such as "512"', pattern=r"^[1-9][0-9]{0,5}$", longest=6)
]
MemoryMiB = Annotated[str, Text('a string of MiB such as "1024"', pattern=r"^[1-9][0-9]{0,7}$", longest=8)]
Role = Annotated[
    str,
    Text(
        "the ARN of an IAM role",
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
        longest=2048,
    ),
]
OnOff = Annotated[str, Choice(("ENABLED", "DISABLED"))]


class HostVolume(EcsShape):
    """A folder of the host."""

    source_path: Line | None = None


class DockerVolume(EcsShape):
    """A Docker volume on the host."""

    scope: Annotated[str, Choice(("task", "shared"))] | None = None
    autoprovision: Flag | None = None
    driver: Line | None = None
    driver_opts: dict[Line, Value] | None = None
    labels: dict[Line, Value] | None = None


class EfsAuthorization(EcsShape):
    """How the task authorises itself to EFS."""

    access_point_id: Line | None = None
    iam: OnOff | None = None


class EfsVolume(EcsShape):
    """A file system of Amazon EFS."""

    file_system_id: Line
    root_directory: Line | None = None
    transit_encryption: OnOff | None = None
    transit_encryption_port: Port | None = None
    authorization_config: EfsAuthorization | None = None


class S3FilesVolume(EcsShape):
    """A file system of Amazon S3 Files."""

    file_system_arn: Line
    root_directory: Line | None = None
    transit_encryption_port: Port | None = None
    access_point_arn: Line | None = None


class FsxAuthorization(EcsShape):
    """How the task authorises itself to FSx."""

    credentials_parameter: Line
    domain: Line


class FsxVolume(EcsShape):
    """A file system of Amazon FSx for Windows File Server."""

    file_system_id: Line
    root_directory: Line
    authorization_config: FsxAuthorization


class Volume(EcsShape):
    """A volume that the containers of the task may mount."""

    name: Name
    host: HostVolume | None = None
    docker_volume_configuration: DockerVolume | None = None
    efs_volume_configuration: EfsVolume | None = None
    s3files_volume_configuration: Annotated[
        S3FilesVolume | None, Field(alias="s3filesVolumeConfiguration")
    ] = None
    fsx_windows_file_server_volume_configuration: FsxVolume | None = None
    configured_at_launch: Flag | None = None


class PlacementConstraint(EcsShape):
    """Where the task may run."""

    type: Annotated[str, Choice(("memberOf",))]
    expression: Line | None = None


class Tag(EcsShape):
    """A tag of the task definition."""

    key: Annotated[str, Text("a tag key of 1 to 128 printable characters", longest=128)]
    value: Annotated[str, Text("a tag value of at most 256 printable characters", longest=256, shortest=0)]


class ProxyConfiguration(EcsShape):
    """The proxy container of the task."""

    container_name: Name
    type: Annotated[str, Choice(("APPMESH",))] | None = None
    properties: list[KeyValuePair] | None = None


class InferenceAccelerator(EcsShape):
    """An Elastic Inference accelerator."""

    device_name: Line
    device_type: Line


class EphemeralStorage(EcsShape):
    """Temporary storage of the task on Fargate."""

    size_in_gib: Annotated[int, Between(21, 200), Field(alias="sizeInGiB")]


class RuntimePlatform(EcsShape):
    """Processor and operating system."""

    cpu_architecture: Annotated[str, Choice(("X86_64", "ARM64"))] | None = None
    operating_system_family: (
        Annotated[
            str, Text("LINUX or a WINDOWS_SERVER_… name", pattern=r"^(LINUX|WINDOWS_SERVER_[A-Z0-9_]+)$")
        ]
        | None
    ) = None


class TrustedExecution(EcsShape):
    """How strongly the task is isolated."""

    isolation_mode: Annotated[str, Choice(("SHARED", "ISOLATED_SANDBOX", "CONFIDENTIAL_SANDBOX"))]
    attestation_policy: Line | None = None


class TaskDefinition(EcsShape):
    """What every revision of the service's task definition has in common."""

    refused_fields: ClassVar[dict[str, str]] = {
        "family": "Tidegate sets the family to <service>-<environment>; leave it out",
    }

    container_definitions: Annotated[
        list[ContainerDefinition],
        Field(min_length=1, max_length=10, description="the containers of the task, 1 to 10 of them"),
    ]
    task_role_arn: Role | None = None
    execution_role_arn: Role | None = None
    network_mode: Annotated[str, Choice(("awsvpc", "bridge", "host", "none"))] | None = None
    volumes: list[Volume] | None = None
    placement_constraints: Annotated[list[PlacementConstraint], Field(max_length=10)] | None = None
    requires_compatibilities: (
        list[Annotated[str, Choice(("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"))]] | None
    ) = None
    cpu: CpuUnits | None = None
    memory: MemoryMiB | None = None
    tags: Annotated[list[Tag], Field(max_length=40)] | None = None
    pid_mode: Annotated[str, Choice(("host", "task"))] | None = None
    ipc_mode: Annotated[str, Choice(("host", "task", "none"))] | None = None
    proxy_configuration: ProxyConfiguration | None = None
    inference_accelerators: list[InferenceAccelerator] | None = None
    ephemeral_storage: EphemeralStorage | None = None
    runtime_platform: RuntimePlatform | None = None
    enable_fault_injection: Flag | None = None
    trusted_execution_configuration: TrustedExecution | None = None

    def to_domain(self) -> dict[str, Any]:
        """The template as it was written, without fields that are null."""
        return self.model_dump(by_alias=True, exclude_none=True)
