"""Words and addresses of the status pages."""

import pytest

from tests.unit.examples import NOON, at, digest
from tidegate.domain.status import Version, Waiting
from tidegate.web.status.console import execution_address, links
from tidegate.web.status.wording import ago, tone, version_words, wait_words

EXECUTION = "arn:aws:states:{}:1:execution:tidegate-deploy:one"


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("lock/checkout/prod", "for the lock of checkout in prod"),
        ("freeze/checkout/prod", "for a thaw of checkout in prod"),
        (f"scan/team/checkout@{digest('a')}", "for a scan of team/checkout sha256:aaaaaaaaaaaa"),
        ("approval/checkout-20261123T120000Z-000001.prod.a1.r0", "for approval of prod"),
        ("approval/odd", "for approval"),
        ("soak/x", "for its soak to end"),
        ("service-deployment/arn:aws:ecs:x", "for ECS to deploy"),
        ("canary_verdict/x", "for canary verdict"),
    ],
)
def test_what_is_waited_for(subject: str, words: str):
    assert wait_words(Waiting(subject, "r", NOON, at(1))) == words


@pytest.mark.parametrize(
    ("images", "tags", "words"),
    [
        ({"app": f"x/checkout@{digest('a')}"}, {"app": "1.0"}, "1.0"),
        ({"app": f"x/checkout@{digest('a')}"}, {}, "sha256:aaaaaaaaaaaa"),
        ({"app": "x/checkout:1"}, {}, "x/checkout:1"),
        ({"app": "a", "log": "b"}, {"app": "1"}, "app 1, log b"),
        ({}, {}, "nothing"),
    ],
)
def test_a_version_in_words(images: dict[str, str], tags: dict[str, str], words: str):
    assert version_words(Version("i", "r", images, NOON, tags)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "now"), (-9, "now"), (4, "now"), (65, "1 min 5 s ago"), (90_000, "1 d 1 h ago")],
)
def test_how_long_ago(seconds: float, words: str):
    assert ago(NOON, at(seconds)) == words


def test_good_and_bad_are_told_apart():
    assert [tone(word) for word in ("release.succeeded", "failed", "approval.requested", "")] == [
        "good", "bad", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "us-east-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_into_the_console_of_the_partition(region: str, host: str):
    found = links("tidegate", region, EXECUTION.format(region))

    assert [each.text for each in found] == [
        "Execution in Step Functions",
        "Logs of the functions",
        "Dashboard",
    ]
    assert all(each.address.startswith(f"https://{host}/") for each in found)


@pytest.mark.parametrize(
    "execution", [None, "", "x", "arn:aws:lambda:r:1:function:a:b", "javascript:alert(1)"]
)
def test_what_is_no_execution_has_no_address(execution: str | None):
    assert execution_address(execution) is None
    assert len(links("tidegate", "us-east-1", execution)) == 2
