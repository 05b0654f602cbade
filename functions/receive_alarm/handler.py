"""Rolls back what an alarm accuses during its watch period."""

from tidegate.entrypoint import step
from tidegate.steps.receive_alarm import Command, run

handler = step(Command, run)
