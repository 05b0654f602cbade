"""Make an environment ready for a release, under its lock: what runs now, the task definition, the touch."""

from tidegate.entrypoint import step
from tidegate.steps.prepare_environment import Command, run

handler = step(Command, run)
