"""What `ports.Evidence` promises."""

import json

import pytest

from tests.adapters.values import NOON
from tests.support.fakes import FakeEvidence
from tidegate.aws.clients import Clients
from tidegate.aws.evidence import S3Evidence
from tidegate.ports import Evidence

KEY = "releases/r1/checks.json"
DOCUMENT = {"release": "r1", "at": NOON, "checks": ({"name": "tasks", "share": 0.5},)}
STORED = {
    "release": "r1",
    "at": "2026-11-23T12:00:00.000000Z",
    "checks": [{"name": "tasks", "share": 0.5}],
}


def test_a_document_lies_at_the_address_that_is_returned(kind: str, request: pytest.FixtureRequest):
    # Given
    if kind == "fake":
        fake = FakeEvidence()

        # When, then
        assert fake.documents[fake.put(KEY, DOCUMENT)] == STORED
        return
    clients: Clients = request.getfixturevalue("clients")
    s3 = clients.home("s3")
    s3.create_bucket(Bucket="evidence")

    # When
    address = S3Evidence(clients, "evidence").put(KEY, DOCUMENT)

    # Then
    assert address == f"s3://evidence/{KEY}"
    found = s3.get_object(Bucket="evidence", Key=KEY)
    assert found["ContentType"] == "application/json"
    assert json.loads(found["Body"].read()) == STORED


def test_a_text_is_read_back_as_it_was_stored(kind: str, request: pytest.FixtureRequest):
    # Given
    if kind == "fake":
        port: Evidence = FakeEvidence()
    else:
        clients: Clients = request.getfixturevalue("clients")
        clients.home("s3").create_bucket(Bucket="evidence")
        port = S3Evidence(clients, "evidence")

    # When
    address = port.put_text("a/canary.svg", "<svg>é</svg>", "image/svg+xml")
    port.put(KEY, DOCUMENT)

    # Then
    assert address.startswith("s3://")
    assert address.endswith("/a/canary.svg")
    assert port.get("a/canary.svg") == "<svg>é</svg>".encode()
    assert json.loads(port.get(KEY) or b"") == STORED
    assert port.get("a/missing.svg") is None


def test_a_text_has_its_content_type(clients: Clients):
    s3 = clients.home("s3")
    s3.create_bucket(Bucket="evidence")

    S3Evidence(clients, "evidence").put_text("canary.svg", "<svg/>", "image/svg+xml")

    assert s3.head_object(Bucket="evidence", Key="canary.svg")["ContentType"] == "image/svg+xml"
