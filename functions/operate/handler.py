"""Do one thing that an operator asks for: cancel, retry, promote, lift a quarantine, freeze, thaw."""

from tidegate.entrypoint import step
from tidegate.steps.operate import Command, run

handler = step(Command, run)
