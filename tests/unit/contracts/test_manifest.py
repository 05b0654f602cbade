"""Good manifests: what they become, and what they need not say."""

import json

import pytest

from tests.unit.contracts.manifests import EXAMPLES, GONE, ROOT, changed, example, mistakes
from tidegate.contracts.manifest import Manifest, parse
from tidegate.domain.service import (
    ApprovalRule,
    ApproverRole,
    HttpCheck,
    HttpExpectation,
    ImageSource,
    ScanPolicy,
    Service,
    TagRule,
    Target,
)
from tidegate.domain.strategy import RollingSettings

SMALLEST = {
    "name": "web",
    "containers": {"app": {"repository": "web", "tags": {"pattern": "v*"}}},
    "task_definition": {
        "containerDefinitions": [
            {"name": "app", "memory": 128, "healthCheck": {"command": ["CMD", "/bin/healthy"]}}
        ]
    },
    "environments": [
        {
            "name": "dev",
            "cluster": "c",
            "service": "web",
            "region": "eu-central-1",
            "account": "123456789012",
        },
        {
            "name": "live",
            "cluster": "d",
            "service": "web",
            "region": "eu-central-1",
            "account": "123456789012",
        },
    ],
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_accepted(name):
    assert mistakes(example(name)) == ()


def test_the_smallest_manifest_gets_the_documented_defaults():
    # Given a manifest that says only what it must
    # When it is read
    service = parse(SMALLEST).to_domain()
    # Then everything else is the default
    dev, live = service.environments
    assert service.containers == {"app": ImageSource("web", TagRule(pattern="v*"))}
    assert (service.images, service.scan, service.notifications.topic) == ("newest", ScanPolicy(), None)
    assert (dev.strategy, dev.approval, dev.before_deploy, dev.checks) == (RollingSettings(), None, None, ())
    assert (dev.soak_seconds, dev.watch_seconds) == (0, 300)
    assert live.target == Target("123456789012", "eu-central-1", "tidegate-target")


def test_the_last_environment_is_production_unless_the_manifest_says_otherwise():
    # Given the same manifest with production left out, given by hand, and null
    left_out = parse(SMALLEST).to_domain()
    by_hand = parse(
        changed(SMALLEST, ("environments.0.production", True), ("environments.1.production", False))
    )
    null = parse(changed(SMALLEST, ("environments.1.production", None))).to_domain()
    # Then only an explicit word moves production
    assert [each.production for each in left_out.environments] == [False, True]
    assert [each.production for each in by_hand.to_domain().environments] == [True, False]
    assert [each.production for each in null.environments] == [False, True]


def test_everything_the_checkout_example_says_arrives_in_the_domain():
    # When the example is read
    service = parse(example("checkout")).to_domain()
    # Then its values stand where steps look for them
    staging, prod = service.environment("staging"), service.environment("prod")
    assert service.repositories == ("checkout",)
    assert staging.checks == (
        HttpCheck(
            name="health",
            url="https://checkout.staging.example.com/health",
            expect=HttpExpectation(status=(200,), json_equals={"status": "ok"}, within_ms=1000),
            attempts=5,
        ),
    )
    people = ("ops@example.com", "lead@example.com")
    assert prod.approval == ApprovalRule(people, 86_400, requester_may_approve=False)
    assert prod.strategy.circuit_breaker.reset_on_healthy_task is False
    assert prod.strategy.alarms.names == ("checkout-prod-5xx",)
    assert prod.overrides.secrets["app"]["DATABASE_URL"].startswith("arn:aws:secretsmanager:")
    assert service.scan.waivers[0].expires == "2026-12-31"
    assert service.task_definition == example("checkout")["task_definition"]


def test_an_approval_may_ask_for_several_people_by_role():
    # Given
    roles = {
        "operations": {"approvers": ["ops@example.com"]},
        "security": {"approvers": ["eve@example.com", "kim@example.com"], "required": 2},
    }
    rule = {"roles": roles, "required": 3, "break_glass": ["ops@example.com"]}
    manifest = changed(example("checkout"), ("environments.2.approval", rule))

    # When
    read = parse(manifest).to_domain().environment("prod").approval

    # Then
    assert read == ApprovalRule(
        roles={
            "operations": ApproverRole(("ops@example.com",)),
            "security": ApproverRole(("eve@example.com", "kim@example.com"), 2),
        },
        required=3,
        break_glass=("ops@example.com",),
    )
    assert read.people == ("ops@example.com", "eve@example.com", "kim@example.com")


@pytest.mark.parametrize(("kinds", "read"), [(None, None), ([], ()), (["failed"], ("failed",))])
def test_a_team_chooses_what_it_hears(kinds, read):
    manifest = changed(example("checkout"), ("notifications", {"kinds": kinds}))
    assert parse(manifest).to_domain().notifications.kinds == read


def test_null_in_the_task_definition_is_the_same_as_leaving_the_field_out():
    # Given a template as tools print it, with nulls
    manifest = changed(SMALLEST, ("task_definition.cpu", None), ("task_definition.volumes", None))
    # Then nothing of them is left
    assert parse(manifest).to_domain() == parse(SMALLEST).to_domain()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_stored_service_is_itself_a_valid_manifest(name):
    # Given a service as the catalogue stores it
    service = parse(example(name)).to_domain()
    stored = json.loads(json.dumps(service.to_json()))
    # Then it can be read back, and it can be registered again with the same meaning
    assert Service.from_json(stored) == service
    assert parse(stored).to_domain() == service


def test_a_manifest_may_say_where_its_schema_is():
    assert mistakes({"$schema": "https://example.com/manifest.schema.json", **SMALLEST}) == ()


def test_a_manifest_without_a_health_check_for_a_container_that_may_end_is_accepted():
    # Given a second fed container that is not essential and has no health check
    job = {"name": "job", "memory": 64, "essential": False}
    manifest = changed(
        SMALLEST,
        ("containers.job", {"repository": "job", "tags": {"semver": "^1"}}),
        ("task_definition.containerDefinitions.1", job),
    )
    # Then that is fine, and without essential false it is not
    assert mistakes(manifest) == ()
    again = mistakes(changed(manifest, ("task_definition.containerDefinitions.1.essential", GONE)))
    assert len(again) == 1
    assert again[0].startswith("task_definition.containerDefinitions[1].healthCheck: this field is missing;")


def test_reading_a_manifest_does_not_change_it():
    # Given a manifest
    manifest = example("multi_container")
    # When it is read
    Manifest.model_validate(manifest)
    # Then it is what it was
    assert manifest == json.loads((ROOT / "examples/multi_container.json").read_text())
