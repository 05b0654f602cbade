"""Read how a one-off task ended and judge it by its exit code."""

from tidegate.entrypoint import step
from tidegate.steps.read_task import Command, run

handler = step(Command, run)
