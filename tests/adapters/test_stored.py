"""How things lie in the tables: bounded reads, sizes, time to live, and no Scan."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import tidegate.aws
from tests.adapters.conftest import aws_stores
from tests.adapters.scripted import Scripted
from tests.adapters.values import NOON, at, deployment, release, service, wait
from tests.support.tables import NAMES
from tidegate.aws.clients import Clients
from tidegate.bootstrap import LazyPorts
from tidegate.domain.outcome import Outcome
from tidegate.errors import Terminal, Transient


@pytest.fixture
def ports(clients: Clients) -> LazyPorts:
    return aws_stores(clients)


def test_no_adapter_ever_scans_a_table():
    for module in Path(tidegate.aws.__file__).parent.glob("*.py"):
        assert not re.search(r"\.scan\(TableName|_client\.scan\b", module.read_text()), module.name


def test_a_query_reads_page_after_page_and_stops_at_its_limit(clients: Clients, ports: LazyPorts):
    # Given releases so large that DynamoDB gives them in pages of at most 1 MB
    for number in range(4):
        ports.releases.create(release(number, reason="x" * 390_000))

    # When
    everything = ports.releases.newest("checkout")
    newest = ports.releases.newest("checkout", limit=3)

    # Then
    assert [each.created_at for each in everything] == [at(3), at(2), at(1), at(0)]
    assert newest == everything[:3]


def test_a_query_goes_on_where_dynamodb_stopped(clients: Clients, ports: LazyPorts):
    # Given an answer in two pages
    def page(name: str, **more: Any) -> dict[str, Any]:
        return {"Items": [{"pk": {"S": "SERVICES"}, "sk": {"S": name}}], **more}

    key = {"pk": {"S": "SERVICES"}, "sk": {"S": "basket"}}
    script = Scripted(clients.home("dynamodb"))
    script.answer("Query", page("basket", LastEvaluatedKey=key), page("checkout"))

    # Then
    assert ports.catalogue.names() == ("basket", "checkout")
    first, second = script.requests["Query"]
    assert "ExclusiveStartKey" not in first
    assert second["ExclusiveStartKey"] == key
    assert first["ConsistentRead"]


def test_evidence_that_is_too_large_for_a_record_is_cut_and_the_ending_stands(ports: LazyPorts):
    # Given a deployment whose checks carry a megabyte of log lines
    opened = ports.deployments.open(deployment())
    checks = tuple({"name": f"check {n}", "log": ["y" * 500] * 100} for n in range(20))
    ended = replace(opened, outcome=Outcome.ROLLED_BACK, ended_at=at(60), checks=checks)

    # When
    ports.deployments.close(ended)

    # Then
    (stored,) = ports.deployments.latest("checkout", "dev")
    assert (stored.outcome, len(stored.checks)) == (Outcome.ROLLED_BACK, 20)
    assert len(stored.checks[0]["log"]) == 50
    assert ports.journal.append("r", "kind", {"log": "z" * 1_000_000}, at=NOON, key="k")


def test_a_wait_expires_by_time_to_live(clients: Clients, ports: LazyPorts):
    # Given
    ports.waits.put(wait("lock/checkout/prod"))

    # When both of its items are read
    items = clients.home("dynamodb").scan(TableName=NAMES["WAITS_TABLE"])["Items"]

    # Then
    expires = int((NOON + timedelta(days=1)).timestamp())
    assert [item["expires"] for item in items] == [{"N": str(expires)}] * 2


def test_too_many_new_alarms_at_once_are_refused_with_a_sentence(ports: LazyPorts):
    alarms = tuple(f"alarm-{number}" for number in range(97))

    with pytest.raises(Terminal, match="99 repositories and alarms; at most 98"):
        ports.catalogue.put(service(alarms=alarms), after=0)

    assert ports.catalogue.put(service(alarms=alarms[:96]), after=0) == 1


def test_a_claim_that_vanishes_while_it_is_read_is_tried_again(clients: Clients, ports: LazyPorts):
    Scripted(clients.home("dynamodb")).refuse("PutItem", "ConditionalCheckFailedException")

    with pytest.raises(Transient, match="push/1"):
        ports.intake.first("push/1", at=NOON, value="mine")


def test_an_id_that_names_no_service_is_a_mistake_when_something_is_written(ports: LazyPorts):
    with pytest.raises(Terminal, match="no release id"):
        ports.releases.touch("checkout", "dev", production=False)


def test_a_pointer_to_nothing_is_a_mistake(clients: Clients, ports: LazyPorts):
    # Given a deployment whose record was deleted by hand
    opened = ports.deployments.open(deployment())
    key = {"pk": {"S": "DEPLOYMENTS#checkout/dev"}, "sk": {"S": opened.id}}
    clients.home("dynamodb").delete_item(TableName=NAMES["LEDGER_TABLE"], Key=key)

    with pytest.raises(Terminal, match="it is not there"):
        ports.deployments.open(deployment(5))
    assert ports.deployments.of_release(release().id) == ()
