"""Answer the pause of a blue/green deployment."""

from tidegate.entrypoint import step
from tidegate.steps.continue_deployment import Command, run

handler = step(Command, run)
