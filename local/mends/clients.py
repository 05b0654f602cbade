"""Mend: the boto3 clients with which state machines call services.

moto makes a new client for every task, from the default session, which is slow and not safe in threads, and
points it at `localhost`, which may be another machine's IPv6 address. It also turns off the validation of
parameters, so that a missing one reaches a backend as nothing.
"""

from __future__ import annotations

import threading
import uuid
from functools import lru_cache

from botocore.config import Config

from local import callers, settings
from local.mends.language import ASL, SERVICE, STATE
from local.mends.patching import Foreign, Mends
from local.mends.service_models import SESSION

MENDS = Mends()

_lock = threading.Lock()


def client(service: str, region: str | None = None) -> Foreign:
    """A shared client of one service of this local cloud."""
    with _lock:
        return _client(service, region or settings.current().region, settings.current().endpoint)


@lru_cache(maxsize=256)
def _client(service: str, region: str, endpoint: str) -> Foreign:
    made = SESSION.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local cloud checks no credentials
        config=Config(
            retries={"max_attempts": 0, "total_max_attempts": 1},
            max_pool_connections=64,
            connect_timeout=10,
            read_timeout=930,
        ),
    )
    made.meta.events.register("after-call", _with_request_id)
    callers.tell_caller(made)
    return made


def _with_request_id(parsed: Foreign, **_: Foreign) -> None:
    """moto gives some of its errors no request id, which the causes of failed tasks name."""
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", str(uuid.uuid4()))


def client_for_task(region: str, service: str, state_credentials: Foreign = None) -> Foreign:
    """moto makes a client for every single task, and nobody learns which machine calls."""
    callers.act_as_machine_of(getattr(state_credentials, "role_arn", None))
    return client(service, region)


for _module in (
    f"{ASL}.utils.boto_client",
    f"{STATE}.exec.state_task.lambda_eval_utils",
    f"{SERVICE}.state_task_service_aws_sdk",
    f"{SERVICE}.state_task_service_dynamodb",
    f"{SERVICE}.state_task_service_ecs",
    f"{SERVICE}.state_task_service_events",
    f"{SERVICE}.state_task_service_sfn",
    f"{SERVICE}.state_task_service_sns",
    f"{SERVICE}.state_task_service_sqs",
):
    MENDS.replaces(f"{_module}:boto_client_for", "1f44dc2ac8aa")(client_for_task)
