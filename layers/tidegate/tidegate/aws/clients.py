"""The clients of AWS: made when they are first used, one for each service and region."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.config import Config

from tidegate.domain.service import Target
from tidegate.errors import Terminal

CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)
"""Short and few: a step that is still throttled after three attempts is tried again by its state machine.

https://docs.aws.amazon.com/boto3/latest/guide/retries.html
"""


class Clients:
    """Makes botocore clients and keeps them.

    botocore alone is used: boto3 adds nothing but its resources, and the import of those costs a cold start.
    """

    def __init__(self, home: Target) -> None:
        self._home = home
        self._session = botocore.session.get_session()
        self._made: dict[tuple[str, str], Any] = {}

    def home(self, service: str) -> Any:
        """A client in Tidegate's own account and region."""
        return self._client(service, self._home.region)

    def at(self, service: str, target: Target) -> Any:
        """A client in the account and region of a workload.

        Raises:
            Terminal: the account is not Tidegate's own.
        """
        if target.account != self._home.account:
            raise Terminal(
                f"Tidegate works in its own account {self._home.account} for now; account {target.account} "
                f"was asked for in region {target.region}, to be reached by the role {target.role}."
            )
        return self._client(service, target.region)

    def _client(self, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self._made:
            self._made[key] = self._session.create_client(service, region_name=region, config=CONFIG)
        return self._made[key]
