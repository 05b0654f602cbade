"""Which deployment one may come back to."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.deployment import Deployment, deployment_id, rollback_target
from tidegate.domain.outcome import Outcome

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def digest(name):
    return "sha256:" + (name * 64)[:64]


def deployment(name, outcome=Outcome.SUCCEEDED, minutes=0, **more):
    opened = NOON + timedelta(minutes=minutes)
    given_values = {
        "id": deployment_id(opened, name, 1),
        "release": name,
        "service": "checkout",
        "environment": "prod",
        "revision": 1,
        "strategy": "rolling",
        "task_definition": f"td/{name}",
        "images": {"app": f"repository@{digest(name)}"},
        "opened_at": opened,
        "execution": "arn",
        "outcome": outcome,
    }
    return Deployment(**{**given_values, **more})


def target(history, bad="c", quarantined=(), wanted=None):
    return rollback_target(history, bad_release=bad, quarantined=frozenset(quarantined), wanted=wanted)


def test_the_last_known_good_release_is_chosen():
    # Given
    history = [deployment("c", None), deployment("b"), deployment("a")]

    # Then
    assert target(history).deployment.release == "b"


def test_what_failed_was_rolled_back_or_revoked_is_passed_over():
    # Given
    history = [
        deployment("c", None),
        deployment("f", Outcome.FAILED),
        deployment("e", Outcome.ROLLED_BACK),
        deployment("d", revoked="Rolled back later."),
        deployment("a"),
    ]

    # Then
    assert target(history).deployment.release == "a"


def test_a_release_with_an_image_in_quarantine_is_passed_over():
    # Given
    history = [deployment("c", None), deployment("b"), deployment("a")]

    # Then
    assert target(history, quarantined=[digest("b")]).deployment.release == "a"


def test_nothing_is_chosen_past_a_point_of_no_return_of_the_bad_release():
    # Given
    history = [deployment("c", None, point_of_no_return=True), deployment("b")]

    # When
    choice = target(history)

    # Then
    assert choice.deployment is None
    assert "point of no return" in choice.reason


def test_nothing_is_chosen_past_a_point_of_no_return_in_between():
    # Given
    history = [
        deployment("c", None),
        deployment("b", Outcome.FAILED, point_of_no_return=True),
        deployment("a"),
    ]

    # Then
    assert target(history).deployment is None


def test_one_may_come_back_to_a_release_that_is_itself_a_point_of_no_return():
    # Given
    history = [deployment("c", None), deployment("b", point_of_no_return=True), deployment("a")]

    # Then
    assert target(history).deployment.release == "b"


def test_an_operator_may_name_an_older_target():
    # Given
    history = [deployment("c", None), deployment("b"), deployment("a")]

    # Then
    assert target(history, wanted="a").deployment.release == "a"
    assert target(history, wanted="nobody").deployment is None
    assert "nobody" in target(history, wanted="nobody").reason


def test_an_empty_ledger_has_nothing_to_come_back_to():
    # Then
    assert target([]).deployment is None


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from([None, *Outcome]), st.booleans(), st.booleans()),
        max_size=8,
    ),
    st.sets(st.sampled_from("abcdef")),
)
def test_what_is_chosen_is_always_good_other_and_not_in_quarantine(drawn, bad_letters):
    # Given
    history = [
        deployment(name, outcome, point_of_no_return=final, revoked="x" if revoked else None)
        for name, outcome, final, revoked in drawn
    ]
    quarantined = {digest(letter) for letter in bad_letters}

    # When
    chosen = target(history, quarantined=quarantined).deployment

    # Then
    if chosen is not None:
        assert chosen.outcome is Outcome.SUCCEEDED
        assert chosen.revoked is None
        assert chosen.release != "c"
        assert digest(chosen.release) not in quarantined
        newer = history[: history.index(chosen)]
        assert not any(each.point_of_no_return for each in newer)


def test_deployment_ids_sort_by_time():
    # When
    ids = [deployment_id(NOON + timedelta(milliseconds=step), "r", 1) for step in range(3)]

    # Then
    assert ids == sorted(ids)
