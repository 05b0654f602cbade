"""Run the smoke and integration checks of an environment: one try of each HTTP check, and name the task checks."""

from tidegate.entrypoint import step
from tidegate.steps.run_checks import Command, run

handler = step(Command, run)
