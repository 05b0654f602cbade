"""Run a one-off task from the new task definition: a migration, or an integration check."""

from tidegate.entrypoint import step
from tidegate.steps.run_task import Command, run

handler = step(Command, run)
