"""Blue/green in production: tested before the switch, judged after it, back where it was when it is bad."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.demo import watch
from tests.support.canary_record import CanaryRecord
from tests.support.story import Story
from tests.support.variants import blue_green_in_production
from tidegate.domain.canary import schedule_name

Tell = Callable[..., Story]


class Switched:
    """A service in production that is switched between two target groups, with users."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.place = story.place
        self.before = story.runs("prod")
        self._known: set[str] = set()
        self.settles()
        story.service.set_traffic(100)

    @property
    def strategy(self) -> dict[str, Any]:
        return dict(self.story.service.manifest["environments"][0]["strategy"])

    def weights(self, rule: str = "production_rule") -> dict[str, int]:
        """Target group to its weight, as the rule really has it."""
        found = self.place.client("elbv2").describe_rules(RuleArns=[self.strategy[rule]])["Rules"][0]
        (forward,) = (action for action in found["Actions"] if action["Type"] == "forward")
        return {each["TargetGroupArn"]: each["Weight"] for each in forward["ForwardConfig"]["TargetGroups"]}

    def set_weights(self, *weights: int) -> None:
        """Somebody changes the production rule by hand."""
        pairs = zip(self.strategy["target_groups"], weights, strict=True)
        groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in pairs]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        self.place.client("elbv2").modify_rule(RuleArn=self.strategy["production_rule"], Actions=[action])

    def serving(self) -> str:
        """The one target group that has all production traffic."""
        loaded = [group for group, weight in self.weights().items() if weight]
        assert len(loaded) == 1, self.weights()
        assert sorted(self.weights().values()) == [0, 100]
        return loaded[0]

    def picture(self, execution: str) -> str:
        """The picture of the bake of a release, as it was stored."""
        place = {"Bucket": self.story.place.resource("EvidenceBucket")}
        key = f"{self.story.name}/{execution.rpartition(':')[2]}/prod/1/bake.svg"
        stored = self.story.place.client("s3").get_object(**place, Key=key)
        return str(stored["Body"].read().decode())

    def deployment(self) -> dict[str, Any]:
        """The newest service deployment, described."""
        ecs = self.place.client("ecs")
        listed = ecs.list_service_deployments(cluster="prod", service=self.story.name)["serviceDeployments"]
        arn = listed[0]["serviceDeploymentArn"]
        found = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
        return dict(found[0])

    def settles(self) -> None:
        """Wait until ECS has nothing to deploy; what it has deployed is known from now on."""
        self.story.until(lambda: self.deployment()["status"] == "SUCCESSFUL" or None, "the service stands")
        self._known.add(self.deployment()["serviceDeploymentArn"])

    def begins(self) -> None:
        """Wait for a service deployment that is newer than those known before."""
        self.story.until(
            lambda: self.deployment()["serviceDeploymentArn"] not in self._known or None, "ECS deploys"
        )

    def reaches(self, stage: str) -> None:
        """Wait for a lifecycle stage of a service deployment that is newer than those known before."""

        def there() -> bool | None:
            found = self.deployment()
            is_new = found["serviceDeploymentArn"] not in self._known
            return (is_new and found.get("lifecycleStage") == stage) or None

        self.story.until(there, f"{stage} is reached")

    def traffic(self) -> dict[str, Any]:
        return dict(self.place.world("GET", f"/traffic/prod/{self.story.name}"))

    def answered_by(self, digest: str) -> int:
        """How many of the users' requests an image has answered."""
        return int(self.traffic()["versions"].get(digest, {}).get("requests", 0))

    def schedules(self) -> list[str]:
        """Names of the pulses that are still invoked for this service."""
        name = schedule_name("tidegate", self.story.name, "prod")
        found = self.place.client("scheduler").list_schedules(GroupName="tidegate", NamePrefix=name)
        return [each["Name"] for each in found["Schedules"]]

    def silence_pulse(self) -> None:
        """Let nobody look after the deployment any more."""
        for name in self.schedules():
            self.place.client("scheduler").delete_schedule(GroupName="tidegate", Name=name)

    def is_back(self, blue: str) -> None:
        """Assert that everything is as it was before a release that did not stay."""
        assert self.story.runs("prod") == self.before
        assert self.serving() == blue
        assert self.traffic()["lost_requests"] == 0
        self.story.until(lambda: not self.schedules() or None, "the pulse has ended", 30)


