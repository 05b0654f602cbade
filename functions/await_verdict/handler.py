"""Wait until the pulse has decided about a canary, or its release was told to stop."""

from tidegate.entrypoint import step
from tidegate.steps.await_verdict import Command, run

handler = step(Command, run)
