"""What `ports.Logs` promises."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.support.fakes import FakeLogs
from tidegate.aws.clients import Clients
from tidegate.aws.logs import CloudWatchLogs
from tidegate.ports import Logs

LINES = [f"line {number}" for number in range(30)]


@pytest.fixture
def logs(kind: str, request: pytest.FixtureRequest) -> Logs:
    """A stream with thirty lines, and an empty one."""
    if kind == "fake":
        fake = FakeLogs()
        fake.streams = {("/ecs", "app/app/1"): LINES, ("/ecs", "empty"): []}
        return fake
    clients: Clients = request.getfixturevalue("clients")
    client = clients.at("logs", HOME)
    client.create_log_group(logGroupName="/ecs")
    for stream in ("app/app/1", "empty"):
        client.create_log_stream(logGroupName="/ecs", logStreamName=stream)
    now = int(datetime.now(UTC).timestamp() * 1000)
    events = [{"timestamp": now + number, "message": f"{line}\n"} for number, line in enumerate(LINES)]
    client.put_log_events(logGroupName="/ecs", logStreamName="app/app/1", logEvents=events)
    return CloudWatchLogs(clients)


def test_the_last_lines_come_oldest_first(logs: Logs):
    assert logs.tail(HOME, "/ecs", "app/app/1", lines=3) == ("line 27", "line 28", "line 29")
    assert logs.tail(HOME, "/ecs", "app/app/1") == tuple(LINES[-20:])


@pytest.mark.parametrize(("group", "stream"), [("/ecs", "empty"), ("/ecs", "none"), ("/none", "none")])
def test_where_nothing_is_logged_there_are_no_lines(logs: Logs, group: str, stream: str):
    assert logs.tail(HOME, group, stream) == ()


def page(*messages: str, token: str) -> dict[str, Any]:
    return {"events": [{"message": message} for message in messages], "nextBackwardToken": token}


def test_an_empty_page_is_not_taken_for_the_end(clients: Clients):
    # Given lines that come on the second page only
    scripted = Scripted(clients.at("logs", HOME))
    scripted.answer("GetLogEvents", page(token="1"), page("a", "b" * 2000, token="2"))

    # When
    lines = CloudWatchLogs(clients).tail(HOME, "/ecs", "app/app/1")

    # Then they are there, cut where they are long
    assert lines == ("a", "b" * 1000)
    assert [request.get("nextToken") for request in scripted.requests["GetLogEvents"]] == [None, "1"]


@pytest.mark.parametrize(("tokens", "calls"), [(["1", "1"], 2), (["1", "2", "3", "4"], 3)])
def test_the_search_for_lines_has_an_end(clients: Clients, tokens: list[str], calls: int):
    scripted = Scripted(clients.at("logs", HOME))
    scripted.answer("GetLogEvents", *(page(token=token) for token in tokens))

    assert CloudWatchLogs(clients).tail(HOME, "/ecs", "app/app/1") == ()

    assert len(scripted.requests["GetLogEvents"]) == calls
