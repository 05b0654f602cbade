"""`validate`, `plan` and `register`."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.difference import calibration_of
from tests.support.ports import FakePorts
from tests.unit.cli.terminal import Terminal
from tests.unit.contracts.manifests import changed, example
from tests.unit.examples import NOON, environment
from tidegate.contracts.manifest import parse
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.strategy import CanarySettings, CanaryStep
from tidegate.domain.task_definition import render

A = "sha256:" + "a" * 64
EXAMPLE = example("checkout")


def file_of(folder: Path, manifest: Any) -> str:
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    return str(path)


def living(terminal: Terminal, manifest: dict[str, Any]) -> FakePorts:
    """Let the service of a manifest run as the manifest says, and be registered."""
    ports, service = terminal.ports, parse(manifest).to_domain()
    ports.catalogue.revisions.clear()
    ports.catalogue.put(service, after=0)
    for source in service.containers.values():
        ports.registry.push(source.repository, "1.0.0", A, ports.clock.now())
    for place in service.environments:
        images = dict.fromkeys(service.containers, f"registry.example/{service.name}@{A}")
        family = service.family(place.name)
        definition = render(service.task_definition, place.overrides, images, family, {})
        arn = ports.task_definitions.register(place.target, definition)
        ports.services.add(place.cluster, place.service, arn)
        ports.alarms.known.update(dict.fromkeys(place.strategy.alarms.names, "OK"))
    return ports


# --- validate -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["checkout", "multi_container"])
def test_the_examples_are_valid(terminal: Terminal, name: str, tmp_path: Path):
    # When
    said = terminal.run("validate", file_of(tmp_path, example(name)), "--json")

    # Then
    assert said.code == 0
    assert said.document["valid"] is True
    assert said.document["service"] == example(name)["name"]


def test_every_mistake_is_a_sentence_that_names_its_field(terminal: Terminal, tmp_path: Path):
    # Given
    wrong = changed(
        EXAMPLE, ("environments.0.strategy", {"name": "rolling", "maximum_percent": 90}), ("nam", 1)
    )

    # When
    said = terminal.run("validate", file_of(tmp_path, wrong))

    # Then
    assert said.code == 2
    assert said.out == ""
    assert "environments[0].strategy.maximum_percent: 90 is not allowed" in said.err
    assert "nam: this field is not known; the nearest one that is known is name." in said.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff\xfe", "cannot be read: it is no text in UTF-8."),
        (b"{,}", "is no JSON: line 1, column 2: "),
        (b"[" * 100_000, "is no JSON: "),
        (b"[]", "a list is not allowed; give an object."),
    ],
)
def test_what_is_no_manifest_is_said_in_one_sentence(
    terminal: Terminal, content: bytes | None, sentence: str, tmp_path: Path
):
    # Given
    path = tmp_path / "m.json"
    if content is not None:
        path.write_bytes(content)

    # When
    said = terminal.run("validate", str(path))

    # Then
    assert said.code == 2
    assert sentence in said.err
    assert said.err.startswith("manifest: ")
    assert len(said.err.splitlines()) == 1


def test_a_manifest_comes_from_standard_input_too(terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(EXAMPLE)))
    assert terminal.run("validate", "-").code == 0


# --- plan ---------------------------------------------------------------------------------------------------


def test_a_manifest_that_is_registered_as_it_is_changes_nothing(terminal: Terminal, tmp_path: Path):
    # Given
    living(terminal, EXAMPLE)

    # When
    said = terminal.run("plan", file_of(tmp_path, EXAMPLE), "--json")

    # Then
    assert (said.code, said.document["revision"], said.document["changes"]) == (0, 1, [])
    assert said.document["would_be_refused"] is False


def test_a_plan_says_what_would_be_otherwise_before_anything_is(terminal: Terminal, tmp_path: Path):
    # Given
    ports = living(terminal, EXAMPLE)
    other = changed(
        EXAMPLE,
        (
            "environments.0.overrides",
            {"environment": {"app": {"STAGE": "new", "DB_PASSWORD": "x1"}}},
        ),
        ("environments.0.soak_seconds", 77),
    )

    # When
    said = terminal.run("plan", file_of(tmp_path, other))
    first = EXAMPLE["environments"][0]["name"]

    # Then
    assert said.code == 0
    assert f"environments.{first}.soak_seconds: 0 → 77" in said.out
    assert "containers.app.environment.STAGE: " in said.out
    assert "new" in said.out
    assert "(hidden)" in said.out
    assert "x1" not in said.out
    assert "would be revision 2" in said.out
    assert len(ports.catalogue.revisions[EXAMPLE["name"]]) == 1
    assert not ports.machines.executions


def test_a_plan_names_the_strategy_of_every_environment_and_who_approves(terminal: Terminal, tmp_path: Path):
    # Given
    living(terminal, EXAMPLE)

    # When
    places = terminal.run("plan", file_of(tmp_path, EXAMPLE), "--json").document["environments"]

    # Then
    assert [place["name"] for place in places] == [each["name"] for each in EXAMPLE["environments"]]
    assert {place["strategy"] for place in places} == {
        each.get("strategy", {"name": "rolling"})["name"] for each in EXAMPLE["environments"]
    }
    assert [bool(place["approvers"]) for place in places] == [
        bool(each.get("approval")) for each in EXAMPLE["environments"]
    ]


def test_a_new_environment_is_one_line_and_so_is_one_that_goes(terminal: Terminal, tmp_path: Path):
    # Given
    living(terminal, EXAMPLE)
    fewer = changed(EXAMPLE, ("environments", EXAMPLE["environments"][1:]))
    gone = EXAMPLE["environments"][0]["name"]

    # When
    said = terminal.run("plan", file_of(tmp_path, fewer))

    # Then
    assert said.out.count(f"environments.{gone}") == 1
    assert "~ environments: " in said.out


def test_what_registering_would_refuse_is_said_beforehand(terminal: Terminal, tmp_path: Path):
    # Given
    ports = living(terminal, EXAMPLE)
    first, second = EXAMPLE["environments"][:2]
    del ports.services.described[first["cluster"], first["service"]]
    known = ports.services.described[second["cluster"], second["service"]]
    ports.services.described[second["cluster"], second["service"]] = replace(known, controller="EXTERNAL")

    # When
    said = terminal.run("plan", file_of(tmp_path, EXAMPLE))

    # Then
    assert said.code == 3
    assert "Registering would be refused" in said.out
    assert "environments[0].service: there is no active service" in said.out
    assert "environments[1].service: its deployment controller is EXTERNAL; it must be ECS." in said.out


def test_an_account_that_is_not_tidegates_own_is_said_beforehand(terminal: Terminal, tmp_path: Path):
    # Given
    living(terminal, EXAMPLE)
    foreign = changed(EXAMPLE, ("environments.0.account", "999999999999"))

    # When
    said = terminal.run("plan", file_of(tmp_path, foreign), "--json")

    # Then
    assert said.code == 3
    assert "environments[0].account: 999999999999" in said.document["environments"][0]["problems"][0]


def test_a_plan_for_a_service_that_is_new_says_so(terminal: Terminal, tmp_path: Path):
    # Given
    living(terminal, EXAMPLE)
    terminal.ports.catalogue.revisions.clear()

    # When
    said = terminal.run("plan", file_of(tmp_path, EXAMPLE))

    # Then
    assert said.code == 0
    assert "is not registered yet; this manifest would be revision 1." in said.out


@pytest.mark.parametrize("measured", [False, True])
def test_a_plan_for_a_canary_says_how_far_its_judge_is_calibrated(terminal: Terminal, measured: bool):
    # Given
    place = replace(
        environment("prod"), strategy=CanarySettings((CanaryStep(10, 60),), (), "stable", "canary")
    )
    if measured:
        known = StoredCalibration(
            at=NOON, since=NOON, metrics={"errors": {"status": "ok"}}, note="Few hours."
        )
        terminal.ports.calibrations.put("checkout", "prod", known)

    # When
    said = calibration_of(terminal.ports, "checkout", place)

    # Then
    if measured:
        assert said == "measured 2026-11-23 12:00 UTC: errors ok; Few hours."
    else:
        assert said == "its history has not been measured yet; it judges cautiously until it has"


def test_where_nothing_is_judged_no_calibration_is_looked_for(terminal: Terminal):
    assert calibration_of(terminal.ports, "checkout", environment("dev")) is None
    assert not terminal.ports.calibrations.calls


# --- register -----------------------------------------------------------------------------------------------


def test_a_service_is_registered_by_the_machine(terminal: Terminal, tmp_path: Path):
    # Given
    ports = living(terminal, EXAMPLE)
    ports.catalogue.revisions.clear()

    # When
    said = terminal.run("register", file_of(tmp_path, EXAMPLE), "--reason", "First.", "--json")

    # Then
    assert (said.code, said.document["outcome"]) == (0, "succeeded")
    assert "is registered as revision 1" in said.document["reason"]
    assert terminal.started("register_service") == {
        "manifest": EXAMPLE,
        "reason": "First.",
        "requested_by": "ana",
    }


def test_what_the_machine_refuses_ends_as_rejected_with_its_sentences(terminal: Terminal, tmp_path: Path):
    # Given nothing runs
    terminal.ports.catalogue.revisions.clear()

    # When
    said = terminal.run("register", file_of(tmp_path, EXAMPLE))

    # Then
    assert said.code == 3
    assert said.out.startswith("rejected: ")
    assert "environments[0].service: there is no active service" in said.out


def test_a_manifest_with_mistakes_starts_nothing(terminal: Terminal, tmp_path: Path):
    # When
    said = terminal.run("register", file_of(tmp_path, {**EXAMPLE, "name": "No Name"}))

    # Then
    assert said.code == 2
    assert said.err.startswith("name: ")
    assert not terminal.ports.machines.executions
