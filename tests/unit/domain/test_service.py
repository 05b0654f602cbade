"""Services are stored and read back, by older and newer versions too."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.contracts.manifests import example
from tidegate.contracts.manifest import parse
from tidegate.domain import service as domain
from tidegate.domain.service import ScanPolicy, Service, Target
from tidegate.domain.strategy import RollingSettings

CHECKOUT = parse(example("checkout")).to_domain()


def stored() -> dict:
    return json.loads(json.dumps(CHECKOUT.to_json()))


def test_a_stored_service_is_read_back_as_it_was():
    assert Service.from_json(stored()) == CHECKOUT


def test_numbers_may_come_back_as_decimals():
    # Given what a table makes of numbers
    text = json.dumps(CHECKOUT.to_json())
    assert Service.from_json(json.loads(text, parse_int=Decimal)).environments == CHECKOUT.environments


def test_keys_that_a_newer_version_wrote_are_ignored():
    # Given a revision of a version that knows more
    newer = stored()
    newer["owner"] = "shop"
    newer["environments"][0]["windows"] = [{"from": "09:00"}]
    newer["environments"][0]["strategy"]["early"] = True
    # Then this version reads what it knows
    assert Service.from_json(newer) == CHECKOUT


def test_keys_that_an_older_version_did_not_write_get_their_defaults():
    # Given a revision of a version that knew less
    older = stored()
    del older["scan"], older["notifications"], older["images"]
    del older["environments"][0]["watch_seconds"], older["environments"][0]["strategy"]["circuit_breaker"]
    # Then the rest is the default
    service = Service.from_json(older)
    assert (service.scan, service.images) == (ScanPolicy(), "newest")
    assert service.environments[0].watch_seconds == 300
    assert service.environments[0].strategy.circuit_breaker == RollingSettings().circuit_breaker


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("name",), None, r"Service\.name cannot be read from a stored NoneType"),
        (("environments",), {}, r"Service\.environments cannot be read from a stored dict"),
        (
            ("environments", 0, "soak_seconds"),
            "5",
            r"Service\.environments\[0\]\.soak_seconds cannot be read",
        ),
        (
            ("environments", 0, "soak_seconds"),
            True,
            r"Service\.environments\[0\]\.soak_seconds cannot be read",
        ),
        (
            ("environments", 0, "strategy", "name"),
            "unheard",
            r"environments\[0\]\.strategy cannot be read",
        ),
        (("environments", 1, "checks", 0, "kind"), "dns", r"environments\[1\]\.checks\[0\] cannot be read"),
        (("scan", "block"), ["WORST"], r"scan\.block\[0\] cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(path, value, message):
    broken = stored()
    place = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=message):
        Service.from_json(broken)


def test_a_missing_value_without_default_is_named():
    broken = stored()
    del broken["environments"][2]["cluster"]
    with pytest.raises(ValueError, match=r"Service\.environments\[2\]\.cluster is missing\."):
        Service.from_json(broken)


def test_a_service_knows_its_environments_repositories_and_families():
    assert CHECKOUT.environment("prod").target == Target("123456789012", "us-east-1", domain.TARGET_ROLE)
    assert CHECKOUT.repositories == ("checkout",)
    assert CHECKOUT.family("prod") == "checkout-prod"
    with pytest.raises(
        LookupError, match="service checkout has no environment test; it has dev, staging, prod"
    ):
        CHECKOUT.environment("test")


TEXT = st.text(max_size=8)
WAIVER = st.builds(domain.Waiver, TEXT, TEXT, TEXT)
ENVIRONMENT = st.builds(
    domain.Environment,
    name=TEXT,
    cluster=TEXT,
    service=TEXT,
    region=TEXT,
    account=TEXT,
    production=st.booleans(),
    strategy=st.builds(RollingSettings, timeout_seconds=st.integers()),
    approval=st.none() | st.builds(domain.ApprovalRule, st.lists(TEXT, max_size=2).map(tuple)),
    checks=st.lists(
        st.builds(domain.HttpCheck, TEXT, TEXT, headers=st.dictionaries(TEXT, TEXT, max_size=2))
        | st.builds(domain.TaskCheck, TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple)),
        max_size=3,
    ).map(tuple),
    before_deploy=st.none() | st.builds(domain.BeforeDeploy, TEXT, st.lists(TEXT, max_size=2).map(tuple)),
)
SERVICE = st.builds(
    Service,
    name=TEXT,
    containers=st.dictionaries(
        TEXT,
        st.builds(domain.ImageSource, TEXT, st.builds(domain.TagRule, semver=st.none() | TEXT)),
        max_size=2,
    ),
    task_definition=st.dictionaries(TEXT, st.none() | st.integers() | TEXT, max_size=2),
    environments=st.lists(ENVIRONMENT, max_size=2).map(tuple),
    scan=st.builds(ScanPolicy, waivers=st.lists(WAIVER, max_size=2).map(tuple)),
)


@given(SERVICE)
def test_any_service_survives_being_stored(service):
    assert Service.from_json(json.loads(json.dumps(service.to_json()))) == service
