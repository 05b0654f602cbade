"""With the safety net, the sweep or a guard against doing something twice switched off, the matrix notices.

All of them are switched off outside the product: a rule is disabled, the sweep is not invoked, or what is
deployed has another line of code in it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.sample import Place
from tests.faults.cases import kind_of, planned
from tests.faults.clouds import Switches, cloud
from tests.faults.reached import reached
from tests.faults.scenarios import BY_NAME
from tests.faults.slot import Patience, Played, Slot
from tests.statemachines.machines import ROOT, load_all

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600)]

SHORT = Patience(end=45, rest=20)
"""Nothing would come any more: who is to mend it is switched off."""
TOKEN = "clientToken=hashlib.sha256(key.encode()).hexdigest()"
NEVER_THE_SAME = 'clientToken=__import__("uuid").uuid4().hex'


@contextmanager
def without(switches: Switches) -> Iterator[Place]:
    """A local cloud in which something is switched off, and no sweep is at work."""
    with cloud(switches, threading.Event()) as made:
        yield made.place


def played(place: Place, scenario: str, name: str) -> Played:
    """The story of a scenario, without any fault, and then with the fault of a case."""
    slot = Slot(place, BY_NAME[scenario], SHORT)
    before = slot.play()
    assert before.violations == ()
    found = reached(place, slot.story.name, place.resource("WaitsTable"))
    plan = planned(load_all(), [scenario], {scenario: found})
    (case,) = (case for case in plan.cases if case.name == name)
    told = slot.play([(case, kind_of(case, plan.states[case]))])
    assert told.unmet == ()
    slot.close()
    return told


def forgetful(folder: Path) -> Path:
    """The product, but the task of a migration is asked for with another token each time."""
    for name in ("layers", "functions", "statemachines"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", folder)
    adapter = folder / "layers/tidegate/tidegate/aws/tasks.py"
    text = adapter.read_text()
    assert text.count(TOKEN) == 1
    adapter.write_text(text.replace(TOKEN, NEVER_THE_SAME))
    return folder / "template.yaml"


def test_without_the_safety_net_an_aborted_release_keeps_its_lock() -> None:
    with without(Switches(no_safety_net=True)) as place:
        told = played(place, "rolling", "rolling/Read deployment/root aborted")
    assert any(sentence.startswith("the lock of prod is held by") for sentence in told.violations)


def test_without_the_sweep_a_lost_event_is_never_found() -> None:
    with without(Switches(no_sweep=True)) as place:
        told = played(place, "gates", "approve/Request approval/event lost")
    assert [sentence for sentence in told.violations if "has not ended" in sentence]


def test_a_step_that_forgets_what_it_has_done_does_it_twice(tmp_path: Path) -> None:
    template = forgetful(tmp_path)
    with without(Switches(template=str(template))) as place:
        told = played(place, "gates", "enter_environment/Run task/function fails after")
    assert any("was run 2 times" in sentence for sentence in told.violations)


def test_with_all_of_them_the_same_story_holds() -> None:
    with without(Switches()) as place:
        told = played(place, "gates", "enter_environment/Run task/function fails after")
    assert told.violations == ()