@pytest.fixture
def switched(story: Tell) -> Iterator[Callable[..., Switched]]:
    """Makes services that are switched between two target groups; their users go when the scenario ends."""
    made: list[Switched] = []

    def make(**settings: Any) -> Switched:
        made.append(Switched(story(blue_green_in_production(**settings))))
        return made[-1]

    yield make
    for each in made:
        each.story.service.set_traffic(0)


def name_of(execution: str) -> str:
    return execution.rpartition(":")[2]


def test_a_good_release_is_switched_to_without_losing_a_request(switched: Callable[..., Switched]) -> None:
    # Given
    checkout = switched(bake_minutes=12)
    blue = checkout.serving()

    # When
    digest = checkout.story.push("1.1.0")
    release = checkout.story.release()
    checkout.reaches("BAKE_TIME")
    during = (checkout.serving(), checkout.story.runs("prod"))
    end = checkout.story.ended(release)

    # Then green had all of the traffic while both were running, and now it runs alone
    assert end.outcome == "succeeded", end.reason
    assert during[0] != blue
    assert set(during[1].split(" + ")) == {checkout.before, digest}
    assert checkout.story.runs("prod") == digest
    assert checkout.serving() == during[0]
    assert checkout.answered_by(digest) > 0
    found = checkout.traffic()
    assert (found["lost_requests"], found["failed_requests"]) == (0, 0)
    assert checkout.schedules() == []
    # and the strategy has cost few transitions
    assert len(watch.states_entered(checkout.place, child(checkout, "blue_green"))) <= 20


def child(checkout: Switched, machine: str) -> str:
    """The newest execution of a strategy or part of this service."""
    states = checkout.place.client("stepfunctions")
    arn = checkout.place.machine(machine)
    for each in states.list_executions(stateMachineArn=arn)["executions"]:
        given = states.describe_execution(executionArn=each["executionArn"])["input"]
        if checkout.story.name in given:
            return str(each["executionArn"])
    raise AssertionError(f"{machine} was not started for {checkout.story.name}.")


@pytest.mark.thorough
def test_the_next_release_goes_the_other_way_and_a_rollback_too(switched: Callable[..., Switched]) -> None:
    # Given two good releases, one after the other
    checkout = switched(bake_minutes=6)
    sides, digests = [checkout.serving()], []
    for tag in ("1.1.0", "1.2.0"):
        digests.append(checkout.story.push(tag))
        end = checkout.story.ended(checkout.story.release())
        assert end.outcome == "succeeded", end.reason
        sides.append(checkout.serving())

    # When people roll the second one back
    started = time.monotonic()
    place = {"service": checkout.story.name, "environment": "prod"}
    back = checkout.story.run("rollback", **place, reason="Customers complain.")

    # Then it is switched once more, without pause and bake
    assert back.outcome == "succeeded", back.reason
    assert checkout.story.runs("prod") == digests[0]
    assert sides[0] == sides[2] != sides[1]
    assert checkout.serving() == sides[1]
    assert checkout.traffic()["lost_requests"] == 0
    assert time.monotonic() - started < 60

    # When people deploy the second one by hand
    by_hand = checkout.story.run("deploy", **place, tag="1.2.0", reason="It was not at fault.")

    # Then it is switched as a pushed one is
    assert by_hand.outcome == "succeeded", by_hand.reason
    assert checkout.story.runs("prod") == digests[1]
    assert checkout.serving() == sides[2]


