"""The world control: what somebody may ask of the local cloud itself, under /_world/."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from local import authorizations, calls, faults


@dataclass
class Health:
    """How far the start of the local cloud has come."""

    status: str = "starting"
    doing: str = ""
    started_at: float = field(default_factory=time.time)


class BadRequestError(ValueError):
    """What was asked for makes no sense; the message says why."""


def make_app(health: Health, extensions: list[Callable[[Flask], None]]) -> Flask:
    """The control application.

    Args:
        health: Shown under /_world/health.
        extensions: Each adds routes of its own.
    """
    app = Flask("world")
    app.json.sort_keys = False  # type: ignore[attr-defined]

    @app.errorhandler(ValueError)
    def _refuse(error: ValueError) -> tuple[Response, int]:
        return jsonify(message=str(error)), 400

    @app.errorhandler(HTTPException)
    def _explain(error: HTTPException) -> tuple[Response, int]:
        return jsonify(message=error.description), error.code or 500

    @app.get("/_world/health")
    def _health() -> Response:
        seconds = round(time.time() - health.started_at, 1)
        return jsonify(status=health.status, doing=health.doing, seconds=seconds, pid=os.getpid())

    _add_calls(app)
    _add_faults(app)
    for extend in extensions:
        extend(app)
    return app


def _add_calls(app: Flask) -> None:
    @app.get("/_world/calls")
    def _calls() -> Response:
        found = calls.since(number_from("since", 0.0), int(number_from("after", 0)))
        for name in ("caller", "service", "action"):
            if wanted := request.args.get(name):
                found = [call for call in found if getattr(call, name) == wanted]
        if about := request.args.get("about"):
            found = [call for call in found if about in call.origin.text]
        return jsonify([call.public() for call in found])

    @app.get("/_world/authorizations")
    def _authorizations() -> Response:
        return jsonify(authorizations.listed())

    @app.delete("/_world/calls")
    @app.delete("/_world/counts")
    def _forget_calls() -> tuple[str, int]:
        calls.reset()
        return "", 204


def _add_faults(app: Flask) -> None:
    @app.get("/_world/faults")
    def _faults() -> Response:
        return jsonify(faults.listed())

    @app.post("/_world/faults")
    def _add_fault() -> tuple[Response, int]:
        return jsonify(faults.add(body_of_request()).public()), 201

    @app.get("/_world/faults/<int:number>")
    def _fault(number: int) -> Response:
        return jsonify(_known(faults.get(number), number).public())

    @app.delete("/_world/faults/<int:number>")
    def _remove_fault(number: int) -> Response:
        return jsonify(_known(faults.remove(number), number).public())

    @app.delete("/_world/faults")
    def _clear_faults() -> tuple[str, int]:
        faults.clear()
        return "", 204


def _known(fault: faults.Fault | None, number: int) -> faults.Fault:
    if fault is None:
        raise BadRequestError(f"there never was a fault {number}, or all have been forgotten")
    return fault


def body_of_request() -> dict[str, Any]:
    """The JSON object that was sent.

    Raises:
        BadRequestError: It is none.
    """
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadRequestError("the body must be a JSON object")
    return body


def number_from(name: str, default: float) -> float:
    """A number of the query string.

    Raises:
        BadRequestError: It is none.
    """
    text = request.args.get(name)
    try:
        return float(text) if text else default
    except ValueError as error:
        raise BadRequestError(f"{name} must be a number, not {text!r}") from error
