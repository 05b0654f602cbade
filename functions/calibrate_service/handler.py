"""Measures the noise of services that are deployed by canaries."""

from tidegate.entrypoint import step
from tidegate.steps.calibrate_service import Command, run

handler = step(Command, run)
