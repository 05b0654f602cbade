"""Verify that the listener rules have the weights of the step; from then on its traffic is judged."""

from tidegate.entrypoint import step
from tidegate.steps.verify_traffic import Command, run

handler = step(Command, run)
