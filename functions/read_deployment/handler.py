"""Read how a deployment stands: the service deployment and the service, never the event."""

from tidegate.entrypoint import step
from tidegate.steps.read_deployment import Command, run

handler = step(Command, run)
