"""Wait until a deployment of ECS has come to something."""

from tidegate.entrypoint import step
from tidegate.steps.await_deployment import Command, run

handler = step(Command, run)
