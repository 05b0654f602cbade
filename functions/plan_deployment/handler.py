"""Plan a deployment of one environment by hand: any release of the ledger, or any image."""

from tidegate.entrypoint import step
from tidegate.steps.plan_deployment import Command, run

handler = step(Command, run)
