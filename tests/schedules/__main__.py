"""Many schedules at once, or one seed again: `python -m tests.schedules --examples 1000 --seed 7`.

`python -m tests.schedules --keep NAME` keeps the state machines of today, before they are changed, so that
schedules go on to begin with them and are upgraded on the way.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

from tests.schedules.definitions import EARLIER
from tests.schedules.running import run
from tests.statemachines.machines import load_all

CHUNK = 200
"""Schedules of one seed: a failure is found, and repeated, without the thousand before it."""
SHOWN = (
    "schedules", "steps", "executions", "changes of services", "pushes", "decisions", "commands", "aborted",
    "killed", "throttled", "paused", "lost", "doubled", "alarms", "upgrades",
    "canaries", "promoted", "returned", "returned for harm", "pulses", "gaps", "silences",
    "bakes", "bakes returned", "bakes returned for harm", "pauses continued", "pauses given up",
    "pauses expired",
)  # fmt: skip


def main() -> int:
    """Run, and print seeds and figures; returns 1 when a schedule failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.schedules", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="how many schedules")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each has 200 schedules")
    parser.add_argument("--keep", metavar="NAME", help="keep the machines of today under a name, and end")
    given = parser.parse_args()
    if given.keep:
        kept = {machine.name: machine.definition for machine in load_all()}
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        (EARLIER / f"{given.keep}.json").write_text(f"{text}\n")
        return 0
    return _run(given.examples, given.seed)


def _run(examples: int, first: int) -> int:
    counted: Counter[str] = Counter()
    begun = time.monotonic()
    for number, done in enumerate(range(0, examples, CHUNK)):
        try:
            counted += run(min(CHUNK, examples - done), first + number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the schedule is shown
            print(f"seed {first + number}: {type(error).__name__}: {error}", file=sys.stderr)
            print("\n".join(getattr(error, "__notes__", [])), file=sys.stderr)
            return 1
        print(f"seed {first + number}: {counted['schedules']} schedules", flush=True)
    print(f"{time.monotonic() - begun:.0f} s; " + ", ".join(f"{counted[name]} {name}" for name in SHOWN))
    endings = sorted(name for name in counted if name.split()[0] in ("push", "sweep", "operator"))
    print("how releases ended: " + ", ".join(f"{name} {counted[name]}" for name in endings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
