"""The manifest's strategies with shared traffic: what they become, and one sentence for each mistake."""

import copy
import json

import pytest
from jsonschema import Draft202012Validator

from tests.unit.contracts.manifests import GONE, changed, mistakes
from tests.unit.contracts.strategies import BLUE_GREEN, CANARY, group, rule, with_strategy
from tidegate.contracts.manifest import parse
from tidegate.contracts.schema import manifest_schema
from tidegate.domain import strategy as domain
from tidegate.domain.service import Service

HERE = "environments[2].strategy"
PUBLISHED = {
    "kind": "published",
    "namespace": "Shop",
    "requests": "Requests",
    "errors": "Errors",
    "canary": {"Side": "canary"},
    "stable": {"Side": "stable"},
    "period_seconds": 10,
}
SLOW = {"name": "slow", "threshold_ms": 800}
HISTORY = {
    "kind": "published",
    "namespace": "Shop",
    "requests": "Requests",
    "errors": "Errors",
    "groups": [{"Task": "1"}, {"Task": "2"}],
}
FULL_CANARY = {
    **CANARY,
    "judge": {"alpha": 0.02, "profile": "calibrated", "slow": [SLOW]},
    "metrics": {**PUBLISHED, "slow": {"slow": "Slow"}},
    "history": HISTORY,
    "when_inconclusive": "ask",
    "warm_up_seconds": 0,
    "longest_seconds": 7200,
    "alarms": {"names": ["a"]},
}
FULL_BLUE_GREEN = {
    **BLUE_GREEN,
    "test_url": None,
    "test_headers": {"x-test": "1"},
    "bake_minutes": 0,
    "bake": {"slow_ms": 500, "slow_rate": 0.1, "when_inconclusive": "accept"},
    "test_checks": ["smoke", "deep"],
}


def settings(strategy):
    return parse(with_strategy(strategy)).to_domain().environments[2].strategy


def test_a_canary_that_says_only_what_it_must_gets_the_documented_defaults():
    # When
    found = settings(CANARY)

    # Then
    assert found == domain.CanarySettings(
        steps=(
            domain.CanaryStep(1.0, 300, 1800),
            domain.CanaryStep(5.5, 60, 1800),
            domain.CanaryStep(50.0, 300, 1800),
        ),
        listener_rules=(rule("9683b2d0"),),
        target_group=group("stable"),
        canary_target_group=group("canary"),
    )


def test_a_blue_green_strategy_that_says_only_what_it_must_gets_the_documented_defaults():
    # When
    found = settings(BLUE_GREEN)

    # Then
    assert found == domain.BlueGreenSettings(
        production_rule=rule("9683b2d0"),
        test_rule=rule("a1b2c3d4"),
        target_groups=(group("one"), group("two")),
        infrastructure_role="arn:aws:iam::123456789012:role/shift",
        test_url="https://checkout.example.com:8443",
        test_checks=("smoke",),
    )
    assert (found.timeout_seconds, found.bake_minutes, found.bake.when_inconclusive) == (7200, 10, "return")


def test_what_a_canary_is_judged_by_arrives_in_the_domain():
    # When
    found = settings(FULL_CANARY)

    # Then
    assert found.judge == domain.JudgeRules(
        alpha=0.02, profile="calibrated", slow=(domain.SlowResponses("slow", 800, 0.4),)
    )
    assert found.metrics == domain.PublishedMetrics(
        "Shop",
        "Requests",
        "Errors",
        {"Side": "canary"},
        {"Side": "stable"},
        {"slow": "Slow"},
        period_seconds=10,
    )
    assert found.history == domain.PublishedHistory(
        "Shop", "Requests", "Errors", ({"Task": "1"}, {"Task": "2"})
    )
    assert (found.when_inconclusive, found.longest_seconds, found.alarms.names) == ("ask", 7200, ("a",))


ZONES = {**CANARY, "history": {"kind": "zones", "zones": ["us-east-1a", "us-east-1b"]}}


@pytest.mark.parametrize("strategy", [CANARY, FULL_CANARY, ZONES, BLUE_GREEN, FULL_BLUE_GREEN])
def test_a_stored_strategy_is_itself_valid_and_means_the_same(strategy):
    # Given
    manifest = with_strategy(strategy)
    service = parse(manifest).to_domain()

    # When
    stored = json.loads(json.dumps(service.to_json()))

    # Then
    assert Service.from_json(stored) == service
    assert parse(stored).to_domain() == service
    assert list(Draft202012Validator(manifest_schema()).iter_errors(manifest)) == []


def steps(*weights):
    return [{"weight": weight, "minimum_seconds": 1, "maximum_seconds": 2} for weight in weights]


ARN = "the ARN of a listener rule of an Application Load Balancer"
GROUP = "the ARN of a target group"
TENTHS = "give a number from 0.1 to 95 with at most 1 decimal"
SHARE = "give a number from 0.00001 to 0.5 with at most 6 decimals"
LISTENER = "arn:aws:elasticloadbalancing:a:123456789012:listener/x"
ABROAD = group("stable").replace("us-east-1", "eu-west-1")
PERIODS = "give 1, 5, 10, 20, 30 or 60"

