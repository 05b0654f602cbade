"""Record how a release ended in an environment; on harm, say what is no longer good."""

from tidegate.entrypoint import step
from tidegate.steps.record_deployment import Command, run

handler = step(Command, run)
