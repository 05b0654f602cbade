"""Judge the scans of a release's images by the service's scan policy."""

from tidegate.entrypoint import step
from tidegate.steps.check_scan import Command, run

handler = step(Command, run)
