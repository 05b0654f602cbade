"""Notes who pushed an image, when CloudTrail tells."""

from tidegate.entrypoint import step
from tidegate.steps.receive_put_image import Command, run

handler = step(Command, run)
