"""What must hold whatever went wrong, read from the world: ECS, balancers, tables, schedules and the mailbox.

Nothing here asks what Tidegate says of itself: an execution's output counts for nothing but the comparison
with a story in which nothing went wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.sample.place import STACK
from tests.support.story import Story
from tidegate.domain.canary import schedule_name

STARTED_BY = "tidegate"
ENDED = frozenset({"succeeded", "rejected", "expired", "superseded", "cancelled", "rolled_back", "failed"})


@dataclass(frozen=True)
class Before:
    """How a story's world was before it began.

    Attributes:
        digests: Environment to what ran there.
        quarantined: Digests that had been put in quarantine.
        desired: Environment to the desired count of the service.
        releases: Those that were there.
        mails: How many mails there were about the service.
    """

    digests: dict[str, str]
    quarantined: frozenset[str]
    desired: dict[str, int]
    releases: frozenset[str]

    @classmethod
    def of(cls, story: Story) -> Before:
        """How it is now."""
        return cls(
            digests={name: story.runs(name) for name in story.environments},
            quarantined=frozenset(story.quarantined()),
            desired={name: _service(story, name).get("desiredCount", 0) for name in story.environments},
            releases=frozenset(story.releases()),
        )


@dataclass(frozen=True)
class Now:
    """What is to be looked at.

    Attributes:
        root: The execution that the story began with.
        release: The release that it is about, where it is about one.
        allowed: The digests that may run.
        approved: Whether a person has said yes.
        bad: Digests that may be put in quarantine: those that do not work.
        tasks: How often a task with one command may be run of one task definition.
    """

    story: Story
    before: Before
    root: str
    release: str
    allowed: set[str]
    approved: bool
    bad: frozenset[str] = field(default_factory=frozenset)
    tasks: int = 1


Look = Callable[[Now], Iterator[str]]


def violations(now: Now) -> list[str]:
    """Sentences on what does not hold now: of the first look that finds something, the cheap ones first."""
    for look in _LOOKS:
        found = list(look(now))
        if found:
            return found
    return []


def _nothing_is_left(now: Now) -> Iterator[str]:
    """The lock is free, nothing waits, one digest runs, canaries are gone, scaling is as it was."""
    yield from now.story.left_over()


def _old_or_new(now: Now) -> Iterator[str]:
    for environment in now.story.environments:
        digest = now.story.runs(environment)
        if digest not in now.allowed:
            yield f"{environment} runs {digest}, which is neither the old nor the new image"


def _scaling(now: Now) -> Iterator[str]:
    for environment, desired in now.before.desired.items():
        found = _service(now.story, environment).get("desiredCount")
        if found != desired:
            yield f"{environment} had {desired} tasks and wants {found}"


def _weights(now: Now) -> Iterator[str]:
    """A switched service has all of its traffic at one target group."""
    for environment in now.story.service.manifest["environments"]:
        strategy = environment["strategy"]
        if strategy["name"] != "blue_green":
            continue
        rules = [strategy["production_rule"]]
        described = now.story.place.client("elbv2").describe_rules(RuleArns=rules)["Rules"][0]
        forward = next(action for action in described["Actions"] if action["Type"] == "forward")
        weights = sorted(each.get("Weight", 0) for each in forward["ForwardConfig"]["TargetGroups"])
        if weights != [0, 100]:
            yield f"the production rule of {environment['name']} has the weights {weights}"


def _no_pulse(now: Now) -> Iterator[str]:
    for environment in now.story.environments:
        name = schedule_name(STACK, now.story.name, environment)
        found = now.story.place.client("scheduler").list_schedules(GroupName=STACK, NamePrefix=name)
        for schedule in found["Schedules"]:
            yield f"the schedule {schedule['Name']} is still there"


def _records(now: Now) -> Iterator[str]:
    """Each release has exactly one terminal record, with outcome and reason."""
    for name, item in now.story.releases().items():
        if name in now.before.releases and name != now.release:
            continue
        if item.get("outcome") not in ENDED or not item.get("outcome_reason"):
            yield f"{name} has the outcome {item.get('outcome')} for the reason {item.get('outcome_reason')}"
    for environment in now.story.environments:
        deployments = now.story.deployments(environment)
        still = [item["sk"] for item in deployments if not item.get("outcome")]
        yield from (f"the deployment {name} is still open" for name in still)
        good = [
            item for item in deployments if item.get("outcome") == "succeeded" and not item.get("revoked")
        ]
        running = now.story.runs(environment)
        recorded = good[-1]["images"]["app"].rpartition("@")[2] if good else now.before.digests[environment]
        if running != recorded:
            yield f"{environment} runs {running}, and the record says {recorded}"


def _approved(now: Now) -> Iterator[str]:
    """Nothing new where an approval is needed and nobody has given it."""
    for environment in now.story.service.manifest["environments"]:
        name = environment["name"]
        if environment.get("approval") and not now.approved:
            digest = now.story.runs(name)
            if digest != now.before.digests[name]:
                yield f"{name} runs {digest}, which nobody has approved"


def _quarantine(now: Now) -> Iterator[str]:
    for digest in now.story.quarantined() - now.before.quarantined - now.bad:
        yield f"{digest} is good and in quarantine"


def _told(now: Now) -> Iterator[str]:
    """People have got a mail about the end of each release."""
    for name in set(now.story.releases()) - now.before.releases:
        mails = now.story.place.world("GET", f"/mailbox?address=team@example.com&about={name}")
        ends = [mail for mail in mails if mail["attributes"].get("kind") in ENDED]
        if not ends:
            yield f"nobody was told how {name} ended"


def _tasks_once(now: Now) -> Iterator[str]:
    """A migration or a test of a release is started as often as it should be, however often one asks."""
    ecs = now.story.place.client("ecs")
    for environment in now.story.environments:
        named = {"cluster": environment, "startedBy": STARTED_BY}
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(**named, desiredStatus=status)["taskArns"]
        ]
        described = ecs.describe_tasks(cluster=environment, tasks=arns[-100:])["tasks"] if arns else []
        family = f"/{now.story.name}-"
        commands = Counter(
            (task["taskDefinitionArn"], str(task["overrides"]["containerOverrides"][0].get("command")))
            for task in described
            if family in task["taskDefinitionArn"]
        )
        for (definition, command), number in commands.items():
            if number > now.tasks:
                yield f"{command} was run {number} times of {definition.rpartition('/')[2]}"


def _nothing_runs(now: Now) -> Iterator[str]:
    """No execution of any machine; of others' executions the inputs are read, so this look is a late one."""
    states = now.story.place.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        for each in states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            execution = each["executionArn"]
            given = states.describe_execution(executionArn=execution)["input"]
            if now.story.name in execution or now.story.name in given:
                yield f"{execution} still runs"


_LOOKS: tuple[Look, ...] = (
    _nothing_is_left,
    _old_or_new,
    _records,
    _approved,
    _quarantine,
    _scaling,
    _weights,
    _no_pulse,
    _tasks_once,
    _told,
    _nothing_runs,
)


def _service(story: Story, environment: str) -> dict[str, Any]:
    described = story.place.client("ecs").describe_services(cluster=environment, services=[story.name])
    return next((dict(each) for each in described["services"]), {})