CANARY_MISTAKES = [
    ({"steps": GONE}, "steps: this field is missing; give 1 to 20 steps, ascending"),
    ({"steps": []}, "steps: a list of 0 entries is not allowed; give at least 1"),
    ({"steps": steps(*range(1, 22))}, "steps: a list of 21 entries is not allowed; give at most 20"),
    ({"steps": steps(0)}, f"steps[0].weight: 0 is not allowed; {TENTHS}"),
    ({"steps": steps(0.05)}, f"steps[0].weight: 0.05 is not allowed; {TENTHS}"),
    ({"steps": steps(2.25)}, f"steps[0].weight: 2.25 is not allowed; {TENTHS}"),
    ({"steps": steps(95.1)}, f"steps[0].weight: 95.1 is not allowed; {TENTHS}"),
    ({"steps": steps("5")}, f'steps[0].weight: "5" is not allowed; {TENTHS}'),
    ({"steps": steps(True)}, f"steps[0].weight: true is not allowed; {TENTHS}"),
    ({"steps": steps(5, 5)}, "steps[1].weight: 5 is not more than the step before, 5"),
    ({"steps": steps(50, 5.5, 60)}, "steps[1].weight: 5.5 is not more than the step before, 50"),
    (
        {"steps": [{"weight": 5, "minimum_seconds": 1801}]},
        "steps[0].minimum_seconds: 1801 is more than maximum_seconds, which is 1800",
    ),
    (
        {"steps": [{"weight": 5, "maximum_seconds": 0}]},
        "steps[0].maximum_seconds: 0 is not allowed; give a whole number from 1 to 86400",
    ),
    (
        {"longest_seconds": 5399},
        "longest_seconds: all steps may take 5400 seconds; give at least that, or shorter steps",
    ),
    (
        {"longest_seconds": 86_401},
        "longest_seconds: 86401 is not allowed; give a whole number from 10 to 86400",
    ),
    ({"listener_rules": []}, "listener_rules: a list of 0 entries is not allowed; give at least 1"),
    ({"listener_rules": [LISTENER]}, f'listener_rules[0]: "{LISTENER}" is not allowed; give {ARN}'),
    ({"listener_rules": [rule("1"), rule("1")]}, "listener_rules[1]: it is given already; give each once"),
    (
        {"target_group": "checkout"},
        f'target_group: "checkout" is not allowed; give {GROUP}',
    ),
    ({"canary_target_group": group("stable")}, "canary_target_group: it is given already; give each once"),
    (
        {"target_group": ABROAD},
        (
            "target_group: it is in eu-west-1 of account 123456789012; give one in us-east-1 of account "
            "123456789012, like the service"
        ),
    ),
    (
        {"when_inconclusive": "accept"},
        'when_inconclusive: "accept" is not allowed; give "wait", "ask" or "return"',
    ),
    ({"judge": {"alpha": 0}}, f"judge.alpha: 0 is not allowed; {SHARE}"),
    (
        {"judge": {"profile": "guarded"}},
        "judge.profile: guarded needs a history; give one, or give robust or fast",
    ),
    ({"judge": {"slow": [SLOW, SLOW]}}, 'judge.slow[1].name: "slow" is the name of another metric already'),
    (
        {"judge": {"slow": [{**SLOW, "name": "errors"}]}},
        'judge.slow[0].name: "errors" is the name of another metric already',
    ),
    (
        {"judge": {"slow": [SLOW]}, "metrics": PUBLISHED},
        "judge.slow[0].name: metrics.slow has no metric for it; give one, or leave this one out",
    ),
    (
        {"metrics": {**PUBLISHED, "slow": {"slow": "Slow"}}},
        "metrics.slow.slow: judge.slow has nothing of this name; give it there too",
    ),
    (
        {"metrics": {"kind": "load_balancer", "period_seconds": 10}},
        "metrics.period_seconds: 10 is not allowed; give 60",
    ),
    (
        {"metrics": {**PUBLISHED, "period_seconds": 15}},
        f"metrics.period_seconds: 15 is not allowed; {PERIODS}",
    ),
    (
        {"metrics": {**PUBLISHED, "period_seconds": True}},
        f"metrics.period_seconds: true is not allowed; {PERIODS}",
    ),
    (
        {"metrics": {**PUBLISHED, "stable": PUBLISHED["canary"]}},
        "metrics.stable: these are the canary's dimensions; give those of the stable side",
    ),
    (
        {"history": {"kind": "zones", "zones": ["us-east-1a"]}},
        "history.zones: a list of 1 entries is not allowed; give at least 2",
    ),
    (
        {"history": {**HISTORY, "groups": [{"Task": "1"}, {"Task": "1"}]}},
        "history.groups[1]: it is given already; give each once",
    ),
]
BLUE_GREEN_MISTAKES = [
    ({"bake": {"alpha": "1"}}, f'bake.alpha: "1" is not allowed; {SHARE}'),
    ({"test_rule": rule("9683b2d0")}, "test_rule: it is given already; give each once"),
    ({"target_groups": [group("one")]}, "target_groups: a list of 1 entries is not allowed; give at least 2"),
    ({"target_groups": [group("one")] * 2}, "target_groups[1]: it is given already; give each once"),
    (
        {"infrastructure_role": "shift"},
        'infrastructure_role: "shift" is not allowed; give the ARN of an IAM role',
    ),
    (
        {"test_url": "https://checkout.example.com/test"},
        (
            'test_url: "https://checkout.example.com/test" is not allowed; give scheme, host and port '
            "such as https://example.com:8443, without a path"
        ),
    ),
    (
        {"test_checks": ["smoke", "smok"]},
        'test_checks[1]: there is no check "smok"; the checks of the environment are "smoke", "deep"',
    ),
    ({"test_checks": ["deep", "deep"]}, 'test_checks[1]: "deep" is given already; give each once'),
    (
        {"test_url": None},
        "test_checks[0]: its requests would go to blue; give test_url or test_headers, which lead to green",
    ),
    (
        {"bake_minutes": 120},
        "timeout_seconds: the bake alone takes 7200 seconds; give at least 7500, or bake less",
    ),
    ({"bake_minutes": 1441}, "bake_minutes: 1441 is not allowed; give a whole number from 0 to 1380"),
    (
        {"hook_timeout_minutes": 0},
        "hook_timeout_minutes: 0 is not allowed; give a whole number from 1 to 1440",
    ),
    ({"bake": {"error_rate": 0.75}}, f"bake.error_rate: 0.75 is not allowed; {SHARE}"),
    (
        {"bake": {"when_inconclusive": "wait"}},
        'bake.when_inconclusive: "wait" is not allowed; give "accept" or "return"',
    ),
]


