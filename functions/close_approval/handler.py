"""Reads what was decided about an approval."""

from tidegate.entrypoint import step
from tidegate.steps.close_approval import Command, run

handler = step(Command, run)
