"""Wakes who waits for an image scan."""

from tidegate.entrypoint import step
from tidegate.steps.receive_scan import Command, run

handler = step(Command, run)
