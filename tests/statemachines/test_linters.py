"""The two public linters find what they are there for, and nothing that the language allows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.statemachines.linters import SCHEMA, complaints
from tests.statemachines.test_seeded_mistakes import Mistake, put, strategy

pytestmark = pytest.mark.skipif(
    not SCHEMA.exists(), reason="the Node.js linter is not installed (make asl installs it)"
)


def written(folder: Path, *mistakes: Mistake) -> Path:
    machine = strategy()
    for mistake in mistakes:
        mistake(machine)
    path = folder / "rolling.asl.json"
    path.write_text(json.dumps(machine.definition))
    return path


def test_a_sound_machine_brings_no_complaint(tmp_path: Path):
    assert complaints(written(tmp_path)) == []


def test_a_timeout_that_is_an_expression_brings_no_complaint(tmp_path: Path):
    assert (
        complaints(written(tmp_path, put("States/Verify/TimeoutSeconds", "{% $states.input.seconds %}")))
        == []
    )


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(put("States/Verify/Next", "Nowhere"), id="an arrow to nowhere"),
        pytest.param(
            put("States/Verify/Retry/0/BackoffRate", 2), id="a whole number where the language wants a float"
        ),
        pytest.param(put("States/Verify/TimeoutSeconds", "soon"), id="a timeout that is no number"),
        pytest.param(put("States/Verify/Typ", "Task"), id="a field that no state has"),
        pytest.param(put("States/Verify/Type", "Taks"), id="a type that no state has"),
    ],
)
def test_a_mistake_brings_a_complaint(tmp_path: Path, mistake: Mistake):
    assert complaints(written(tmp_path, mistake)) != []


def test_a_broken_file_brings_a_complaint(tmp_path: Path):
    # Given
    path = tmp_path / "broken.asl.json"
    path.write_text('{"States": ')

    # When / Then
    assert complaints(path) != []
