"""Sample services for the local cloud: what a team's account would hold before Tidegate comes to it.

Everything here is done through the AWS APIs with boto3, as a team would do it; only the traffic of the
simulated users and the mailbox are set by the world's own controls.
"""

from collections.abc import Callable
from typing import Any

from local.sample.place import Place
from local.sample.service import SampleService

__all__ = ["Place", "SampleService", "seed"]


def seed(
    endpoint: str,
    change: Callable[[dict[str, Any]], None] | None = None,
    requests_per_second: float = 200,
) -> SampleService:
    """Put the service `checkout` into clusters dev, staging and prod, and register it with Tidegate.

    Args:
        endpoint: Base URL of a local cloud in which the stack has been deployed.
        change: Changes the manifest before anything is made of it.
        requests_per_second: What the simulated users ask of production.
    """
    place = Place(endpoint)
    sample = SampleService(place, "checkout", change)
    sample.create()
    sample.register()
    sample.confirm_approvers()
    sample.set_traffic(requests_per_second)
    return sample
