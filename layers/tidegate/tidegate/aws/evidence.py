"""Large documents, in the evidence bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_call
from tidegate.domain.plain import to_plain
from tidegate.ports import Evidence


class S3Evidence(Evidence):
    """The bucket encrypts by default and keeps versions, so a document that is put twice is there twice."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def put(self, key: str, document: Mapping[str, Any]) -> str:
        aws_call(
            self._clients.home("s3").put_object,
            Bucket=self._bucket,
            Key=key,
            Body=json.dumps(to_plain(document), indent=2, sort_keys=True).encode(),
            ContentType="application/json",
        )
        return f"s3://{self._bucket}/{key}"
