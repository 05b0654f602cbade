"""Forged requests to the approval page, whose links and votes lie in DynamoDB: nothing there changes."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.adapters.conftest import aws_stores
from tests.support.fuzzing import FORGED_LINKS, as_answer, as_event, attacks
from tests.support.tables import NAMES
from tests.unit.steps.test_approval_page import LINK, OTHER, OTHER_LINK, given_ports
from tidegate.aws.clients import Clients
from tidegate.domain.approval import link_hash
from tidegate.steps.approval_page import Command, run

CASES = 600


def items(clients: Clients) -> list[dict[str, Any]]:
    """Everything in the ledger but how many forms a link has sent."""
    found = clients.home("dynamodb").scan(TableName=NAMES["LEDGER_TABLE"])["Items"]
    kept = [
        {name: value for name, value in item.items() if name not in ("forms", "minute")} for item in found
    ]
    return sorted(kept, key=str)


@pytest.mark.thorough
def test_nothing_in_the_table_changes_and_forged_links_look_unknown(clients: Clients):
    # Given a request that waits, its links, its release and its service in the tables
    made, waiting, approval = given_ports(expires_after_seconds=7 * 86_400)
    stores = aws_stores(clients)
    (service,) = made.catalogue.revisions["checkout"]
    stores.catalogue.put(service, after=0)
    stores.releases.create(waiting)
    links = {link_hash(LINK): approval.asked[0], link_hash(OTHER_LINK): OTHER}
    stores.approvals.create(approval, links)
    ports = made
    object.__setattr__(ports, "approvals", stores.approvals)
    before, seen = items(clients), set()

    # When
    for attack in attacks(LINK, Random(6), CASES, others=(approval.id, link_hash(LINK))):
        ports.clock.at += timedelta(seconds=5)
        answer = as_answer(run(Command.model_validate(as_event(attack)), ports))
        assert answer.status < 500, (attack, answer)
        assert "Traceback" not in answer.body
        if attack.kind in FORGED_LINKS:
            seen.add(answer.told)

    # Then
    assert len(seen) == 1
    assert items(clients) == before
    assert not ports.machines.answers
