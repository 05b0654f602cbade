"""Verify that what was deployed is what runs, and that it is healthy."""

from tidegate.entrypoint import step
from tidegate.steps.verify_deployment import Command, run

handler = step(Command, run)
