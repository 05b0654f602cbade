"""Tidegate itself is upgraded while releases are on their way: what has begun goes on, what begins is new."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import deploy, server
from local.sample import Place
from tests.statemachines.machines import ROOT, files
from tests.support.story import Story
from tests.support.together import telling
from tests.support.variants import without_approval

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(400)]

EARLIER = ROOT / "tests" / "schedules" / "earlier" / "rolling_only.json"
"""The machines as they were when rolling was the only strategy."""
MACHINE = "normal_deployment"


def of_earlier(folder: Path) -> Path:
    """The template of a stack with the machines of that time."""
    for name in ("layers", "functions", "statemachines"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", folder)
    earlier = json.loads(EARLIER.read_text())
    for path in files():
        definition = earlier.get(path.name.removesuffix(".asl.json"))
        if definition is not None:
            (folder / path.relative_to(ROOT)).write_text(json.dumps(definition))
    return folder / "template.yaml"


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Place]:
    """A local cloud with the stack of that time."""
    with server.start(port=0, seed=False, template=str(of_earlier(tmp_path))) as running:
        yield Place(running.endpoint)


def definition(place: Place) -> dict[str, Any]:
    """That of the machine that deploys what is pushed, as it begins from now on."""
    described = place.client("stepfunctions").describe_state_machine(stateMachineArn=place.machine(MACHINE))
    found: dict[str, Any] = json.loads(described["definition"])
    return found


def soaking(manifest: dict[str, Any]) -> None:
    """Two environments with a soak between them, and nobody who is asked."""
    without_approval(manifest)
    dev, _, prod = manifest["environments"]
    dev["soak_seconds"] = 3600
    manifest["environments"] = [dev, prod]


def test_releases_that_wait_outlive_an_upgrade(before: Place):
    with telling(before) as tell:
        # Given one release that waits for its approval, one that soaks, and one that ECS is deploying
        asked, soaked, rolled = tell(), tell(soaking), tell()
        approved = asked.push("1.1.0")
        asked_of = asked.release()
        link = asked.mail()
        newest = soaked.push("1.1.0")
        soaked_of = soaked.release()
        soaked.waits_for(soaked_of, "soak/")
        first = rolled.push("1.1.0")
        rolled_of = rolled.release()
        rolled.until(lambda: _deploys(rolled) or None, "ECS deploys it")
        was = definition(before)

        # When
        deploy.deploy(ROOT / "template.yaml", endpoint=before.endpoint)

        # Then the machines are new, and a person's answer finds the release that asked before
        assert definition(before) != was
        answer = asked.approver.decide(link, "approve", "Before the upgrade I had read it.")
        assert answer.status == 200, answer.page
        assert asked.ended(asked_of).outcome == "succeeded"
        assert asked.runs("prod") == approved

        # Then a newer push takes the place of what soaks, and an operator ends its soak
        better = soaked.push("1.2.0")
        newer = soaked.release()
        assert soaked.ended(soaked_of).outcome == "superseded"
        soaked.waits_for(newer, "soak/")
        soaked.run("operate", action="cancel", release=newer.rpartition(":")[2], reason="A test.")
        assert soaked.ended(newer).outcome == "cancelled"
        assert soaked.runs("dev") == better != newest

        # Then what ECS was deploying is recorded, and asks for its approval
        rolled.approve()
        assert rolled.ended(rolled_of).outcome == "succeeded"
        assert rolled.runs("prod") == first

        # Then an operator takes back what came before the upgrade
        back = rolled.run("rollback", service=rolled.name, environment="prod", reason="A test.")
        assert back.outcome == "succeeded"
        assert rolled.runs("prod") != first


def _deploys(story: Story) -> bool:
    asked = {"cluster": "dev", "service": story.name, "status": ["IN_PROGRESS"]}
    return bool(story.place.client("ecs").list_service_deployments(**asked)["serviceDeployments"])
