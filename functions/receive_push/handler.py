"""Takes in pushes to Amazon ECR."""

from tidegate.entrypoint import step
from tidegate.steps.receive_push import Command, run

handler = step(Command, run)