@pytest.mark.thorough
def test_a_service_that_was_never_switched_is_told_how_and_green_is_tested_by_a_task(
    switched: Callable[..., Switched],
) -> None:
    # Given a service that ECS deploys by rolling so far, and a pulse from before that somebody disabled
    checkout = switched(bake_minutes=6, tested_by_task=True)
    ecs, story = checkout.place.client("ecs"), checkout.story
    (plain,) = ecs.describe_services(cluster="prod", services=[story.name])["services"][0]["loadBalancers"]
    del plain["advancedConfiguration"]
    ecs.update_service(
        cluster="prod",
        service=story.name,
        loadBalancers=[plain],
        deploymentConfiguration={"strategy": "ROLLING"},
    )
    checkout.begins()
    checkout.settles()
    CanaryRecord(story).has_disabled_pulse()

    # When
    digest = story.push("1.1.0", tasks={"test": {"exit_code": 0, "seconds": 0.2}})
    end = story.ended(story.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert story.runs("prod") == digest
    assert checkout.traffic()["lost_requests"] == 0
    assert checkout.schedules() == []


@pytest.mark.thorough
def test_green_is_given_up_by_the_sweep_when_machine_safety_net_and_pulse_have_left_it(
    switched: Callable[..., Switched],
) -> None:
    # Given
    checkout = switched(bake_minutes=100)
    story, blue = checkout.story, checkout.serving()
    story.push("1.1.0")
    release = story.release()
    checkout.reaches("BAKE_TIME")

    # When the pulse can read nothing, the machine is killed, and nobody hears of it
    canary = CanaryRecord(story)
    canary.is_hidden_from("pulse")
    with story.without_events("receive_failed_execution"):
        checkout.place.client("stepfunctions").stop_execution(executionArn=release)

        def given_up() -> bool | None:
            canary.is_silent()
            story.invoke("sweep", {})
            return checkout.deployment()["status"].startswith("ROLLBACK") or None

        story.until(given_up, "the sweep gives green up", longest_pause=3)

    # Then
    canary.is_shown_again()
    story.until(lambda: swept(story, release), "the release is recorded")
    story.until(lambda: story.runs("prod") == checkout.before or None, "blue runs alone")
    checkout.is_back(blue)


@pytest.mark.thorough
def test_a_green_that_fails_its_test_check_never_gets_users(switched: Callable[..., Switched]) -> None:
    # Given
    checkout = switched()
    blue = checkout.serving()

    # When
    digest = checkout.story.push("1.1.0", http={"/": 500})
    end = checkout.story.ended(checkout.story.release())

    # Then ECS was told to roll back, and the image is in quarantine for failing a check
    assert end.outcome == "rolled_back", end.reason
    assert "gave 500 instead of 200" in end.reason
    assert checkout.deployment()["status"] == "ROLLBACK_SUCCESSFUL"
    assert checkout.deployment()["lifecycleHookDetails"][-1]["status"] == "FAILED"
    assert checkout.story.quarantined() == {digest}
    assert checkout.answered_by(digest) == 0
    checkout.is_back(blue)


@pytest.mark.thorough
def test_errors_after_the_switch_are_found_by_the_judge(switched: Callable[..., Switched]) -> None:
    # Given an image that answers the check well, and users badly
    checkout = switched(bake_minutes=100)
    blue = checkout.serving()

    # When
    digest = checkout.story.push("1.1.0", error_rate=0.1, http={"/": 200})
    release = checkout.story.release()
    end = checkout.story.ended(release)

    # Then ECS switched back while blue was still running, long before the bake was over
    assert end.outcome == "rolled_back", end.reason
    assert "The evidence of more bad responses than tolerated reached" in end.reason
    assert checkout.deployment()["status"] == "ROLLBACK_SUCCESSFUL"
    assert checkout.story.quarantined() == {digest}
    assert checkout.answered_by(digest) > 0
    assert "rolled back" in checkout.picture(release)
    checkout.is_back(blue)


@pytest.mark.thorough
def test_an_alarm_in_the_bake_is_evidence_too(switched: Callable[..., Switched]) -> None:
    # Given
    checkout = switched(bake_minutes=100, alarms={"names": [f"alarm-{time.time_ns()}"]})
    blue = checkout.serving()

    # When
    digest = checkout.story.push("1.1.0")
    release = checkout.story.release()
    checkout.reaches("BAKE_TIME")
    checkout.place.client("cloudwatch").set_alarm_state(
        AlarmName=checkout.strategy["alarms"]["names"][0], StateValue="ALARM", StateReason="test"
    )
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "rolled_back", end.reason
    assert "alarm" in end.reason.lower()
    assert checkout.story.quarantined() == {digest}
    checkout.is_back(blue)


@pytest.mark.thorough
def test_a_bake_without_users_is_no_approval(switched: Callable[..., Switched]) -> None:
    # Given
    checkout = switched(bake_minutes=3)
    checkout.story.service.set_traffic(0)
    blue = checkout.serving()

    # When
    checkout.story.push("1.1.0")
    end = checkout.story.ended(checkout.story.release())

    # Then it is brought back, although nothing speaks against the image
    assert end.outcome == "rolled_back", end.reason
    assert "Nothing is known: 0 requests were seen of at least 100." in end.reason
    assert checkout.story.quarantined() == set()
    assert checkout.story.runs("prod") == checkout.before
    assert checkout.serving() == blue


@pytest.mark.thorough
def test_a_release_cancelled_while_green_is_baking_gives_the_traffic_back(
    switched: Callable[..., Switched],
) -> None:
    # Given
    checkout = switched(bake_minutes=100)
    blue = checkout.serving()
    checkout.story.push("1.1.0")
    release = checkout.story.release()
    checkout.reaches("BAKE_TIME")

    # When
    checkout.story.run("operate", action="cancel", release=name_of(release), reason="Wrong branch.")
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "cancelled", end.reason
    assert checkout.deployment()["status"] == "ROLLBACK_SUCCESSFUL"
    assert checkout.story.quarantined() == set()
    checkout.is_back(blue)


@pytest.mark.thorough
def test_an_execution_that_is_aborted_in_the_bake_is_cleaned_up_after(
    switched: Callable[..., Switched],
) -> None:
    # Given
    checkout = switched(bake_minutes=100)
    blue = checkout.serving()
    checkout.story.push("1.1.0")
    release = checkout.story.release()
    checkout.reaches("BAKE_TIME")

    # When
    checkout.place.client("stepfunctions").stop_execution(executionArn=release)

    # Then the safety net brings everything back and writes the record
    checkout.story.until(lambda: checkout.story.outcome_of(release), "the release is recorded")
    checkout.story.until(lambda: checkout.story.runs("prod") == checkout.before or None, "blue runs alone")
    checkout.is_back(blue)


@pytest.mark.thorough
def test_a_pause_that_nobody_answers_is_undone_by_ecs_itself(switched: Callable[..., Switched]) -> None:
    # Given a machine that dies when green is started; nobody hears of it, and its pulse is gone as well
    checkout = switched(hook_timeout_minutes=6, test_checks=[])
    story, blue = checkout.story, checkout.serving()
    with (
        story.without_events("receive_failed_execution"),
        story.without_events("sweep"),
        story.without_events("receive_ecs_event"),
    ):
        story.push("1.1.0")
        release = story.release()
        story.until(lambda: checkout.schedules() or None, "the pulse begins")
        checkout.silence_pulse()
        checkout.begins()
        checkout.place.client("stepfunctions").stop_execution(executionArn=release)

        # When the time for an answer is over
        story.until(
            lambda: checkout.deployment()["status"] == "ROLLBACK_SUCCESSFUL" or None, "ECS has rolled back"
        )
    hook = checkout.deployment()["lifecycleHookDetails"][-1]["status"]

    # Then the sweep finds the release and records how it ended
    end = story.until(lambda: swept(story, release), "the release is recorded")
    assert hook == "TIMED_OUT"
    assert end in ("rolled_back", "failed")
    checkout.is_back(blue)


def swept(story: Story, release: str) -> str | None:
    story.invoke("sweep", {"grace_seconds": 0})
    return story.outcome_of(release)


@pytest.mark.thorough
def test_a_rule_that_somebody_else_has_changed_is_left_alone(switched: Callable[..., Switched]) -> None:
    # Given
    checkout = switched()
    blue = checkout.serving()
    checkout.set_weights(80, 20)
    before = checkout.deployment()["serviceDeploymentArn"]

    # When
    checkout.story.push("1.1.0")
    end = checkout.story.ended(checkout.story.release())

    # Then nothing was deployed, and the weights are what that somebody has set
    assert end.outcome == "failed", end.reason
    assert "gives the two target groups 80 % and 20 % of the traffic" in end.reason
    assert checkout.deployment()["serviceDeploymentArn"] == before
    assert sorted(checkout.weights().values()) == [20, 80]
    checkout.set_weights(100, 0)
    assert (checkout.story.runs("prod"), checkout.serving()) == (checkout.before, blue)
    assert checkout.schedules() == []
