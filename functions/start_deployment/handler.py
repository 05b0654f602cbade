"""Start the native rolling deployment of a task definition."""

from tidegate.entrypoint import step
from tidegate.steps.start_deployment import Command, run

handler = step(Command, run)
