"""Do what was decided about a canary: give it the next share of traffic, or say where the machine goes."""

from tidegate.entrypoint import step
from tidegate.steps.shift_traffic import Command, run

handler = step(Command, run)
