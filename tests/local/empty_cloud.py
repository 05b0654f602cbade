"""An empty local cloud for contract tests: clients, functions from a few lines of code, and patience."""

from __future__ import annotations

import io
import itertools
import json
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
TIME_SCALE = 600

_numbers = itertools.count(1)


def archive(code: str, **more: str) -> bytes:
    """A deployment archive with `handler.py` and other files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in {"handler.py": code, **{f"{name}.py": text for name, text in more.items()}}.items():
            file.writestr(name, text)
    return content.getvalue()


def eventually(ask: Callable[[], Any], within_s: float = 8.0) -> Any:
    """Ask until the answer is true, and return it; the last answer if it never is."""
    end = time.monotonic() + within_s
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


@dataclass
class Answer:
    """The answer to an HTTP request."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class EmptyCloud:
    """A running local cloud, seen from outside."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._role: str | None = None
        self._session = boto3.Session()
        self._clients: dict[Any, Any] = {}

    def client(self, service: str, **config: Any) -> Any:
        """A client that tries everything once; made once, as making one costs more than a call."""
        key = (service, *sorted(config.items()))
        if key not in self._clients:
            self._clients[key] = self._new_client(service, config)
        return self._clients[key]

    def _new_client(self, service: str, config: dict[str, Any]) -> Any:
        return self._session.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def fresh(self, stem: str) -> str:
        """A name that no other test uses."""
        return f"{stem}-{next(_numbers)}"

    def role(self) -> str:
        """A role that anything may assume, and that may do anything."""
        if self._role is None:
            name = self.fresh("role")
            trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            iam = self.client("iam")
            made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
            document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
            iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=document)
            self._role = made["Role"]["Arn"]
        return self._role

    def function(self, code: str, *, name: str | None = None, **settings: Any) -> str:
        """Create a function; its ARN."""
        made = self.client("lambda").create_function(
            **{
                "FunctionName": name or self.fresh("function"),
                "Runtime": "python3.13",
                "Role": self.role(),
                "Handler": "handler.handler",
                "Code": {"ZipFile": archive(code)},
                "Timeout": 5,
                **settings,
            }
        )
        return str(made["FunctionArn"])

    def invoke(self, function: str, event: Any = None, **more: Any) -> Invoked:
        """Invoke a function and read its payload."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event), **more)
        payload = answer["Payload"].read()
        return Invoked(answer, json.loads(payload) if payload else None)

    def queue(self, *, open_to: str | None = None) -> tuple[str, str]:
        """A queue, to which a service may send if named; its URL and ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=self.fresh("queue"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if open_to:
            allowed = {"Effect": "Allow", "Principal": {"Service": open_to}, "Action": "sqs:SendMessage"}
            policy = {"Statement": [{**allowed, "Resource": arn}]}
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        return url, arn

    def messages(self, url: str) -> list[dict[str, Any]]:
        """The messages that are in a queue now."""
        sqs = self.client("sqs")
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return list(found.get("Messages", []))

    def world(self, method: str, path: str, body: Any = None) -> Answer:
        """A request to the world control."""
        return self.http(method, f"/_world{path}", None if body is None else json.dumps(body).encode())

    def http(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Any HTTP request, redirects not followed."""
        request = urllib.request.Request(self.endpoint + path, body, headers or {}, method=method)
        try:
            with self._opener.open(request, timeout=20) as answer:
                return Answer(answer.status, answer.headers.items(), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, list(error.headers.items()), error.read())


@dataclass
class Invoked:
    """The answer to an invocation."""

    answer: dict[str, Any]
    payload: Any

    @property
    def error(self) -> str | None:
        return self.answer.get("FunctionError")
