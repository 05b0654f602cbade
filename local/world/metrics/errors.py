"""The errors of the CloudWatch API."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class CloudWatchError(ServiceException):
    """An error of the CloudWatch API, by its documented name."""
