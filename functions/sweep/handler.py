"""Finds and mends what no event told of."""

from tidegate.entrypoint import step
from tidegate.steps.sweep import Command, run

handler = step(Command, run)
