"""The command line, run as people and CI jobs run it: a program of its own against the local cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.sample import Place
from tests.statemachines.machines import ROOT
from tests.support.story import Story
from tests.support.variants import only_production, only_production_with_approval

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]
Program = subprocess.Popen[str]
LIMIT_SECONDS = 120


class Shell:
    """A shell with the usual settings of the AWS tools, pointed at a local cloud."""

    def __init__(self, place: Place) -> None:
        settings = {
            "AWS_ENDPOINT_URL": place.endpoint,
            "AWS_REGION": place.region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        self._environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", ""), **settings}

    def start(self, *arguments: str) -> Program:
        """Start `tidegate` and leave it running."""
        return subprocess.Popen(
            [ROOT / "bin/tidegate", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, program: Program) -> tuple[int, str]:
        """Wait for its end; returns its exit code and what it printed."""
        out, err = program.communicate(timeout=LIMIT_SECONDS)
        assert "Traceback" not in err, err
        return program.returncode, out + err

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run it to its end."""
        return self.end(self.start(*arguments))

    def read(self, *arguments: str) -> Any:
        """Run it with `--json`, and read the document."""
        code, printed = self.run(*arguments, "--json")
        assert code == 0, printed
        return json.loads(printed)


@pytest.fixture
def shell(place: Place) -> Shell:
    return Shell(place)


def standing(shell: Shell, story: Story) -> dict[str, Any]:
    """What `status` says of production."""
    (service,) = shell.read("status", story.name)["services"]
    return next(each for each in service["environments"] if each["production"])


def test_from_a_new_manifest_to_production(story: Tell, shell: Shell, tmp_path: Path) -> None:
    # Given a manifest that differs from what is registered
    checkout = story(only_production_with_approval)
    manifest = tmp_path / "manifest.json"
    checkout.service.manifest["environments"][0]["watch_seconds"] = 45
    manifest.write_text(json.dumps(checkout.service.manifest))

    # When it is planned and registered
    planned = shell.run("plan", str(manifest))
    registered = shell.run("register", str(manifest), "--reason", "Watched for less long.")

    # Then
    assert planned[0] == 0
    assert "~ environments.prod.watch_seconds: 60 → 45" in planned[1]
    assert registered == (0, f"succeeded: {checkout.name} is registered as revision 2.\n")

    # When an image is pushed, watched as a CI job does, and approved by the link of the mail
    image = ("--service", checkout.name, "--appears-within", "60s", "--timeout", "100s")
    digest = checkout.push("1.1.0")
    by_digest = shell.start("watch", *image, "--digest", f"{checkout.name}@{digest}")
    by_tag = shell.start("watch", *image, "--tag", "1.1.0", "--json")
    checkout.release()
    link = checkout.mail()
    waiting = shell.read("status", checkout.name)["services"][0]
    approved = shell.run("approve", link, "--comment", "Fine.", "--yes")
    code, timeline = shell.end(by_digest)
    code_of_tag, record = shell.end(by_tag)

    # Then
    assert waiting["pending_approvals"][0]["asked"] == [checkout.address]
    assert approved[0] == 0, approved[1]
    assert f"Approve {checkout.name} 1.1.0 for prod?" in approved[1]
    assert (code, code_of_tag) == (0, 0), timeline
    for expected in (
        "scan passed",
        "approval asked of",
        f"approved by {checkout.address}: Fine.",
        "prod  deploying …",
    ):
        assert expected in timeline
    assert json.loads(record)["outcome"] == "succeeded"

    # And what the ledger says is what runs
    production = standing(shell, checkout)
    assert production["runs"]["images"]["app"].endswith(digest)
    assert (production["drift"], production["runs"]["approved_by"]) == (None, checkout.address)
    assert checkout.runs("prod") == digest
    assert shell.read("show", checkout.name)["release"]["images"]["app"]["digest"] == digest
    assert len(shell.read("releases", checkout.name)["releases"]) == 2

    # And a link decides once
    assert shell.run("reject", link, "--comment", "Too late.", "--yes")[0] == 3
    assert shell.run("approve", f"{link[:-1]}~", "--yes")[0] == 8


def test_a_rejection_ends_the_wait_of_a_job_with_its_code(story: Tell, shell: Shell) -> None:
    # Given
    checkout = story(only_production_with_approval)
    digest = checkout.push("1.1.0")
    watching = shell.start("watch", "--service", checkout.name, "--digest", digest)

    # When the last part of the link is given alone
    rejected = shell.run("reject", checkout.mail().rpartition("/")[2], "--comment", "Not today.", "--yes")
    code, timeline = shell.end(watching)

    # Then
    assert rejected[0] == 0, rejected[1]
    assert code == 3
    assert "Not today." in timeline
    assert checkout.runs("prod") != digest


