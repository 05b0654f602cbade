"""Bad manifests: every mistake gives exactly one sentence that names the field and what is allowed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.contracts.manifests import GONE, changed, example, mistakes

CHECKOUT = example("checkout")
STOREFRONT = example("multi_container")
CONTAINER = "task_definition.containerDefinitions"
GONE_IN_FILES = "<gone>"


def cases(base: str) -> list[Any]:
    """The cases of a file: what is changed in the example, and the one sentence that it says then."""
    rows = json.loads((Path(__file__).parent / f"mistakes_in_{base}.json").read_text())
    return [
        pytest.param(
            example(base),
            [(path, GONE if value == GONE_IN_FILES else value) for path, value in row["change"].items()],
            row["says"],
            id=f"{base} {number} {row['says'].split(':')[0]}",
        )
        for number, row in enumerate(rows)
    ]


@pytest.mark.parametrize(("manifest", "changes", "sentence"), cases("checkout"))
def test_a_wrong_field_gives_its_sentence_and_no_other(manifest, changes, sentence):
    assert mistakes(changed(manifest, *changes)) == (sentence,)


@pytest.mark.parametrize(("manifest", "changes", "sentence"), cases("multi_container"))
def test_fields_that_do_not_fit_together_give_one_sentence_and_no_other(manifest, changes, sentence):
    assert mistakes(changed(manifest, *changes)) == (sentence,)


def test_a_command_that_run_task_would_refuse_is_refused():
    manifest = changed(STOREFRONT, ("environments.0.before_deploy.command", ["x" * 7995, "y"]))
    (sentence,) = mistakes(manifest)
    assert sentence.startswith("environments[0].before_deploy.command: the command is too long;")


def test_a_release_that_could_last_longer_than_an_execution_is_refused():
    # Given twenty environments that each wait for two weeks and soak for one
    environment = STOREFRONT["environments"][1]
    approval = {"approvers": ["ops@example.com"], "expires_after_seconds": 14 * 86_400}
    many = [
        {
            **environment,
            "name": f"e{index}",
            "cluster": f"c{index}",
            "approval": approval,
            "soak_seconds": 604_800,
        }
        for index in range(20)
    ]
    # Then the sum is named with the limit
    (sentence,) = mistakes(changed(STOREFRONT, ("environments", many)))
    assert sentence == (
        "environments: approvals, deployments, checks and waits may take 420 days; "
        "let them add up to at most 300, since an execution ends after a year."
    )


def test_too_many_environments_are_refused():
    many = [{**STOREFRONT["environments"][0], "name": f"e{i}", "cluster": f"c{i}"} for i in range(21)]
    assert mistakes(changed(STOREFRONT, ("environments", many))) == (
        "environments: a list of 21 entries is not allowed; give at most 20.",
    )


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_manifest():
    # Given a manifest with mistakes in single fields and between fields, here and there
    manifest = changed(
        CHECKOUT,
        ("notifications.topic", "x"),
        ("name", "X"),
        (f"{CONTAINER}.0.image", "x"),
        ("environments.2.cluster", GONE),
        ("environments.0.strategy", {"name": "rolling", "maximum_percent": 1, "minimum": 2}),
        ("environments.2.approval.approvers", ["ops@example.com", "ops@example.com"]),
        ("extra", 1),
    )
    # When it is read
    found = [sentence.split(": ")[0] for sentence in mistakes(manifest)]
    # Then all are there, in order; what is missing or unknown stands at the end of its object
    assert found == [
        "name",
        "task_definition.containerDefinitions[0].image",
        "environments[0].strategy.maximum_percent",
        "environments[0].strategy.minimum",
        "environments[2].approval.approvers[1]",
        "environments[2].cluster",
        "notifications.topic",
        "extra",
    ]


def test_a_misspelt_container_is_one_mistake_and_not_two():
    # Given a container fed under a name that is not in the task definition, which leaves another one unfed
    manifest = changed(CHECKOUT, ("containers", {"ap": CHECKOUT["containers"]["app"]}))
    # Then the missing image of that other one is no further mistake
    assert mistakes(manifest) == (
        'containers.ap: the task definition has no container of this name; it has "app".',
    )


def test_a_field_of_the_wrong_shape_is_not_complained_of_twice():
    # Given containers that are a list, so that nothing feeds anything
    assert mistakes(changed(STOREFRONT, ("task_definition.containerDefinitions", "none"))) == (
        'task_definition.containerDefinitions: "none" is not allowed; give a list.',
    )


@pytest.mark.parametrize("value", [None, [], "manifest", 5, True])
def test_what_is_no_object_is_no_manifest(value):
    (sentence,) = mistakes(value)
    assert sentence.startswith("manifest: ")
    assert sentence.endswith(" is not allowed; give an object.")


def test_a_manifest_that_is_too_large_is_refused_for_that_alone():
    value = "x" * 32_768
    variables = {"app": {f"V{index}": value for index in range(5)}}
    (sentence,) = mistakes(changed(CHECKOUT, ("environments.0.overrides.environment", variables)))
    assert sentence.startswith("manifest: it has 16")
    assert sentence.endswith(" bytes; give at most 131072.")
