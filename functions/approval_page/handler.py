"""Shows an approver what a release would change, and takes in the decision."""

from tidegate.entrypoint import step
from tidegate.steps.approval_page import Command, run

handler = step(Command, run)