def test_a_frozen_environment_holds_a_release_until_it_is_cancelled(story: Tell, shell: Shell) -> None:
    # Given
    checkout = story(only_production)
    before = checkout.runs("prod")
    frozen = shell.run("freeze", checkout.name, "prod", "--reason", "Quarter end.")
    checkout.push("1.1.0")
    release = checkout.release()
    checkout.waits_for(release, f"freeze/{checkout.name}/prod")
    name = release.rpartition(":")[2]
    watching = shell.start("watch", name)

    # When
    state = standing(shell, checkout)
    cancelled = shell.run("cancel", name, "--reason", "Wrong branch.", "--wait")
    code, timeline = shell.end(watching)
    thawed = shell.run("thaw", checkout.name, "prod")

    # Then
    assert (frozen[0], state["frozen"]) == (0, "Quarter end.")
    assert cancelled[0] == 0, cancelled[1]
    assert code == 7
    assert "Wrong branch." in timeline
    assert thawed[0] == 0
    assert standing(shell, checkout)["frozen"] is None
    assert checkout.runs("prod") == before


def test_a_bad_image_comes_back_and_stays_out_until_it_is_released(story: Tell, shell: Shell) -> None:
    # Given an image whose answers are all errors
    checkout = story(only_production)
    good = checkout.runs("prod")
    digest = checkout.push("1.1.0", error_rate=1.0, http={"/health": 200})

    # When
    code, timeline = shell.run("watch", "--service", checkout.name, "--tag", "1.1.0", "--timeout", "100s")
    held = shell.read("quarantine", checkout.name)["quarantine"]
    refused = shell.run("deploy", checkout.name, "--digest", digest)

    # Then
    assert code == 4, timeline
    assert set(held) == {digest}
    assert refused[0] == 3, refused[1]
    assert "is in quarantine" in refused[1]
    assert checkout.runs("prod") == good

    # When its cause is mended
    checkout.place.world("PUT", f"/images/{digest}", {"starts": True, "error_rate": 0.0})
    released = shell.run("release", checkout.name, digest, "--reason", "A bad upstream.")
    failed = next(
        each["id"]
        for each in shell.read("releases", checkout.name)["releases"]
        if each["outcome"] == "rolled_back"
    )
    retried = shell.run("retry", failed)

    # Then
    assert (released[0], retried[0]) == (0, 0), retried[1]
    assert checkout.runs("prod") == digest


def test_an_operator_keeps_an_image_out_and_goes_back(story: Tell, shell: Shell) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.runs("prod")
    digest = checkout.push("1.1.0")
    assert shell.run("watch", "--service", checkout.name, "--tag", "1.1.0")[0] == 0

    # When
    quarantined = shell.run("quarantine", checkout.name, digest, "--reason", "CVE-2026-1234.")
    back = shell.run("rollback", checkout.name, "prod", "--reason", "CVE-2026-1234.", "--json")

    # Then
    assert quarantined[0] == 0, quarantined[1]
    assert back[0] == 0, back[1]
    assert json.loads(back[1])["outcome"] == "succeeded"
    assert checkout.runs("prod") == good
    assert "CVE-2026-1234." in shell.read("quarantine", checkout.name)["quarantine"][digest]


def test_whoever_may_call_the_function_gets_into_the_status_pages_once(story: Tell, shell: Shell) -> None:
    # Given
    story(only_production)

    # When
    link = shell.read("open")

    # Then
    assert set(link) == {"url", "expires_at"}
    with urllib.request.urlopen(link["url"], timeout=30) as page:
        assert page.status == 200


def test_stopping_the_command_does_not_stop_the_release(story: Tell, shell: Shell) -> None:
    # Given
    checkout = story(only_production)
    checkout.push("1.1.0", healthy_after_s=3)
    release = checkout.release()
    watching = shell.start("watch", release.rpartition(":")[2])
    assert watching.stdout is not None
    first = watching.stdout.readline()

    # When
    watching.send_signal(signal.SIGINT)
    code, rest = shell.end(watching)

    # Then
    assert first.startswith(release.rpartition(":")[2])
    assert (code, rest.splitlines()[-1]) == (130, "Stopped. What was started goes on.")
    assert checkout.ended(release).outcome == "succeeded"


def test_mistakes_are_a_sentence_and_a_code(story: Tell, shell: Shell, tmp_path: Path) -> None:
    # Given
    checkout = story(only_production)
    empty = tmp_path / "manifest.json"
    empty.write_text("{}")

    # Then
    assert shell.run("status", "--stack", "other") == (
        8,
        "stack: there is no stack other in us-east-1; give --stack, or another AWS_REGION.\n",
    )
    assert shell.run("status", "nobody")[0] == 8
    assert shell.run("freeze", checkout.name, "moon", "--reason", "x") == (
        3,
        f"rejected: environment: service {checkout.name} has no environment moon; it has prod.\n",
    )
    assert shell.run("register", str(empty))[0] == 2
    assert shell.run("watch", "--service", checkout.name, "--tag", "9.9.9", "--appears-within", "1s")[0] == 11
