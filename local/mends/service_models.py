"""botocore's models of the services, each read once: a session of its own would read them again."""

from __future__ import annotations

import threading
from functools import lru_cache

import boto3
import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel

_CORE = botocore.session.get_session()
SESSION = boto3.Session(botocore_session=_CORE)
"""The session of all clients of the local cloud; making a client with it is not safe in threads by itself."""

_lock = threading.Lock()


@lru_cache(maxsize=64)
def service_model(service: str) -> ServiceModel:
    """The model of a service, by boto3's name for it."""
    with _lock:
        return _CORE.get_service_model(service)


@lru_cache(maxsize=1024)
def operation(service: str, method: str) -> OperationModel | None:
    """The model of an operation, by the name of its client method: `put_metric_alarm`."""
    model = service_model(service)
    name = next((name for name in model.operation_names if xform_name(name) == method), None)
    return model.operation_model(name) if name else None
