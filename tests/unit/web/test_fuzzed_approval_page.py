"""Ten thousand forged requests: no decision, no stack trace, no difference between forged and unknown."""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.support.fuzzing import FORGED_LINKS, Answer, Attack, as_answer, as_event, attacks
from tests.support.ports import FakePorts
from tests.unit.steps.test_approval_page import LINK, OTHER_LINK, bound, given_ports, post
from tidegate.domain.approval import link_hash
from tidegate.steps.approval_page import Command, run
from tidegate.web import forms

CASES = 10_000
LONGEST_SECONDS = 60
STATUSES = {200, 204, 303, 403, 404, 405, 413, 415, 422}
WEEK = 7 * 86_400


def decided(ports: FakePorts) -> Any:
    """Everything by which a forged request could have had an effect."""
    return deepcopy(
        (
            ports.approvals.stored,
            ports.approvals.links,
            ports.journal.lines,
            ports.waits.stored,
            ports.machines.answers,
            ports.releases.stored,
            ports.notifier.messages,
            ports.notifier.asked,
        )
    )


def asked(ports: FakePorts, attack: Attack) -> Answer:
    return as_answer(run(Command.model_validate(as_event(attack)), ports))


@pytest.mark.thorough
def test_no_forged_request_decides_or_tells_anything():
    # Given a request that waits, and another one whose links and nonces are known because it is over
    ports, _, approval = given_ports(expires_after_seconds=WEEK)
    approval = replace(approval, expires_at=approval.requested_at + timedelta(seconds=WEEK))
    ports.approvals.stored[approval.id] = approval
    over, _, done = given_ports()
    post(over)
    known = (
        approval.id,
        approval.release,
        link_hash(LINK),
        forms.nonce(OTHER_LINK, bound(approval)),
        forms.nonce(LINK, f"{approval.id}x"),
        forms.nonce(LINK, bound(done) + "x"),
        forms.nonce(f"{LINK}x", bound(approval)),
    )
    before = decided(ports)
    seen: dict[str, set[Any]] = {}
    begun = time.monotonic()

    # When
    for number, attack in enumerate(attacks(LINK, Random(4), CASES, others=known)):
        ports.clock.advance(3)  # so that the limit of one link is not what refuses them
        answer = asked(ports, attack)

        # Then
        assert answer.status in STATUSES, (attack, answer.status)
        assert "Traceback" not in answer.body, attack
        assert dict(answer.headers)["content-security-policy"].startswith("default-src 'none'"), attack
        assert not ports.machines.answers, attack
        if attack.kind in FORGED_LINKS:
            seen.setdefault(attack.kind, set()).add(answer.told)
        if number % 500 == 0:
            assert decided(ports) == before, attack
    assert decided(ports) == before
    assert set(seen) == set(FORGED_LINKS)
    assert set.union(*seen.values()) == seen["unknown"]
    assert len(seen["unknown"]) == 1
    assert time.monotonic() - begun < LONGEST_SECONDS


def test_forged_and_unknown_links_answer_every_method_alike():
    # Given
    ports, _, _ = given_ports()
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = b"decision=approve&nonce=x"

    # When
    told: dict[str, set[Any]] = {}
    for attack in attacks(LINK, Random(5), 400):
        if attack.kind not in FORGED_LINKS:
            continue
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"):
            ports.clock.advance(3)
            event = as_event(Attack(attack.kind, method, attack.link, body, form))
            told.setdefault(method, set()).add(as_answer(run(Command.model_validate(event), ports)).told)

    # Then
    assert {method: len(answers) for method, answers in told.items()} == dict.fromkeys(told, 1)


def test_a_replayed_form_decides_once():
    # Given a form that somebody has recorded
    ports, _, approval = given_ports()
    answers = [post(ports, comment="once") for _ in range(15)]

    # Then whoever sends it again gets the receipt, and nothing happens twice
    assert {each["statusCode"] for each in answers} == {303}
    assert len(ports.machines.answers) == 1
    assert len(ports.approvals.stored[approval.id].votes) == 1
    assert ports.journal.kinds(approval.release) == ["approval.approved"]
