"""The strategies by name."""

from pathlib import Path

import pytest

from tidegate.domain.strategy import STRATEGIES, unknown_strategy

ROOT = Path(__file__).parents[3]


def test_every_strategy_is_a_state_machine_of_the_same_name():
    machines = {path.name.split(".")[0] for path in (ROOT / "statemachines/strategies").glob("*.asl.json")}
    assert machines == STRATEGIES


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_strategy_that_exists_is_not_refused(name: str):
    assert unknown_strategy(name) is None


@pytest.mark.parametrize("name", ["leap", "", "Rolling", "rolling "])
def test_any_other_is_refused_with_those_that_exist(name: str):
    assert unknown_strategy(name) == f"{name} is no strategy; give one of {', '.join(sorted(STRATEGIES))}"
