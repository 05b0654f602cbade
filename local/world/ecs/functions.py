"""Invoke Lambda functions, as ECS does for its lifecycle hooks."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.world.ecs.hooks import Reply

log = logging.getLogger(__name__)


class Functions:
    """Invokes functions through the Lambda API of the endpoint, each in a thread of its own."""

    def __init__(self, port: int) -> None:
        self._endpoint = f"http://127.0.0.1:{port}"

    def invoke(self, region: str, arn: str, event: Mapping[str, Any], reply: Reply) -> None:
        """Invoke a function and hand its answer on; None where it failed or said no object."""
        threading.Thread(target=self._invoke, args=(region, arn, event, reply), daemon=True).start()

    def _invoke(self, region: str, arn: str, event: Mapping[str, Any], reply: Reply) -> None:
        client = boto3.client(
            "lambda",
            endpoint_url=self._endpoint,
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - nobody checks it
        )
        try:
            answer = client.invoke(FunctionName=arn, Payload=json.dumps(event).encode())
            body = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            log.warning("the lifecycle hook %s could not be invoked: %s", arn, error)
            reply(None)
            return
        reply(body if isinstance(body, dict) and "FunctionError" not in answer else None)
