"""See that a canary can begin, and open its record; nothing of the new one is changed in the world yet."""

from tidegate.entrypoint import step
from tidegate.steps.plan_canary import Command, run

handler = step(Command, run)
