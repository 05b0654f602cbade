"""Wait until a release has run for its soak time, or is told to stop."""

from tidegate.entrypoint import step
from tidegate.steps.await_soak import Command, run

handler = step(Command, run)
