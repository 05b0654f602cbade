"""The matrix itself: which cases there are, who shares a story, what the report shows. Nothing runs here."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.faults import report
from tests.faults.cases import Case, Plan, chosen, planned, tenth
from tests.faults.clouds import Player, Switches
from tests.faults.kinds import kinds_of
from tests.faults.matrix import Chunk, Result, chunks, groups, halves, verdict
from tests.faults.reached import Reached
from tests.faults.scenarios import SCENARIOS
from tests.faults.slot import Played
from tests.statemachines.machines import Machine, load_all

CALLS = (("dynamodb", "GetItem"), ("dynamodb", "TransactWriteItems"), ("stepfunctions", "SendTaskSuccess"))


def reached(machine: str, state: str, **more: Any) -> Reached:
    given: dict[str, Any] = {
        "function": "await_task",
        "calls": CALLS,
        "wakers": (),
        "waits": False,
        "is_root": False,
    }
    return Reached(machine, state, **{**given, **more})


def machine(name: str, *states: str) -> Machine:
    return Machine(name, "part", {"States": {state: {"Type": "Task"} for state in states}})


def everything() -> Plan:
    """A plan in which one scenario reaches every state there is."""
    states = {
        (each.name, state): reached(each.name, state, wakers=("receive_ecs_event",), waits=True)
        for each in load_all()
        for state, _ in each.tasks()
    }
    return planned(load_all(), ["rolling"], {"rolling": states})


def test_every_task_state_of_every_file_has_cases():
    # When
    plan = everything()

    # Then
    assert plan.unreached == ()
    assert {(case.machine, case.state) for case in plan.cases} == {
        (each.name, state) for each in load_all() for state, _ in each.tasks()
    }
    assert len({case.name for case in plan.cases}) == len(plan.cases), "a case is run again by its name"


def test_a_state_that_no_scenario_reaches_is_named():
    plan = planned([machine("rolling", "Start", "End")], ["one"], {"one": {}})
    assert plan.unreached == (("rolling", "Start"), ("rolling", "End"))
    assert plan.cases == []


def test_a_state_meets_its_faults_in_the_first_scenario_that_reaches_it():
    # Given a scenario in which nobody is waited for, and a later one in which an event comes
    place = ("rolling", "Wait")
    first, second = reached(*place), reached(*place, wakers=("receive_ecs_event",), waits=True)

    # When
    plan = planned(
        [machine(*place)], ["first", "second"], {"second": {place: second}, "first": {place: first}}
    )

    # Then only what the first does not have is left to the second
    where = {case.fault: case.scenario for case in plan.cases}
    assert {fault for fault, scenario in where.items() if scenario == "second"} == {
        "event lost",
        "event doubled",
        "event early",
    }
    assert where["function invoked twice"] == "first"


def test_a_function_meets_every_kind_of_fault():
    names = {kind.name for kind in kinds_of(reached("rolling", "Wait", wakers=("pulse",), waits=True))}
    assert names == {
        *(
            f"{what} throttled {often}"
            for what in ("request", "calls")
            for often in ("once", "twice", "for good")
        ),
        *("calls denied", "function times out", "function fails before", "function fails after"),
        *("function invoked twice", "root aborted", "nested aborted"),
        *("answer of dynamodb:TransactWriteItems lost", "answer of stepfunctions:SendTaskSuccess lost"),
        *("event lost", "event doubled", "event early"),
    }


def test_a_start_of_another_machine_meets_those_of_its_request():
    names = {
        kind.name for kind in kinds_of(reached("deploy", "Approve", function=None, calls=(), is_root=True))
    }
    assert names == {
        *(f"request throttled {often}" for often in ("once", "twice", "for good")),
        *("request denied", "answer lost", "root aborted"),
    }


@pytest.mark.parametrize(
    ("call", "surprises"),
    [
        (("ecs", "DescribeServices"), {"service gone", "cluster inactive"}),
        (("ecs", "DescribeServiceDeployments"), {"unknown status"}),
        (("elbv2", "DescribeTargetHealth"), {"no targets"}),
        (("dynamodb", "GetItem"), set()),
    ],
)
def test_surprises_come_only_to_those_who_ask(call: tuple[str, str], surprises: set[str]):
    known = {"service gone", "cluster inactive", "unknown status", "no targets"}
    found = {kind.name for kind in kinds_of(reached("verify", "Run checks", calls=(call,)))}
    assert found & known == surprises


def test_denied_is_the_first_call_that_changes_something():
    (denied,) = (kind for kind in kinds_of(reached("rolling", "Wait")) if kind.name == "calls denied")
    (fault,) = denied.faults("story")
    assert (fault["action"], fault["times"], fault["about"]) == ("TransactWriteItems", None, "story")


def test_every_fault_is_about_one_story_and_one_state():
    for kind in kinds_of(reached("rolling", "Wait", wakers=("receive_ecs_event",), waits=True)):
        for fault in kind.faults("story"):
            assert fault["about"] == "story"
            if kind.name not in ("event lost", "event doubled"):
                assert fault["state"] == "tidegate-rolling/Wait"


def test_the_parts_of_the_matrix_are_the_whole_and_about_equal():
    # Given
    cases = everything().cases

    # When
    parts = [tenth(cases, number, 10) for number in range(10)]

    # Then
    assert sorted(case for part in parts for case in part) == cases
    assert all(abs(len(part) - len(cases) / 10) < len(cases) / 25 for part in parts)


def test_what_has_ever_failed_is_in_every_part():
    cases = everything().cases
    always = cases[7].name
    assert all(cases[7] in tenth(cases, number, 10, [always]) for number in range(10))


def test_cases_are_chosen_by_pattern():
    found = chosen(everything().cases, "ROLLING/*/request throttled ?wice")
    assert [case.state for case in found] == ["Await deployment", "Read deployment", "Start deployment"]


def test_what_can_be_recovered_from_shares_a_story_and_nothing_else_does():
    # Given
    plan = everything()

    # When
    told = groups(plan, plan.cases, alone=False)
    stories = [group for each in told.values() for group in each]

    # Then each story has one kind of fault, and each state meets it once
    assert Counter(case for group in stories for case in group) == Counter(plan.cases)
    for group in stories:
        states = Counter((case.machine, case.state) for case in group)
        assert max(states.values()) == 1
        assert len(group) == 1 or all(plan.kinds[case].recoverable for case in group)
    alone = groups(plan, plan.cases, alone=True)
    assert all(len(group) == 1 for each in alone.values() for group in each)


def test_the_sweep_is_at_work_only_where_it_has_to_find_something():
    # Given
    plan = everything()

    # When
    swept = [case for group in groups(plan, plan.cases, alone=False)["rolling", True] for case in group]

    # Then
    elsewhere = {case.fault for case in swept if case.machine != "restore"}
    restores = {case.fault for case in swept if case.machine == "restore"}
    assert elsewhere == {"event lost"}
    assert "calls denied" in restores
    assert "calls throttled once" not in restores


def test_portions_hold_every_story_once():
    plan = everything()
    stories = groups(plan, plan.cases, alone=False)
    found = [group for chunk in chunks(stories) for group in chunk.groups]
    assert sorted(found) == sorted(group for each in stories.values() for group in each)


class Told(Player):
    """Plays nothing: a story does not hold when it has one of the bad cases."""

    def __init__(self, bad: set[Case], unmet: set[Case] | None = None) -> None:
        self.said: list[Any] = []
        self.played: list[int] = []
        self._bad, self._unmet = bad, unmet or set()
        super().__init__(None, {}, self.said.append)  # type: ignore[arg-type]

    def _slot(self, scenario: str) -> Any:
        return self

    def close(self) -> None:
        pass

    def _play(self, slot: Any, group: tuple[Case, ...]) -> Played:
        self.played.append(len(group))
        wrong = ("the lock is held",) if self._bad & set(group) else ()
        return Played("failed", "", wrong, tuple(case.name for case in group if case in self._unmet), 1.0)


def test_of_a_story_that_does_not_hold_the_case_that_spoils_it_is_found():
    # Given
    group = tuple(everything().cases[:16])
    player = Told({group[5]})

    # When
    player.chunk(Chunk("rolling", (group,)))

    # Then the others have held, in stories without it
    verdicts = {result.case: result.verdict for _, result in player.said}
    assert verdicts == {case: "violated" if case == group[5] else "held" for case in group}
    assert len(player.played) <= 1 + 2 * 4


def test_a_fault_that_did_not_happen_among_others_is_tried_alone():
    # Given
    group = tuple(everything().cases[:4])
    player = Told(set(), {group[2]})

    # When
    player.chunk(Chunk("rolling", (group,)))

    # Then
    assert player.played == [4, 1]
    assert {result.case: result.verdict for _, result in player.said}[group[2]] == "unmet"


def test_a_group_in_two_is_the_group():
    group = tuple(everything().cases[:5])
    assert [case for half in halves(group) for case in half] == list(group)


def test_a_violation_counts_more_than_a_fault_that_did_not_happen():
    case = everything().cases[0]
    assert verdict([case.name], ["the lock is held"], case) == "violated"
    assert verdict([case.name], [], case) == "unmet"
    assert verdict([], [], case) == "held"


def test_the_report_lists_every_case_and_escapes_what_it_shows(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    cases = everything().cases[:30]
    words = ("<script>alert(1)</script>",)
    results = [Result(case, "violated" if case == cases[3] else "held", words, 2.0, 1) for case in cases]

    # When
    page = report.write(results, ["rolling/Nowhere"], {"seconds": 12}).read_text()

    # Then
    rows = json.loads((tmp_path / "report.json").read_text())
    fields = {
        "machine",
        "state",
        "fault",
        "scenario",
        "verdict",
        "violations",
        "seconds",
        "together",
        "always",
    }
    assert len(rows) == 30
    assert set(rows[0]) == fields
    assert "<script>" not in page
    assert "rolling/Nowhere" in page
    assert "prefers-color-scheme" in page or "color-scheme: light dark" in page
    assert "http" not in page.replace("http-equiv", ""), "the page asks no other host"


def test_scenarios_have_names_of_their_own_and_outcomes_that_there_are():
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert {scenario.outcome for scenario in SCENARIOS} >= {"succeeded", "rolled_back", "rejected"}


def test_nothing_is_switched_off_unless_somebody_asks():
    assert Switches() == Switches(no_sweep=False, no_safety_net=False, template=None)
