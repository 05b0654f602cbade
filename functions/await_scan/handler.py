"""Wait for the scans of a release's images."""

from tidegate.entrypoint import step
from tidegate.steps.await_scan import Command, run

handler = step(Command, run)
