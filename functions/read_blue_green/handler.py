"""Read how a blue/green deployment stands."""

from tidegate.entrypoint import step
from tidegate.steps.read_blue_green import Command, run

handler = step(Command, run)
