"""Put what people decided about an inconclusive canary into its record, for machine and pulse to follow."""

from tidegate.entrypoint import step
from tidegate.steps.follow_answer import Command, run

handler = step(Command, run)
