"""A container definition as RegisterTaskDefinition takes it, camelCase and all.

Fields and bounds are those of
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html; a test compares the
names with the SDK's service model.
"""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from tidegate.contracts.fields import ANY_TEXT, Between, Choice, Contract, Flag, Text

LARGEST = 2**31 - 1
Name = Annotated[
    str, Text("1 to 255 letters, digits, hyphens and underscores", pattern=r"^[A-Za-z0-9_-]+$", longest=255)
]
Line = Annotated[str, Text("one line of 1 to 4096 printable characters", longest=4096)]
Value = Annotated[str, Text("text of at most 32768 characters", pattern=ANY_TEXT, longest=32_768, shortest=0)]
Number = Annotated[int, Between(0, LARGEST)]
Port = Annotated[int, Between(0, 65_535)]


class EcsShape(Contract):
    """A structure of the Amazon ECS API: its fields are written in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class KeyValuePair(EcsShape):
    """An environment variable."""

    name: Line
    value: Value


class Secret(EcsShape):
    """An environment variable whose value ECS reads from Secrets Manager or Parameter Store."""

    name: Line
    value_from: Line


class PortMapping(EcsShape):
    """A port that the container listens on."""

    container_port: Port | None = None
    host_port: Port | None = None
    protocol: Annotated[str, Choice(("tcp", "udp"))] | None = None
    name: Line | None = None
    app_protocol: Annotated[str, Choice(("http", "http2", "grpc"))] | None = None
    container_port_range: Line | None = None


class RestartPolicy(EcsShape):
    """Whether ECS restarts the container within its task."""

    enabled: Flag
    ignored_exit_codes: list[Annotated[int, Between(0, 255)]] | None = None
    restart_attempt_period: Annotated[int, Between(60, 1800)] | None = None


class EnvironmentFile(EcsShape):
    """A file of environment variables in S3."""

    value: Line
    type: Annotated[str, Choice(("s3",))]


class MountPoint(EcsShape):
    """A volume of the task, mounted in the container."""

    source_volume: Name
    container_path: Line
    read_only: Flag | None = None


class VolumeFrom(EcsShape):
    """All volumes of another container."""

    source_container: Name
    read_only: Flag | None = None


class ContainerDependency(EcsShape):
    """What another container must have reached before this one starts."""

    container_name: Name
    condition: Annotated[str, Choice(("START", "COMPLETE", "SUCCESS", "HEALTHY"))]


class HealthCheck(EcsShape):
    """The container's own health check; bounds and defaults are those of ECS."""

    command: list[Value]
    interval: Annotated[int, Between(5, 300)] | None = None
    timeout: Annotated[int, Between(2, 60)] | None = None
    retries: Annotated[int, Between(1, 10)] | None = None
    start_period: Annotated[int, Between(0, 300)] | None = None


class KernelCapabilities(EcsShape):
    """Linux capabilities given to or taken from the container."""

    add: list[Line] | None = None
    drop: list[Line] | None = None


class Device(EcsShape):
    """A device of the host."""

    host_path: Line
    container_path: Line | None = None
    permissions: list[Annotated[str, Choice(("read", "write", "mknod"))]] | None = None


class Tmpfs(EcsShape):
    """A file system in memory."""

    container_path: Line
    size: Number
    mount_options: list[Line] | None = None


class LinuxParameters(EcsShape):
    """Linux-specific options."""

    capabilities: KernelCapabilities | None = None
    devices: list[Device] | None = None
    init_process_enabled: Flag | None = None
    shared_memory_size: Number | None = None
    tmpfs: list[Tmpfs] | None = None
    max_swap: Number | None = None
    swappiness: Annotated[int, Between(0, 100)] | None = None


class LogConfiguration(EcsShape):
    """Where the container's log goes."""

    log_driver: Annotated[
        str,
        Choice(
            ("json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "awsfirelens"),
        ),
    ]
    options: dict[Line, Value] | None = None
    secret_options: list[Secret] | None = None


class HostEntry(EcsShape):
    """A line of the container's /etc/hosts."""

    hostname: Line
    ip_address: Line


class Ulimit(EcsShape):
    """A resource limit."""

    name: Annotated[
        str,
        Choice(
            (
                *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice"),
                *("nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"),
            )
        ),
    ]
    soft_limit: Annotated[int, Between(-1, LARGEST)]
    hard_limit: Annotated[int, Between(-1, LARGEST)]


class SystemControl(EcsShape):
    """A kernel parameter."""

    namespace: Line
    value: Line


class NvidiaMps(EcsShape):
    """A share of a GPU."""

    memory: Number
    max_compute_percent: Annotated[int, Between(1, 100)] | None = None


class SharingStrategy(EcsShape):
    """How a GPU is shared."""

    nvidia_mps: NvidiaMps | None = None


class ResourceRequirement(EcsShape):
    """A GPU or another accelerator."""

    type: Annotated[str, Choice(("GPU", "InferenceAccelerator", "NeuronDevice"))]
    value: Line | None = None
    sharing_strategy: SharingStrategy | None = None


class FirelensConfiguration(EcsShape):
    """Makes the container the log router of its task."""

    type: Annotated[str, Choice(("fluentd", "fluentbit"))]
    options: dict[Line, Value] | None = None


class RepositoryCredentials(EcsShape):
    """The secret for a private registry that is not ECR."""

    credentials_parameter: Line


class ContainerDefinition(EcsShape):
    """One container of the task."""

    name: Annotated[Name, Field(description="the name of the container")]
    image: Line | None = None
    repository_credentials: RepositoryCredentials | None = None
    cpu: Number | None = None
    memory: Annotated[int, Between(6, LARGEST)] | None = None
    memory_reservation: Annotated[int, Between(6, LARGEST)] | None = None
    links: list[Line] | None = None
    port_mappings: list[PortMapping] | None = None
    essential: Flag | None = None
    restart_policy: RestartPolicy | None = None
    entry_point: list[Value] | None = None
    command: list[Value] | None = None
    environment: list[KeyValuePair] | None = None
    environment_files: list[EnvironmentFile] | None = None
    mount_points: list[MountPoint] | None = None
    volumes_from: list[VolumeFrom] | None = None
    linux_parameters: LinuxParameters | None = None
    secrets: list[Secret] | None = None
    depends_on: list[ContainerDependency] | None = None
    start_timeout: Annotated[int, Between(2, 120)] | None = None
    stop_timeout: Annotated[int, Between(0, 120)] | None = None
    version_consistency: Annotated[str, Choice(("enabled", "disabled"))] | None = None
    hostname: Line | None = None
    user: Line | None = None
    working_directory: Line | None = None
    disable_networking: Flag | None = None
    privileged: Flag | None = None
    readonly_root_filesystem: Flag | None = None
    dns_servers: list[Line] | None = None
    dns_search_domains: list[Line] | None = None
    extra_hosts: list[HostEntry] | None = None
    docker_security_options: list[Line] | None = None
    interactive: Flag | None = None
    pseudo_terminal: Flag | None = None
    docker_labels: dict[Line, Value] | None = None
    ulimits: list[Ulimit] | None = None
    log_configuration: LogConfiguration | None = None
    health_check: HealthCheck | None = None
    system_controls: list[SystemControl] | None = None
    resource_requirements: list[ResourceRequirement] | None = None
    firelens_configuration: FirelensConfiguration | None = None
    credential_specs: list[Line] | None = None
