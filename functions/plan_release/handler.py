"""Plan a release: which digests go through which environments, and whether they may."""

from tidegate.entrypoint import step
from tidegate.steps.plan_release import Command, run

handler = step(Command, run)
