"""Register a service: validate its manifest against the world, adopt what runs, store the revision."""

from tidegate.entrypoint import step
from tidegate.steps.register_service import Command, run

handler = step(Command, run)
