"""Run the test checks against green, before the switch."""

from tidegate.entrypoint import step
from tidegate.steps.run_test_checks import Command, run

handler = step(Command, run)
