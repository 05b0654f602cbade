"""The difference that approvers read: complete, readable, and without secrets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.diff import HIDDEN, Change, looks_secret, task_definitions

OLD: dict[str, Any] = {
    "family": "checkout-dev",
    "cpu": "256",
    "containerDefinitions": [
        {
            "name": "app",
            "image": "checkout@sha256:aa",
            "command": ["serve"],
            "environment": [{"name": "STAGE", "value": "dev"}, {"name": "API_KEY", "value": "k1"}],
            "secrets": [{"name": "DATABASE", "valueFrom": "arn:1"}],
            "portMappings": [{"containerPort": 80}],
        }
    ],
}


def changed(**container: object) -> dict[str, object]:
    return {**OLD, "containerDefinitions": [{**OLD["containerDefinitions"][0], **container}]}


def test_equal_definitions_have_no_changes():
    assert task_definitions(OLD, OLD) == []


def test_what_ecs_fills_in_is_no_change():
    filled = changed(
        essential=True, cpu=0, mountPoints=[], portMappings=[{"containerPort": 80, "protocol": "tcp"}]
    )
    assert task_definitions(OLD, {**filled, "revision": 5, "status": "ACTIVE", "tags": [{"key": "a"}]}) == []


def test_changes_are_named_by_container_and_variable():
    # Given another image, size, command, port and variables
    new = changed(
        image="checkout@sha256:bb",
        command=["serve", "--fast"],
        environment=[
            {"name": "STAGE", "value": "prod"},
            {"name": "API_KEY", "value": "k1"},
            {"name": "X", "value": ""},
        ],
        portMappings=[{"containerPort": 81}],
    )
    # Then each is one readable line
    assert task_definitions(OLD, {**new, "cpu": "512"}) == [
        Change("containers.app.command", '["serve"]', '["serve", "--fast"]'),
        Change("containers.app.environment.STAGE", "dev", "prod"),
        Change("containers.app.environment.X", None, ""),
        Change("containers.app.image", "checkout@sha256:aa", "checkout@sha256:bb"),
        Change("containers.app.portMappings", '[{"containerPort": 80}]', '[{"containerPort": 81}]'),
        Change("cpu", "256", "512"),
    ]


def test_the_order_of_keys_is_no_change():
    one, other = {"containerPort": 80, "name": "http"}, {"name": "http", "containerPort": 80}
    ports = [one, {"containerPort": 81}], [other, {"containerPort": 81}]
    assert task_definitions(changed(portMappings=ports[0]), changed(portMappings=ports[1])) == []


def test_containers_and_volumes_come_and_go_with_all_they_have():
    new = {
        **OLD,
        "containerDefinitions": [{"name": "web", "image": "web@sha256:cc"}],
        "volumes": [{"name": "tmp"}],
    }
    changes = task_definitions(OLD, new)
    assert Change("containers.web.image", None, "web@sha256:cc") in changes
    assert Change("containers.app.image", "checkout@sha256:aa", None) in changes
    assert Change("volumes.tmp", None, "present") in changes


def test_without_an_old_definition_everything_is_new():
    changes = task_definitions(None, OLD)
    assert all(change.before is None for change in changes)
    assert Change("containers.app.image", None, "checkout@sha256:aa") in changes


def test_secrets_are_shown_by_name_only():
    # Given a changed, a new and a removed secret
    new = changed(secrets=[{"name": "DATABASE", "valueFrom": "arn:2"}, {"name": "NEW", "valueFrom": "arn:3"}])
    gone = changed(secrets=[])
    # Then one sees that, and nothing else
    assert task_definitions(OLD, new) == [
        Change("containers.app.secrets.DATABASE", HIDDEN, f"{HIDDEN} (changed)"),
        Change("containers.app.secrets.NEW", None, HIDDEN),
    ]
    assert task_definitions(OLD, gone) == [Change("containers.app.secrets.DATABASE", HIDDEN, None)]


def test_variables_whose_name_looks_secret_are_hidden():
    new = changed(environment=[{"name": "STAGE", "value": "dev"}, {"name": "API_KEY", "value": "k2"}])
    assert task_definitions(OLD, new) == [
        Change("containers.app.environment.API_KEY", HIDDEN, f"{HIDDEN} (changed)")
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgres://shop:hunter2@db/shop", f"postgres://shop:{HIDDEN}@db/shop"),
        ("redis://:hunter2@cache", f"redis://:{HIDDEN}@cache"),
        ("host=db password=hunter2 user=x", f"host=db password={HIDDEN} user=x"),
        ('{"clientSecret": "hunter2"}', f'{{"clientSecret": "{HIDDEN}"}}'),
        ("https://example.com/path?x=1", "https://example.com/path?x=1"),
    ],
)
def test_passwords_inside_other_text_are_hidden(value, shown):
    (change,) = task_definitions(OLD, changed(workingDirectory=value))
    assert change.after == shown


def test_passwords_in_a_command_and_in_log_options_are_hidden():
    new = changed(
        command=["serve", "--db-password", "hunter2", "--api-key=hunter2"],
        logConfiguration={
            "logDriver": "splunk",
            "options": {"splunk-token": "hunter2", "splunk-url": "u"},
            "secretOptions": [{"name": "splunk-index", "valueFrom": "hunter2"}],
        },
    )
    changes = task_definitions(OLD, new)
    assert "hunter2" not in str(changes)
    assert Change("containers.app.logConfiguration.options.splunk-url", None, "u") in changes


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD", "DB_PASSWORD", "dbPasswd", "API_TOKEN", "apiKey", "APIKEY", "AWS_SECRET_ACCESS_KEY"),
        *(
            "clientSecret",
            "SENTRY_DSN",
            "AUTH",
            "PRIVATE_KEY",
            "SessionCookie",
            "github-token",
            "CREDENTIALS",
        ),
    ],
)
def test_names_that_look_secret(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["STAGE", "LOG_LEVEL", "AUTHOR", "MONKEY", "PORT", "COMPASS", "image", "keyboard"]
)
def test_names_that_do_not_look_secret(name):
    assert not looks_secret(name)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("unit", ["a", "password", "password ", "a://:", "a://a", "password=", "@", " "])
def test_long_values_are_looked_through_quickly(unit):
    # Given a value as long as a manifest allows, made to keep a pattern busy
    value = unit * (32_768 // len(unit))
    (change,) = task_definitions(OLD, changed(workingDirectory=value))
    assert change.after is not None


SECRET = "Zq7-very-secret-value"
NAME = st.sampled_from(["DB_PASSWORD", "TOKEN", "API_KEY", "MY_SECRET"])


@given(NAME, st.sampled_from(["environment", "secrets"]), st.booleans())
def test_a_secret_value_never_appears(name, kind, before):
    field = "value" if kind == "environment" else "valueFrom"
    with_secret = changed(**{kind: [{"name": name, field: SECRET}]})
    changes = task_definitions(with_secret, OLD) if before else task_definitions(OLD, with_secret)
    assert changes
    assert SECRET not in str(changes)
