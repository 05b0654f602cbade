"""What a machine may be started with: every mistake is one sentence that begins with the field's path."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tidegate.contracts.inputs import (
    DeployInput,
    NormalDeploymentInput,
    OperateInput,
    RegisterServiceInput,
    RollbackInput,
)
from tidegate.contracts.paths import fields_of
from tidegate.contracts.validation import InvalidInput, validate

EVENTS = Path(__file__).parents[3] / "events"
RELEASE = "checkout-20261123T120000Z-0a1b2c"
DIGEST = "sha256:" + "a" * 64
MODELS: dict[str, type[BaseModel]] = {
    "normal_deployment": NormalDeploymentInput,
    "deploy": DeployInput,
    "rollback": RollbackInput,
    "register_service": RegisterServiceInput,
    "operate": OperateInput,
}
GOOD: dict[str, dict[str, Any]] = {
    "normal_deployment": {"service": "checkout", "tag": "1.2.0"},
    "deploy": {"service": "checkout", "tag": "1.2.0", "environment": "dev"},
    "rollback": {"service": "checkout", "environment": "dev"},
    "register_service": {"manifest": {}},
    "operate": {"action": "freeze", "service": "checkout", "environment": "dev", "reason": "Quarter end."},
}


def mistakes(machine: str, data: object) -> tuple[str, ...]:
    try:
        validate(MODELS[machine], data)
    except InvalidInput as error:
        return error.mistakes
    return ()


@pytest.mark.parametrize("machine", MODELS)
def test_the_example_event_is_accepted(machine: str):
    assert mistakes(machine, json.loads((EVENTS / f"{machine}.json").read_text())) == ()


@pytest.mark.parametrize("machine", MODELS)
@pytest.mark.parametrize(
    "more", [{"Comment": "Any words,\nalso several lines."}, {"requested_by": "ana"}, {"reason": "Because."}]
)
def test_what_every_input_may_carry(machine: str, more: dict[str, Any]):
    assert mistakes(machine, {**GOOD[machine], **more}) == ()


@pytest.mark.parametrize("machine", MODELS)
def test_optional_fields_may_be_null(machine: str):
    # Given what a state machine hands on where it has nothing
    optional = {
        name: None
        for name, declared in fields_of(MODELS[machine]).items()
        if not declared.is_required() and declared.default is None and name not in GOOD[machine]
    }

    # Then
    assert mistakes(machine, {**optional, **GOOD[machine]}) == ()


def test_what_is_left_out_has_its_default():
    # When
    request = validate(NormalDeploymentInput, {"release": RELEASE})

    # Then
    assert (request.attempt, request.from_environment, request.requested_by) == (1, None, None)
    assert validate(RollbackInput, GOOD["rollback"]).automatic is False


def test_spaces_around_words_do_no_harm():
    assert validate(DeployInput, {**GOOD["deploy"], "service": " checkout "}).service == "checkout"


WRONG = {
    "service": [5, "", "Check Out", "a" * 41, ["checkout"]],
    "environment": [5, "DEV", "a" * 41],
    "from_environment": [5, "DEV"],
    "release": [5, "1.2.0", RELEASE + "x", RELEASE.upper()],
    "target": [5, "the one before"],
    "tag": [5, "", "a b", "-x", "x" * 129],
    "digest": [5, "sha256:abc", "a" * 64, DIGEST.upper()],
    "container": [5, "", "a b", "c" * 256],
    "strategy": [5, "Rolling", "roll-ing"],
    "attempt": [0, 101, "2", 1.5, True, None],
    "evidence": [5, "rumour"],
    "automatic": [1, "true", None],
    "action": [5, "melt", None, ["freeze"]],
    "manifest": [5, "text", [], None],
    "requested_by": [5, "", "x" * 201, "a\nb"],
    "reason": [5, "", "x" * 501, "a\u202eb"],
    "Comment": [5, "x" * 1001],
}


def wrong_fields() -> list[tuple[str, str, Any]]:
    return [
        (machine, name, value)
        for machine, model in MODELS.items()
        for name in fields_of(model)
        for value in WRONG[name]
    ]


@pytest.mark.parametrize(("machine", "name", "value"), wrong_fields())
def test_every_wrong_field_is_named_and_what_is_allowed_is_said(machine: str, name: str, value: object):
    # When
    found = mistakes(machine, {**GOOD[machine], name: value})

    # Then
    (mine,) = [each for each in found if each.startswith(f"{name}: ")]
    assert mine.endswith(".")
    assert "give " in mine or "leave it out" in mine


def test_every_field_has_wrong_values_to_be_tested_with():
    assert {name for model in MODELS.values() for name in fields_of(model)} == set(WRONG)


@pytest.mark.parametrize(
    ("machine", "name", "near"),
    [
        ("normal_deployment", "tga", "tag"),
        ("normal_deployment", "from_enviroment", "from_environment"),
        ("deploy", "Environment", "environment"),
        ("rollback", "targt", "target"),
        ("rollback", "comment", "Comment"),
        ("register_service", "manifests", "manifest"),
        ("operate", "actoin", "action"),
    ],
)
def test_an_unknown_field_names_the_nearest_known_one(machine: str, name: str, near: str):
    assert f"{name}: this field is not known; the nearest one that is known is {near}." in mistakes(
        machine, {**GOOD[machine], name: "x"}
    )


ONE = "give exactly one of release, tag and digest."


@pytest.mark.parametrize(
    ("machine", "data", "sentences"),
    [
        ("normal_deployment", {"service": "checkout"}, [f"release: this field is missing; {ONE}"]),
        ("deploy", {"environment": "dev"}, [f"release: this field is missing; {ONE}"]),
        (
            "normal_deployment",
            {"service": "checkout", "tag": "1", "digest": DIGEST},
            [f"digest: tag is given already; {ONE}"],
        ),
        (
            "normal_deployment",
            {"digest": DIGEST, "tag": "1", "release": RELEASE},
            [f"digest: release is given already; {ONE}", f"tag: release is given already; {ONE}"],
        ),
        ("normal_deployment", {"tag": "1"}, ["service: this field is missing; tag needs it."]),
        ("deploy", {"digest": DIGEST, "environment": "dev"}, [
            "service: this field is missing; digest needs it."
        ]),
        (
            "normal_deployment",
            {"release": RELEASE, "container": "app"},
            ["container: it goes with tag or digest; a release has all its images."],
        ),
        (
            "normal_deployment",
            {"service": "checkout", "tag": "1", "attempt": 2},
            ["attempt: it counts the attempts of a release; leave it out or give release."],
        ),
        ("deploy", {"service": "checkout", "tag": "1"}, [
            "environment: this field is missing; give the name of an environment."
        ]),
        (
            "rollback",
            {**GOOD["rollback"], "release": RELEASE, "target": RELEASE},
            ["target: it is the release to get away from; give another one."],
        ),
        ("rollback", {}, [
            "service: this field is missing; give the name of a registered service.",
            "environment: this field is missing; give the name of an environment.",
        ]),
        ("register_service", {}, ["manifest: this field is missing; give the manifest, an object."]),
    ],
)  # fmt: skip
def test_mistakes_between_fields_are_told_where_they_are(machine: str, data: dict, sentences: list[str]):
    assert list(mistakes(machine, data)) == sentences


@pytest.mark.parametrize(
    ("action", "needed"),
    [
        ("cancel", ["release", "reason"]),
        ("retry", ["release"]),
        ("promote", ["release"]),
        ("lift_quarantine", ["service", "digest", "reason"]),
        ("freeze", ["service", "environment", "reason"]),
        ("thaw", ["service", "environment"]),
    ],
)
def test_an_action_needs_its_fields_and_takes_no_others(action: str, needed: list[str]):
    # Given
    values = {
        "release": RELEASE,
        "service": "checkout",
        "environment": "dev",
        "digest": DIGEST,
        "reason": "x",
    }
    mine = {name: values[name] for name in needed}

    # Then
    assert mistakes("operate", {"action": action, **mine}) == ()
    assert list(mistakes("operate", {"action": action})) == [
        f"{name}: this field is missing; the action {action} needs it." for name in needed
    ]
    for name in set(values) - set(needed) - {"reason"}:
        assert mistakes("operate", {"action": action, **mine, name: values[name]}) == (
            f"{name}: the action {action} does not take it; leave it out.",
        )


def test_a_wrong_field_is_not_told_to_be_missing_as_well():
    assert mistakes("operate", {"action": "retry", "release": 5}) == (
        'release: 5 is not allowed; give the id of a release, such as "checkout-20261123T120000Z-0a1b2c".',
    )


@pytest.mark.parametrize("machine", MODELS)
@pytest.mark.parametrize("data", [None, 5, "text", [], True])
def test_an_input_that_is_no_object_is_one_sentence(machine: str, data: object):
    (only,) = mistakes(machine, data)
    assert only.startswith("input: ")
    assert only.endswith("give an object.")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted(MODELS)),
    st.dictionaries(st.sampled_from(sorted(WRONG)) | st.text(max_size=12), json_values, max_size=6),
)
def test_whatever_comes_in_is_accepted_or_explained(machine: str, data: dict[str, Any]):
    for sentence in mistakes(machine, data):
        assert sentence.endswith(".")
        assert "\n" not in sentence
