"""Gives who may call it a link to the status pages, good for one exchange."""

from tidegate.entrypoint import step
from tidegate.steps.open_session import Command, run

handler = step(Command, run)
