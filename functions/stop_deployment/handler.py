"""Tell ECS to take a deployment back."""

from tidegate.entrypoint import step
from tidegate.steps.stop_deployment import Command, run

handler = step(Command, run)
