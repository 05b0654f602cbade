"""SNS topics and SQS queues with their policies."""

from __future__ import annotations

import json

from local.cfn import shapes
from local.cfn.resources import Made, Request, changed, ignoring_missing, replace_on, resource_type
from local.cfn.subscriptions import SUBSCRIPTIONS, Subscription
from local.cfn.template import Json


@resource_type("AWS::SNS::Topic")
class Topic:
    """A topic, with the subscriptions written into it."""

    def create(self, request: Request) -> Made:
        """Create it, then subscribe."""
        sns, name = request.client("sns"), request.properties.get("TopicName") or request.name(256)
        plain = {
            "Name": name,
            "Attributes": self._attributes(request),
            "Tags": request.properties.get("Tags", []),
        }
        arn = sns.create_topic(**shapes.arguments("sns", "create_topic", plain))["TopicArn"]
        for one in request.properties.get("Subscription", []):
            sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Set its attributes; name and kind need a new topic."""
        replace_on(request, before, "TopicName", "FifoTopic")
        for name, value in self._attributes(request).items():
            request.client("sns").set_topic_attributes(
                TopicArn=made.physical_id, AttributeName=name, AttributeValue=value
            )
        if changed(request, before, "Subscription"):
            self._resubscribe(request, made.physical_id)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it with its subscriptions."""
        ignoring_missing(request.client("sns").delete_topic, TopicArn=made.physical_id)

    def _resubscribe(self, request: Request, arn: str) -> None:
        sns = request.client("sns")
        there = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        present = {(one["Protocol"], one["Endpoint"]) for one in there}
        for one in request.properties.get("Subscription", []):
            if (one["Protocol"], one["Endpoint"]) not in present:
                sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])

    def _attributes(self, request: Request) -> dict[str, str]:
        plain = request.without("TopicName", "Tags", "Subscription", "DeliveryStatusLogging")
        return {name: _text(value) for name, value in plain.items()}


@resource_type("AWS::SNS::Subscription")
class TopicSubscription:
    """One subscription; kept in `subscriptions.SUBSCRIPTIONS` as well."""

    _ATTRIBUTES = (
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "SubscriptionRoleArn",
    )

    def create(self, request: Request) -> Made:
        """Subscribe."""
        wanted = {name: request.properties[name] for name in self._ATTRIBUTES if name in request.properties}
        plain = {**request.without(*self._ATTRIBUTES, "Region"), "ReturnSubscriptionArn": True}
        plain["Attributes"] = {name: _text(value) for name, value in wanted.items()}
        arn = request.client("sns").subscribe(**shapes.arguments("sns", "subscribe", plain))[
            "SubscriptionArn"
        ]
        self._remember(request, arn)
        return Made(arn, {"Arn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Set its attributes; topic and endpoint need a new subscription."""
        replace_on(request, before, "TopicArn", "Protocol", "Endpoint")
        for name in self._ATTRIBUTES:
            if changed(request, before, name):
                request.client("sns").set_subscription_attributes(
                    SubscriptionArn=made.physical_id,
                    AttributeName=name,
                    AttributeValue=_text(request.properties.get(name, "{}")),
                )
        self._remember(request, made.physical_id)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Unsubscribe."""
        SUBSCRIPTIONS.pop(made.physical_id, None)
        ignoring_missing(request.client("sns").unsubscribe, SubscriptionArn=made.physical_id)

    def _remember(self, request: Request, arn: str) -> None:
        properties = request.properties
        SUBSCRIPTIONS[arn] = Subscription(
            topic_arn=properties["TopicArn"],
            protocol=properties["Protocol"],
            endpoint=properties.get("Endpoint", ""),
            filter_policy=properties.get("FilterPolicy", {}),
            filter_policy_scope=properties.get("FilterPolicyScope", "MessageAttributes"),
            raw_message_delivery=_text(properties.get("RawMessageDelivery", False)) == "true",
        )


@resource_type("AWS::SNS::TopicPolicy")
class TopicPolicy:
    """The policy of one or more topics."""

    def create(self, request: Request) -> Made:
        """Put it on every topic."""
        policy = json.dumps(request.properties["PolicyDocument"])
        for arn in request.properties["Topics"]:
            request.client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=policy
            )
        return Made(request.name())

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:  # noqa: ARG002
        """Put it anew."""
        self.create(request)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """A topic always has a policy; without this one it has the default, which the owner's calls pass."""


@resource_type("AWS::SQS::Queue")
class Queue:
    """A queue; `Ref` gives its URL."""

    def create(self, request: Request) -> Made:
        """Create it."""
        fifo = str(request.properties.get("FifoQueue", "")).lower() == "true"
        name = request.properties.get("QueueName") or request.name(80) + (".fifo" if fifo else "")
        url = request.client("sqs").create_queue(
            QueueName=name, Attributes=self._attributes(request), tags=_tags(request)
        )["QueueUrl"]
        return Made(url, {"Arn": request.arn("sqs", name), "QueueName": name, "QueueUrl": url})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Set its attributes; name and kind need a new queue."""
        replace_on(request, before, "QueueName", "FifoQueue")
        attributes = {name: value for name, value in self._attributes(request).items() if name != "FifoQueue"}
        if attributes:
            request.client("sqs").set_queue_attributes(QueueUrl=made.physical_id, Attributes=attributes)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("sqs").delete_queue, QueueUrl=made.physical_id)

    def _attributes(self, request: Request) -> dict[str, str]:
        return {name: _text(value) for name, value in request.without("QueueName", "Tags").items()}


@resource_type("AWS::SQS::QueuePolicy")
class QueuePolicy:
    """The policy of one or more queues."""

    def create(self, request: Request) -> Made:
        """Put it on every queue."""
        self._put(request, request.properties["Queues"], json.dumps(request.properties["PolicyDocument"]))
        return Made(request.name())

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Put it anew, and take it from the queues that lost it."""
        lost = [queue for queue in before["Queues"] if queue not in request.properties["Queues"]]
        self._put(request, lost, "")
        self.create(request)
        return made

    def delete(self, request: Request, made: Made) -> None:  # noqa: ARG002
        """Take it from every queue."""
        self._put(request, request.properties["Queues"], "")

    def _put(self, request: Request, queues: list[str], policy: str) -> None:
        for url in queues:
            ignoring_missing(
                request.client("sqs").set_queue_attributes, QueueUrl=url, Attributes={"Policy": policy}
            )


def _tags(request: Request) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in request.properties.get("Tags", [])}


def _text(value: Json) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
