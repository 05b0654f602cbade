"""Give the lock of a service in an environment back and call the next in line."""

from tidegate.entrypoint import step
from tidegate.steps.release_lock import Command, run

handler = step(Command, run)
