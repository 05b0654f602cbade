"""Plan a rollback: what to get away from, what to come back to, and who has to be stopped first."""

from tidegate.entrypoint import step
from tidegate.steps.plan_rollback import Command, run

handler = step(Command, run)
