"""Take a canary back, whatever ended it, and say what it came to."""

from tidegate.entrypoint import step
from tidegate.steps.withdraw_canary import Command, run

handler = step(Command, run)
