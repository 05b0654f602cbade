"""Write the terminal record of an execution, leave nothing behind, and tell people how it ended."""

from tidegate.entrypoint import step
from tidegate.steps.conclude import Command, run

handler = step(Command, run)
