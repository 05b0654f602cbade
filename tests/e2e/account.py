"""A real account, seen as the local runs see the local cloud. Never run."""

from __future__ import annotations

import json
import os
import urllib.parse
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.session

from local.sample.place import Place

STACK = "tidegate-test"


@dataclass(frozen=True)
class Consent:
    """What a person has to say before anything is called."""

    profile: str
    approver: str
    dollars: float

    @classmethod
    def given(cls) -> Consent | None:
        """From the environment; None unless all of it is there."""
        names = ("TIDEGATE_E2E_PROFILE", "TIDEGATE_E2E_APPROVER", "TIDEGATE_E2E_ACCEPT_DOLLARS")
        profile, approver, dollars = (os.environ.get(name, "") for name in names)
        return cls(profile, approver, float(dollars)) if profile and approver and dollars else None


class Account(Place):
    """The place of `local.sample`, but the account of a profile, and mails read from a queue.

    Args:
        consent: Whose account.
        session: Another session; the tests of this suite give one of the local cloud.
        endpoint: Its endpoint.
    """

    def __init__(self, consent: Consent, session: boto3.Session | None = None, endpoint: str = "") -> None:
        self._session = session or _session(consent.profile)
        self._endpoint_url = endpoint or None
        self.consent = consent
        caller = self._make("sts").get_caller_identity()
        super().__init__(endpoint, str(self._session.region_name), str(caller["Account"]))
        self._mails: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        """A client with the credentials of the profile."""
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    def machine(self, name: str) -> str:
        """The ARN of a machine of the test stack."""
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{STACK}-{name}"

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource of the test stack."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def world(self, method: str, path: str, body: Any = None) -> Any:
        """There is no world control on AWS; only the mailbox has something in its place.

        Raises:
            NotImplementedError: For everything else.
        """
        if method == "GET" and path.startswith("/mailbox"):
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
            return self._mailbox(query.get("address", ""))
        raise NotImplementedError(f"{method} {path} is of the local world")

    @cached_property
    def mail_queue(self) -> str:
        """A queue that gets what the topics send, because nobody can read a mailbox from here."""
        sqs = self.client("sqs")
        url = str(sqs.create_queue(QueueName=f"{STACK}-e2e-mails")["QueueUrl"])
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topics = [self.resource(name) for name in ("ApprovalsTopic", "NotificationsTopic")]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topics}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        for topic in topics:
            self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return url

    def _mailbox(self, address: str) -> list[dict[str, Any]]:
        """Mails to an address, or everybody's; the queue is emptied into a list that is kept."""
        sqs = self.client("sqs")
        while found := sqs.receive_message(QueueUrl=self.mail_queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                body = json.loads(message["Body"])
                attributes = {name: one["Value"] for name, one in body.get("MessageAttributes", {}).items()}
                mail = {"subject": body.get("Subject", ""), "body": body["Message"]}
                self._mails.append({**mail, "to": attributes.get("approver", "")})
                sqs.delete_message(QueueUrl=self.mail_queue, ReceiptHandle=message["ReceiptHandle"])
        return [mail for mail in self._mails if mail["to"] in {"", address}]

    def _make(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint_url)  # type: ignore[call-overload]


def _session(profile: str) -> boto3.Session:
    """A session of the person's own configuration, which the other tests have put out of reach."""
    core = botocore.session.Session(profile=profile)
    home = Path.home() / ".aws"
    core.set_config_variable("config_file", str(home / "config"))
    core.set_config_variable("credentials_file", str(home / "credentials"))
    return boto3.Session(botocore_session=core)
