"""Cleans up after a root execution that failed, timed out or was aborted."""

from tidegate.entrypoint import step
from tidegate.steps.receive_failed_execution import Command, run

handler = step(Command, run)
