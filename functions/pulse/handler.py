"""Looks after a canary once a minute."""

from tidegate.entrypoint import step
from tidegate.steps.pulse import Command, run

handler = step(Command, run)
