"""Answers of AWS that no simulation gives: errors, fields that are new, a second page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.validate import ParamValidator


@dataclass(frozen=True)
class _Http:
    """What botocore looks at in an HTTP response."""

    status_code: int


class Scripted:
    """Answers chosen operations of one client itself; what it answers must fit the service model."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._answers: dict[str, list[tuple[_Http, dict[str, Any]] | Exception]] = {}
        self.requests: dict[str, list[dict[str, Any]]] = {}

    def answer(self, operation: str, *answers: dict[str, Any]) -> Scripted:
        """Let an operation give these answers one after the other; the last one stays."""
        shape = self._client.meta.service_model.operation_model(operation).output_shape
        for each in answers:
            if shape is not None:
                report = ParamValidator().validate(each, shape)
                assert not report.has_errors(), report.generate_report()
            self._add(operation, (_Http(200), {**each, "ResponseMetadata": {"HTTPStatusCode": 200}}))
        return self

    def refuse(self, operation: str, code: str, message: str = "refused", status: int = 400) -> Scripted:
        """Let an operation fail."""
        error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        self._add(operation, (_Http(status), error))
        return self

    def broken(self, operation: str, error: Exception) -> Scripted:
        """Let an operation fail on its way."""
        self._add(operation, error)
        return self

    def _add(self, operation: str, answer: tuple[_Http, dict[str, Any]] | Exception) -> None:
        if operation not in self._answers:
            self._answers[operation] = []
            self._listen("provide-client-params", operation, self._note(operation))
            self._listen("before-call", operation, self._give(operation))
        self._answers[operation].append(answer)

    def _listen(self, event: str, operation: str, handler: Callable[..., Any]) -> None:
        name = self._client.meta.service_model.service_id.hyphenize()
        self._client.meta.events.register_first(f"{event}.{name}.{operation}", handler)

    def _note(self, operation: str) -> Callable[..., None]:
        def note(params: dict[str, Any], **_: Any) -> None:
            self.requests.setdefault(operation, []).append(dict(params))

        return note

    def _give(self, operation: str) -> Callable[..., Any]:
        def give(**_: Any) -> tuple[_Http, dict[str, Any]]:
            waiting = self._answers[operation]
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return give
