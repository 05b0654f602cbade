"""Asks the approvers of an environment."""

from tidegate.entrypoint import step
from tidegate.steps.request_approval import Command, run

handler = step(Command, run)
