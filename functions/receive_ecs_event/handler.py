"""Wakes who waits for a deployment or a task of Amazon ECS."""

from tidegate.entrypoint import step
from tidegate.steps.receive_ecs_event import Command, run

handler = step(Command, run)
