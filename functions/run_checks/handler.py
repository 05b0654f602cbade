"""Run the checks of an environment: one try of each HTTP check; the task checks are only named."""

from tidegate.entrypoint import step
from tidegate.steps.run_checks import Command, run

handler = step(Command, run)
