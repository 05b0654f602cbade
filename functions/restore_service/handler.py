"""Bring a service one step nearer to its last known good release, and say how far it is."""

from tidegate.entrypoint import step
from tidegate.steps.restore_service import Command, run

handler = step(Command, run)
