"""Make what a canary needs before its first request: pulse, held scaling, its service, its first tasks."""

from tidegate.entrypoint import step
from tidegate.steps.scale_canary import Command, run

handler = step(Command, run)
