"""The commands for whoever plays with the local cloud: reading mails, confirming, pushing."""

from __future__ import annotations

import queue

import pytest
from typer.testing import CliRunner

from local import mail_reader
from local.__main__ import app
from local.sample.__main__ import app as sample
from tests.local.empty_cloud import EmptyCloud

NOBODY = "http://127.0.0.1:9"


def ran(program, *arguments: str, endpoint: str) -> tuple[int, str]:
    answer = CliRunner().invoke(program, [*arguments, "--endpoint", endpoint])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, answer.stdout


def test_a_subscription_is_confirmed_and_its_mails_are_printed(cloud: EmptyCloud):
    # Given
    sns, address = cloud.client("sns"), f"{cloud.fresh('ana')}@example.com"
    name = cloud.fresh("topic")
    topic = sns.create_topic(Name=name)["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address, ReturnSubscriptionArn=True)

    # When
    confirmed = ran(app, "confirm", address, endpoint=cloud.endpoint)
    sns.publish(TopicArn=topic, Message="Look [here].", Subject="Approve checkout?")
    sns.publish(TopicArn=topic, Message="Nothing.", Subject="Another")

    # Then the link at the end of a mail cannot end it
    assert confirmed == (0, f"{address} is subscribed to {name}.\n")
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn["SubscriptionArn"])["Attributes"]
    assert attributes["ConfirmationWasAuthenticated"] == "true"

    # And
    assert ran(app, "mail", address, "--about", "checkout", endpoint=cloud.endpoint) == (
        0,
        f"To: {address}\nSubject: Approve checkout?\n\nLook [here].\n\n",
    )
    assert ran(app, "mail", address, endpoint=cloud.endpoint)[1].count("Subject: ") == 2


def test_what_is_not_there_is_said(cloud: EmptyCloud):
    for program, words, expected in (
        (app, ("mail", "nobody@example.com"), "There is no mail to nobody@example.com.\n"),
        (app, ("mail", "--about", "x9x", "--timeout", "0"), "After 0 seconds there is no mail about x9x.\n"),
        (app, ("confirm", "nobody@example.com"), "No mail asks nobody@example.com for a confirmation.\n"),
        (
            sample,
            ("push", "shop", "1.0.0"),
            "name: there is no repository shop; make it with `python -m local.sample create shop`.\n",
        ),
    ):
        assert ran(program, *words, endpoint=cloud.endpoint) == (1, expected)


@pytest.mark.parametrize("name", ["Shop", "s", "shop-", "1shop", "s" * 25])
def test_a_name_that_no_load_balancer_can_have_is_refused(cloud: EmptyCloud, name: str):
    assert ran(sample, "create", name, endpoint=cloud.endpoint) == (
        1,
        "name: give 2 to 24 lower-case letters, digits and hyphens, a letter first.\n",
    )


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (app, ("mail",)),
        (app, ("confirm", "a@b.c")),
        (sample, ("push", "shop", "1")),
        (sample, ("create", "shop")),
    ],
)
def test_a_cloud_that_does_not_run_is_one_sentence(program, words: tuple[str, ...]):
    assert ran(program, *words, endpoint=NOBODY) == (
        1,
        f"No local cloud answers at {NOBODY}; start one with `make up`.\n",
    )


def test_whoever_stays_with_the_cloud_hears_of_every_mail_and_reads_its_link(cloud: EmptyCloud):
    # Given
    told: queue.Queue[str] = queue.Queue()
    mail_reader.tell(cloud.endpoint, told.put)
    sns, address = cloud.client("sns"), f"{cloud.fresh('bea')}@example.com"
    topic = sns.create_topic(Name=cloud.fresh("topic"))["TopicArn"]
    link = f"{cloud.endpoint}/_aws/execute-api/abc/approve/rXYzJV9j-_"

    def next_of(words: str) -> str:
        while address not in (found := told.get(timeout=20)) or words not in found:
            pass
        return found

    # When
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)

    # Then
    assert f"python -m local confirm {address}" in next_of("Confirmation")

    # When
    ran(app, "confirm", address, endpoint=cloud.endpoint)
    sns.publish(TopicArn=topic, Message=f"Decide here:\n{link}\n", Subject="Approve?")

    # Then
    assert next_of("Approve?").splitlines()[1:] == [f"          {link}"]