def spoilt(base, change):
    strategy = {**copy.deepcopy(base), **change}
    return with_strategy({name: value for name, value in strategy.items() if value is not GONE})


CASES = [(CANARY, *case) for case in CANARY_MISTAKES] + [(BLUE_GREEN, *case) for case in BLUE_GREEN_MISTAKES]


@pytest.mark.parametrize(
    ("base", "change", "sentence"),
    [
        pytest.param(*case, id=f"{number} {case[0]['name']} {case[2].split(':')[0]}")
        for number, case in enumerate(CASES)
    ],
)
def test_each_mistake_gives_its_sentence_and_no_other(base, change, sentence):
    assert mistakes(spoilt(base, change)) == (f"{HERE}.{sentence}.",)


def test_a_timeout_that_is_left_out_may_be_too_short_for_the_bake():
    assert mistakes(spoilt(BLUE_GREEN, {"bake_minutes": 115})) == ()


def test_asking_needs_somebody_to_ask():
    # Given
    asking = spoilt(CANARY, {"when_inconclusive": "ask"})

    # Then
    assert mistakes(asking) == ()
    sentence = "ask needs people to ask; give the environment an approval, or give wait or return."
    without = changed(asking, ("environments.2.approval", None))
    assert mistakes(without) == (f"{HERE}.when_inconclusive: {sentence}",)


def test_two_environments_do_not_share_a_rule_or_a_target_group():
    # Given
    manifest = changed(with_strategy(CANARY), ("environments.1.strategy", copy.deepcopy(CANARY)))

    # Then
    taken = "environments[1] has it already; give each environment one of its own."
    assert mistakes(manifest) == (
        f"{HERE}.listener_rules[0]: {taken}",
        f"{HERE}.target_group: {taken}",
        f"{HERE}.canary_target_group: {taken}",
    )


def test_a_canary_is_not_the_service_of_another_environment():
    # Given
    manifest = changed(
        with_strategy(CANARY),
        ("environments.1.cluster", example_cluster(2)),
        ("environments.1.service", "checkout-canary"),
    )

    # Then
    sentence = 'its canary would be "checkout-canary", which is the service of another environment.'
    assert mistakes(manifest) == (f"environments[2].service: {sentence}",)


def example_cluster(index: int) -> str:
    return str(with_strategy(CANARY)["environments"][index]["cluster"])


def test_the_name_of_a_canary_may_be_too_long():
    manifest = changed(with_strategy(CANARY), ("environments.2.service", "x" * 250))
    assert mistakes(manifest) == (
        "environments[2].service: the name of its canary would have more than 255 characters; give less.",
    )


@pytest.mark.parametrize(
    "shape",
    [
        {"name": "canary", "steps": 5, "listener_rules": {}, "judge": [], "metrics": "x", "history": 3},
        {"name": "canary", "steps": [None, 3, {"weight": float("nan")}], "judge": {"slow": [1, {}]}},
        {"name": "blue_green", "target_groups": "x", "bake": 3, "test_checks": {"a": 1}},
        {"name": ["canary"]},
    ],
)
def test_a_strategy_of_any_shape_is_refused_with_sentences(shape):
    manifest = with_strategy(shape)
    assert mistakes(manifest)
    assert all(sentence.endswith(".") for sentence in mistakes(manifest))
