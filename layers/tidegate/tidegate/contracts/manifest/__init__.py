"""The service manifest: what a team writes once to describe a service.

`parse` turns it into a `Manifest`, or raises `InvalidInput` with one sentence for each mistake.
"""

from tidegate.contracts.manifest.model import Manifest
from tidegate.contracts.validation import InvalidInput, validate

__all__ = ["InvalidInput", "Manifest", "parse"]


def parse(manifest: object) -> Manifest:
    """Validate a manifest given as JSON values.

    Raises:
        InvalidInput: it has mistakes; all of them are in the exception, in the order of the manifest.
    """
    return validate(Manifest, manifest, root="manifest")
