"""Amazon Resource Names, as far as they say where something is."""

from dataclasses import dataclass

from tidegate.domain.service import Target


@dataclass(frozen=True, slots=True)
class EcsName:
    """The place of an ECS service or task: ``name`` is the service's name or the task's id."""

    target: Target
    cluster: str
    name: str


def ecs_name(arn: str) -> EcsName | None:
    """Where a service or a task is; None for other ARNs and for the old ones, which name no cluster.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
    """
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "ecs":
        return None
    names = parts[5].split("/")
    if len(names) != 3:
        return None
    return EcsName(Target(account=parts[4], region=parts[3]), names[1], names[2])


def machine_of(execution: str) -> str | None:
    """The name of the state machine of an execution; None when it is no execution's ARN."""
    parts = execution.split(":")
    return parts[6] if len(parts) == 8 and parts[2] == "states" else None
