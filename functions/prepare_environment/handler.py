"""Make an environment ready for a release, under its lock."""

from tidegate.entrypoint import step
from tidegate.steps.prepare_environment import Command, run

handler = step(Command, run)
