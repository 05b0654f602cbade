"""Shows operators what waits, what runs where and what happened; changes nothing of it."""

from tidegate.entrypoint import step
from tidegate.steps.status_page import Command, run

handler = step(Command, run)
