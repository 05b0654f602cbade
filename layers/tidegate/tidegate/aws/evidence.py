"""Large documents, in the evidence bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_call, aws_call_unless
from tidegate.domain.plain import to_plain
from tidegate.ports import Evidence


class S3Evidence(Evidence):
    """The bucket encrypts by default and keeps versions, so a document that is put twice is there twice."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def put(self, key: str, document: Mapping[str, Any]) -> str:
        text = json.dumps(to_plain(document), indent=2, sort_keys=True)
        return self.put_text(key, text, "application/json")

    def put_text(self, key: str, text: str, content_type: str) -> str:
        put = self._clients.home("s3").put_object
        aws_call(put, Bucket=self._bucket, Key=key, Body=text.encode(), ContentType=content_type)
        return f"s3://{self._bucket}/{key}"

    def get(self, key: str) -> bytes | None:
        get = self._clients.home("s3").get_object
        answer = aws_call_unless(("NoSuchKey",), get, Bucket=self._bucket, Key=key)
        return None if answer is None else bytes(answer["Body"].read())
