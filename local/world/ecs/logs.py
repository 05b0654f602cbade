"""What containers write to CloudWatch Logs through the awslogs driver."""

from __future__ import annotations

import contextlib

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.logs.models import logs_backends

from local.world.ecs.task_model import Container, Task
from local.world.world import World

Place = tuple[str, str]

TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/app/server.py", line 12, in <module>',
    "    main()",
    '  File "/app/server.py", line 8, in main',
    '    database = os.environ["DATABASE_URL"]',
    "KeyError: 'DATABASE_URL'",
)


class ContainerLogs:
    """Writes a line when a container starts and some when it exits.

    The stream is named ``prefix-name/container-name/ecs-task-id``.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def problem(self, place: Place, container: Container) -> str | None:
        """Why a container cannot start for want of its log group, None where it can.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
        """
        options = _awslogs(container)
        group = options.get("awslogs-group")
        if not group or options.get("awslogs-create-group") == "true":
            return None
        if group in logs_backends[place[0]][options.get("awslogs-region") or place[1]].groups:
            return None
        return (
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 "
            "times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log "
            "group does not exist."
        )

    def first_words(self, place: Place, task: Task, container: Container) -> None:
        """The line that a container writes when it starts."""
        self.write(place, task, container, [f"INFO starting {container.name} from {container.image}"])

    def last_words(self, place: Place, task: Task, container: Container, code: int) -> None:
        """The lines that a container writes before it exits by itself."""
        lines = list(TRACEBACK) if code else [f"INFO {container.name} finished"]
        self.write(place, task, container, lines)

    def write(self, place: Place, task: Task, container: Container, lines: list[str]) -> None:
        """Write lines, if the container definition says where to."""
        options = _awslogs(container)
        group = options.get("awslogs-group")
        if not group:
            return
        account, region = place
        backend = logs_backends[account][options.get("awslogs-region") or region]
        stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{container.name}/{task.id}"
        if group not in backend.groups and options.get("awslogs-create-group") == "true":
            backend.create_log_group(group, {})
        if group not in backend.groups:
            return
        with contextlib.suppress(ServiceException, JsonRESTError):
            if container.log_stream is None:
                backend.create_log_stream(group, stream)
        container.log_stream = stream
        now = int(self._world.now() * 1000)
        entries = [{"timestamp": now, "message": line} for line in lines]
        backend.put_log_events(group, stream, entries)


def _awslogs(container: Container) -> dict[str, str]:
    configuration = container.definition.get("logConfiguration") or {}
    return dict(configuration.get("options") or {}) if configuration.get("logDriver") == "awslogs" else {}
