"""Wait until a one-off task has stopped."""

from tidegate.entrypoint import step
from tidegate.steps.await_task import Command, run

handler = step(Command, run)
