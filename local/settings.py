"""What the local cloud was started with: one frozen value, read wherever it is needed."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where the local cloud listens and which account and region it plays.

    Attributes:
        port: TCP port on 127.0.0.1 that serves every AWS API.
        account: Twelve-digit account id of all resources.
        region: Region of all resources.
        time_scale: What AWS imposes and no plan can shorten (a Scheduler minute, a hook timeout in minutes)
            is divided by this; 1 is real time. State machines are never scaled.
    """

    port: int = 4566
    account: str = "123456789012"
    region: str = "us-east-1"
    time_scale: float = 1.0

    @property
    def endpoint(self) -> str:
        """Base URL of the local cloud, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def http_api_endpoint(self, api_id: str) -> str:
        """Base URL under which an API Gateway HTTP API is served, without a trailing slash."""
        return f"{self.endpoint}/_aws/execute-api/{api_id}"


_current = Settings()


def current() -> Settings:
    """The settings of the local cloud running in this process."""
    return _current


def use(settings: Settings) -> Settings:
    """Make `settings` the current ones, also for moto, which reads its port and account from the environment.

    Returns:
        The same settings, so that a start can write `settings = use(Settings(port=4610))`.
    """
    global _current  # noqa: PLW0603 - one process serves one local cloud
    _current = settings
    os.environ["MOTO_PORT"] = str(settings.port)
    os.environ["MOTO_ACCOUNT_ID"] = settings.account
    return settings
