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


def test_checks_that_could_outlast_their_verification_are_refused():
    # Given four tasks that may run for six hours each
    task = {"kind": "task", "container": "api", "command": ["x"], "timeout_seconds": 21_600}
    checks = [{**task, "name": f"check {number}"} for number in range(4)]

    # Then the sum is named with the limit, and three of them are fine
    manifest = changed(STOREFRONT, ("environments.0.checks", checks))
    (sentence,) = mistakes(manifest)
    assert sentence == (
        "environments[0].checks: all checks may take 86400 seconds, one after the other; "
        "let their timeouts add up to at most 72000 seconds."
    )
    assert mistakes(changed(STOREFRONT, ("environments.0.checks", checks[:3]))) == ()


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


def test_the_longest_release_allowed_is_counted_to_the_second():
    # Given eighteen environments of 1,410,000 seconds each, one that says little, and the scan
    scan, defaults, limit = 1800, 86_400 + 900 + 1800 + 300 + 3 * (5 + 2) + 600, 300 * 86_400
    long = {
        **STOREFRONT["environments"][1],
        "approval": {"approvers": ["ops@example.com"], "expires_after_seconds": 1_209_600},
        "before_deploy": {"container": "api", "command": ["x"], "timeout_seconds": 21_600},
        "strategy": {"name": "rolling", "timeout_seconds": 86_400},
        "watch_seconds": 30_000,
        "soak_seconds": 60_000,
        "checks": [
            {"kind": "http", "name": "a", "url": "http://x", "attempts": 20, "interval_seconds": 1},
            {"kind": "task", "name": "b", "container": "api", "command": ["x"], "timeout_seconds": 2340},
        ],
    }
    short = {
        **STOREFRONT["environments"][0],
        "approval": {"approvers": ["ops@example.com"]},
        "before_deploy": {"container": "api", "command": ["x"]},
        "checks": [
            {"kind": "http", "name": "a", "url": "http://x"},
            {"kind": "task", "name": "b", "container": "api", "command": ["x"]},
        ],
    }
    short["soak_seconds"] = limit - scan - defaults - 18 * 1_410_000
    many = [{**long, "name": f"e{index}", "cluster": f"c{index}"} for index in range(18)]
    # Then exactly three hundred days are accepted, and a second more is not
    assert mistakes(changed(STOREFRONT, ("environments", [*many, {**short, "name": "z"}]))) == ()
    longer = {**short, "name": "z", "watch_seconds": 301}
    (sentence,) = mistakes(changed(STOREFRONT, ("environments", [*many, longer])))
    assert sentence.startswith("environments: approvals, deployments, checks and waits may take 300 days;")


def test_an_http_check_may_take_exactly_ten_minutes():
    # Given twenty tries of thirty seconds
    slow = {"kind": "http", "name": "a", "url": "http://x", "attempts": 20, "interval_seconds": 28}
    assert mistakes(changed(STOREFRONT, ("environments.0.checks", [slow]))) == ()
    slower = {**slow, "interval_seconds": 29}
    assert len(mistakes(changed(STOREFRONT, ("environments.0.checks", [slower])))) == 1


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE = {
    "256": [512, 1024, 2048],
    "512": [1024, 2048, 3072, 4096],
    "1024": [2048, 3072, 4096, 5120, 6144, 7168, 8192],
    "2048": [4096, 5120, 15_360, 16_384],
    "4096": [8192, 9216, 29_696, 30_720],
    "8192": [16_384, 20_480, 57_344, 61_440],
    "16384": [32_768, 40_960, 114_688, 122_880],
}
NOT_FARGATE = {
    "256": [256, 513, 1536, 3072],
    "512": [512, 5120],
    "1024": [1024, 9216],
    "2048": [3072, 4608, 17_408],
    "4096": [7168, 31_744],
    "8192": [15_360, 17_408, 62_464, 65_536],
    "16384": [30_720, 33_792, 123_904, 131_072],
}


@pytest.mark.parametrize(("cpu", "sizes"), FARGATE.items())
def test_the_sizes_of_fargate_are_accepted(cpu, sizes):
    task = [(("task_definition.cpu", cpu), ("task_definition.memory", str(size))) for size in sizes]
    assert [mistakes(changed(STOREFRONT, *size)) for size in task] == [()] * len(sizes)


@pytest.mark.parametrize(("cpu", "sizes"), NOT_FARGATE.items())
def test_other_sizes_are_refused_on_fargate(cpu, sizes):
    for size in sizes:
        overrides = {"cpu": cpu, "memory": str(size)}
        (sentence,) = mistakes(changed(STOREFRONT, ("environments.0.overrides", overrides)))
        assert sentence.startswith(
            f"environments[0].overrides.memory: {size} MiB with {cpu} CPU units is not"
        )


def test_without_fargate_any_size_is_accepted():
    ec2 = ("task_definition.requiresCompatibilities", ["EC2"])
    assert mistakes(changed(STOREFRONT, ec2, ("task_definition.memory", "2500"))) == ()


def test_numbers_of_thousands_of_digits_are_one_mistake_each():
    # Given numbers whose product nobody could write down
    check = {
        "kind": "http",
        "name": "a",
        "url": "http://x",
        "attempts": 10**4000,
        "interval_seconds": 10**4000,
    }
    found = mistakes(changed(STOREFRONT, ("environments.0.checks", [check])))
    assert [sentence.split(" is not allowed")[0] for sentence in found] == [
        "environments[0].checks[0].attempts: a very large number",
        "environments[0].checks[0].interval_seconds: a very large number",
    ]


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
