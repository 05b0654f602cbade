"""What `ports.Sessions` promises."""

from tests.adapters.values import NOON, at
from tests.support.tables import NAMES
from tidegate.aws.clients import Clients
from tidegate.domain.session import Session, secret_hash
from tidegate.ports import Ports

LINK, SESSION = secret_hash("link"), secret_hash("session")


def test_a_link_is_exchanged_once(stores: Ports):
    # Given
    stores.sessions.offer(LINK, Session("ada", at(120)))

    # When it is exchanged, and exchanged again
    begun = Session("ada", at(3600))
    assert stores.sessions.exchange(LINK, SESSION, begun, at=at(5))
    assert not stores.sessions.exchange(LINK, secret_hash("other"), begun, at=at(6))

    # Then there is one session
    assert stores.sessions.get(SESSION) == begun
    assert stores.sessions.get(secret_hash("other")) is None
    assert stores.sessions.offered(LINK) is None


def test_a_link_says_whose_it_is_and_looking_does_not_use_it_up(stores: Ports):
    stores.sessions.offer(LINK, Session("ada", at(120)))

    assert stores.sessions.offered(LINK) == Session("ada", at(120))
    assert stores.sessions.offered(LINK) == Session("ada", at(120))
    assert stores.sessions.offered(secret_hash("foreign")) is None


def test_a_link_whose_time_is_over_opens_nothing(stores: Ports):
    stores.sessions.offer(LINK, Session("ada", at(120)))

    assert not stores.sessions.exchange(LINK, SESSION, Session("ada", at(3600)), at=at(120))
    assert stores.sessions.get(SESSION) is None


def test_a_session_that_was_ended_is_gone_and_may_be_ended_again(stores: Ports):
    # Given
    stores.sessions.offer(LINK, Session("ada", at(120)))
    stores.sessions.exchange(LINK, SESSION, Session("ada", at(3600)), at=NOON)

    # When
    stores.sessions.end(SESSION)
    stores.sessions.end(SESSION)

    # Then
    assert stores.sessions.get(SESSION) is None


def test_a_session_and_a_link_expire_by_time_to_live(clients: Clients):
    # Given
    from tests.adapters.conftest import aws_stores

    ports = aws_stores(clients)
    ports.sessions.offer(LINK, Session("ada", at(120)))

    # When
    (item,) = clients.home("dynamodb").scan(TableName=NAMES["SESSIONS_TABLE"])["Items"]

    # Then
    assert item["expires"] == {"N": str(int(at(120).timestamp()))}
    assert "link" not in str(item.values())
