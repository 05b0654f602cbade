"""Fakes of machines, people, HTTP and the evidence bucket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tests.support.fakes.fake import Fake
from tidegate.domain.plain import to_plain
from tidegate.ports import Execution, HttpAnswer

_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_STATES = "arn:aws:states:us-east-1:123456789012"


class FakeMachines(Fake):
    """Every token can be answered once, except those in `gone`."""

    def __init__(self, stack: str = "tidegate") -> None:
        super().__init__()
        self.stack = stack
        self.executions: dict[str, Execution] = {}
        self.payloads: dict[str, Any] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.stops: dict[str, tuple[str, str]] = {}
        self.gone: set[str] = set()

    def add(self, arn: str, status: str = "RUNNING") -> Execution:
        """Let an execution exist."""
        self.executions[arn] = Execution(arn, status, _AT)
        return self.executions[arn]

    def finish(self, arn: str, status: str, at: datetime | None = None) -> None:
        """Let an execution end."""
        self.executions[arn] = replace(self.executions[arn], status=status, stopped_at=at or _AT)

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> str:
        arn = f"{_STATES}:execution:{self.stack}-{machine}:{name}"
        if arn not in self.executions:
            self.add(arn)
            self.payloads[arn] = to_plain(payload)
        return arn

    def describe(self, execution: str) -> Execution | None:
        return self.executions.get(execution)

    def stop(self, execution: str, *, error: str, cause: str) -> None:
        known = self.executions.get(execution)
        if known is not None and known.running:
            self.stops[execution] = (error, cause)
            self.finish(execution, "ABORTED")

    def resume(self, token: str, output: Mapping[str, Any]) -> bool:
        if token in self.answers or token in self.gone:
            return False
        self.answers[token] = to_plain(output)
        return True


@dataclass(frozen=True)
class Message:
    """A message that was published; `topic` is None for the topic of the stack."""

    topic: str | None
    subject: str
    body: str
    attributes: dict[str, str]


class FakeNotifier(Fake):
    """`messages` went to topics, `asked` to single approvers; `approvers` maps addresses to "confirmed"."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self.asked: list[tuple[str, str, str]] = []
        self.approvers: dict[str, bool] = {}

    def confirm(self, address: str) -> None:
        """Let an approver follow the link in the mail of SNS."""
        self.approvers[address] = True

    def publish(self, topic: str | None, subject: str, body: str, attributes: Mapping[str, str]) -> None:
        self.messages.append(Message(topic, subject, body, dict(attributes)))

    def subscribe_approver(self, address: str) -> None:
        self.approvers.setdefault(address, False)

    def confirmed_approvers(self) -> frozenset[str]:
        return frozenset(address for address, confirmed in self.approvers.items() if confirmed)

    def ask_approver(self, address: str, subject: str, body: str) -> None:
        self.asked.append((address, subject, body))


class FakeHttp(Fake):
    """`answers` maps URLs to answers that come one after the other; the last one stays."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[HttpAnswer]] = {}

    def answer(self, url: str, status: int = 200, body: str = "", elapsed_ms: int = 5) -> None:
        """Add an answer of a URL."""
        self.answers.setdefault(url, []).append(HttpAnswer(status, body, elapsed_ms))

    def request(self, method: str, url: str, headers: Mapping[str, str], timeout_s: float) -> HttpAnswer:
        answers = self.answers.get(url, [])
        if not answers:
            return HttpAnswer(None, "", 0, "The connection was refused.")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class FakeEvidence(Fake):
    """`documents` maps addresses to documents, `contents` maps keys to what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, Any] = {}
        self.contents: dict[str, bytes] = {}

    def put(self, key: str, document: Mapping[str, Any]) -> str:
        address = f"s3://evidence/{key}"
        self.documents[address] = to_plain(document)
        self.contents[key] = json.dumps(to_plain(document), indent=2, sort_keys=True).encode()
        return address

    def put_text(self, key: str, text: str, content_type: str) -> str:
        self.contents[key] = text.encode()
        return f"s3://evidence/{key}"

    def get(self, key: str) -> bytes | None:
        return self.contents.get(key)
