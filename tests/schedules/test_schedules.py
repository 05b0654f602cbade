"""Sixty schedules, always the same; `make schedules` runs a thousand."""

from tests.schedules.running import run

EXAMPLES, SEED = 60, 1


def test_whatever_happens_in_whatever_order_nothing_is_lost():
    # When
    counted = run(EXAMPLES, SEED)

    # Then something did happen in them
    assert counted["schedules"] >= EXAMPLES
    for what in ("pushes", "killed", "paused", "lost", "doubled", "upgrades", "aborted", "decisions"):
        assert counted[what], f"no schedule had any {what}"
    for what in ("canaries", "promoted", "returned for harm", "pulses", "bakes returned", "pauses continued"):
        assert counted[what], f"no schedule had any {what}"
    assert counted["push succeeded"]
    assert counted["push superseded"]
    assert counted["push rolled_back"]
