"""World control of what is under way: mails, events, delivery habits, schedules, counts."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, request

from local import calls, notifications, settings, transitions
from local.control import BadRequestError, body_of_request, number_from
from local.events import habits, publish
from local.events.schedules import Scheduler
from local.mailbox import mailbox


def routes(app: Flask, scheduler: Scheduler) -> None:
    """Add the routes under /_world/ for mailbox, events, habits, schedules and counts."""
    _add_mailbox(app)
    _add_events(app)
    _add_schedules(app, scheduler)

    @app.get("/_world/counts")
    def _counts() -> Response:
        place = settings.current()
        return jsonify(
            {**calls.counts(), "executions": transitions.of_all_executions(place.account, place.region)}
        )


def _add_mailbox(app: Flask) -> None:
    @app.get("/_world/mailbox")
    def _mails() -> Response:
        wants_all = request.args.get("confirmations") == "true"
        found = mailbox.mails(request.args.get("address"), confirmations=wants_all)
        since, about = number_from("since", 0.0), request.args.get("about", "")
        return jsonify(
            [
                mail.public()
                for mail in found
                if mail.time > since and (about in mail.subject or about in mail.body)
            ]
        )

    @app.delete("/_world/mailbox")
    def _empty() -> tuple[str, int]:
        mailbox.empty()
        return "", 204

    @app.post("/_world/mailbox/confirm")
    def _confirm() -> Response:
        address = body_of_request().get("address")
        if not isinstance(address, str) or not address:
            raise BadRequestError("address must name whose subscriptions are to be confirmed")
        place = settings.current()
        return jsonify(confirmed=notifications.confirm_address(address, place.account, place.region))

    @app.get("/_world/mailbox/unsubscribe")
    def _unsubscribe() -> tuple[Response, int]:
        arn, place = request.args.get("subscription", ""), settings.current()
        if not notifications.unsubscribe(arn, place.account, place.region):
            return jsonify(message=f"{arn} is no subscription that may be ended without a signature"), 403
        return jsonify(unsubscribed=arn), 200


def _add_events(app: Flask) -> None:
    @app.get("/_world/events")
    def _events() -> Response:
        wanted: dict[str, Any] = {name: request.args.get(name) for name in ("source", "detail-type")}
        return jsonify(
            [
                passage.public()
                for passage in publish.router().passages()
                if all(value is None or passage.event[name] == value for name, value in wanted.items())
            ]
        )

    @app.delete("/_world/events")
    def _forget_events() -> tuple[str, int]:
        publish.router().forget()
        return "", 204

    @app.get("/_world/habits")
    def _habits() -> Response:
        return jsonify(habits.deliveries.habits)

    @app.put("/_world/habits")
    def _set_habits() -> Response:
        habits.deliveries.set(habits.habits_from(body_of_request(), habits.deliveries.habits))
        return jsonify(habits.deliveries.habits)


def _add_schedules(app: Flask, scheduler: Scheduler) -> None:
    @app.get("/_world/schedules")
    def _schedules() -> Response:
        return jsonify(scheduler.listed())

    @app.post("/_world/schedules/<path:name>/fire")
    def _fire(name: str) -> tuple[Response, int]:
        if not scheduler.fire(name):
            return jsonify(message=f"There is no schedule {name!r}"), 404
        return jsonify(fired=name), 202
