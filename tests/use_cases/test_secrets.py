"""What is secret is found where it belongs and nowhere else: everything that was written is searched.

A release that an approver rejects, one that is approved and succeeds, and one that fails and is rolled back
leave logs, records, evidence, histories, mails and call records. Recognisable strings were planted before.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.sample import Place
from tests.support.story import Story
from tests.support.variants import only_production_with_approval

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]

VALUE = "planted-value-7d1f0c"
HEADER = "planted-header-2b9e41"
REFERENCE = "planted-reference-c05a36"
COMMENT = "<b>bold</b> {% $states.context.Task.Token %} {{ 7*7 }} \x1b[31m\nExecution: forged"


def with_secrets(manifest: dict[str, Any]) -> None:
    """One environment, whose manifest has something secret in each place where people put it."""
    only_production_with_approval(manifest)
    (production,) = manifest["environments"]
    secret = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{REFERENCE}"
    production["overrides"] = {
        "environment": {"app": {"DB_PASSWORD": VALUE}},
        "secrets": {"app": {"API_KEY": secret}},
    }
    for check in production["checks"]:
        check["headers"] = {"Authorization": f"Bearer {HEADER}"}
    task = {"container": "app", "command": ["migrate", "--password", VALUE], "timeout_seconds": 30}
    production["before_deploy"] = task


# --- everything that was written ----------------------------------------------------------------------------


def everything(place: Place) -> Iterator[tuple[str, str]]:
    """Where something was written, and what: `kind of place`, text."""
    yield from _logs(place)
    yield from _tables(place)
    yield from _evidence(place)
    yield from _histories(place)
    yield from (("mail", json.dumps(mail)) for mail in place.world("GET", "/mailbox?confirmations=true"))
    for passage in place.world("GET", "/events"):
        event = passage["event"]
        machine = event["detail"].get("stateMachineArn", "").rpartition("tidegate-")[2]
        yield f"event of {machine or event['source']}", json.dumps(passage)
    yield "calls", json.dumps(place.world("GET", "/calls"))
    yield "calls", json.dumps(place.world("GET", "/authorizations"))


def _logs(place: Place) -> Iterator[tuple[str, str]]:
    logs = place.client("logs")
    groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/")
    names = [group["logGroupName"] for page in groups for group in page["logGroups"]]
    assert names
    for name in names:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            yield from (("log", event["message"]) for event in page["events"])


def _tables(place: Place) -> Iterator[tuple[str, str]]:
    names = place.client("dynamodb").list_tables()["TableNames"]
    for name in (each for each in names if each.startswith("tidegate-")):
        kind = name.removeprefix("tidegate-").partition("Table")[0].lower()
        for page in place.client("dynamodb").get_paginator("scan").paginate(TableName=name):
            yield from ((kind, json.dumps(item)) for item in page["Items"])


def _evidence(place: Place) -> Iterator[tuple[str, str]]:
    s3, bucket = place.client("s3"), place.resource("EvidenceBucket")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", []):
            yield "evidence", s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode()


def _histories(place: Place) -> Iterator[tuple[str, str]]:
    """Every event of every execution; what a state hands to a function apart from all the rest."""
    states = place.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        executions = states.get_paginator("list_executions").paginate(
            stateMachineArn=machine["stateMachineArn"]
        )
        short = machine["name"].removeprefix("tidegate-")
        for arn in (each["executionArn"] for page in executions for each in page["executions"]):
            described = states.describe_execution(executionArn=arn)
            history = states.get_paginator("get_execution_history").paginate(executionArn=arn)
            kept = {key: described.get(key) for key in ("input", "output", "error", "cause", "name")}
            yield f"history of {short}", json.dumps(kept)
            for event in (event for page in history for event in page["events"]):
                task = event["type"] == "TaskScheduled"
                yield f"payload of {short}" if task else f"history of {short}", json.dumps(event, default=str)


def places_of(planted: str, written: list[tuple[str, str]]) -> set[str]:
    return {kind for kind, text in written if planted in text}


# --- the scenario -------------------------------------------------------------------------------------------


def tokens_in(written: list[tuple[str, str]], name: str) -> set[str]:
    """Every task token that was handed to a step for a service; its release is in the payload beside it."""
    found = set()
    for kind, text in written:
        if kind.startswith("payload of ") and name in text:
            task = json.loads(text).get("taskScheduledEventDetails", {})
            payload = json.loads(task.get("parameters", "{}")).get("Payload", {})
            found |= {payload["token"]} if "token" in payload else set()
    return found


def test_secrets_links_and_tokens_are_found_where_they_belong_and_nowhere_else(story: Tell) -> None:
    # Given three releases: one rejected, one that succeeds, one that fails
    checkout = story(with_secrets)
    links: set[str] = set()
    good = {"tasks": {"migrate": {"exit_code": 0, "seconds": 0.5}}}
    for tag, behaviour, decision in (
        ("1.1.0", good, "reject"),
        ("1.2.0", good, "approve"),
        ("1.3.0", {**good, "error_rate": 1.0, "http": {"/health": 200}}, "approve"),
    ):
        checkout.push(tag, **behaviour)
        release = checkout.release()
        link = checkout.mail()
        links.add(link.rpartition("/")[2])
        assert VALUE not in checkout.approver.read(link)
        assert "\x1b" not in checkout.approver.decide(link, decision, COMMENT).page
        checkout.ended(release)
    assert len(links) == 3

    # When
    written = list(everything(checkout.place))
    kinds = {kind for kind, text in written if checkout.name in text}
    assert {"log", "ledger", "catalogue", "evidence", "mail", "calls", "event of aws.ecs"} <= kinds
    assert {"history of normal_deployment", "payload of approve", "history of restore"} <= kinds

    # Then what a manifest says stays in the catalogue and in the input with which it was registered, of which
    # AWS tells in its own events, as it does of the command of a task
    registering = {f"{kind} of register_service" for kind in ("history", "payload", "event")} | {"catalogue"}
    assert places_of(VALUE, written) <= registering | {"event of aws.ecs"}
    assert places_of(HEADER, written) <= registering
    assert places_of(REFERENCE, written) <= registering
    assert "catalogue" in places_of(VALUE, written), "the search finds what is there"

    # And a link is in its mail alone
    for link in links:
        assert places_of(link, written) == {"mail"}

    # And a token in the table of waits and in what is handed to the step that stores it
    tokens = tokens_in(written, checkout.name)
    assert len(tokens) >= 6, "three approvals, and what followed them"
    for token in tokens:
        found = places_of(token, written)
        assert {kind for kind in found if not kind.startswith("payload of ")} <= {"waits"}


def test_a_comment_is_kept_as_it_is_and_executes_nothing(story: Tell) -> None:
    # Given
    checkout = story(only_production_with_approval)
    checkout.push("1.1.0")
    release = checkout.release()

    # When
    checkout.approver.decide(checkout.mail(), "reject", COMMENT)
    end = checkout.ended(release)

    # Then
    assert end.outcome == "rejected"
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, text in everything(checkout.place):
        if checkout.name in text:
            by_kind[kind].append(text)
    assert any("{{ 7*7 }}" in text for text in by_kind["ledger"]), "the record has the comment as it came"
    for mail in by_kind["mail"]:
        body = json.loads(mail)["body"]
        assert "\x1b" not in body
        assert "\nExecution: forged" not in body
