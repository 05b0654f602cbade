"""Take the lock of a service in an environment, or wait for it."""

from tidegate.entrypoint import step
from tidegate.steps.acquire_lock import Command, run

handler = step(Command, run)
