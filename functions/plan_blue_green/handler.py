"""See that a blue/green deployment can begin."""

from tidegate.entrypoint import step
from tidegate.steps.plan_blue_green import Command, run

handler = step(Command, run)
