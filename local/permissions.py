"""Resource-based policies: may this AWS service call this function, or write to this queue or topic?

AWS checks them at every delivery, and a missing permission is a common mistake in templates: nothing
fails at deployment, and the events end in the dead-letter queue. See
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html and
https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html.
"""

from __future__ import annotations

import fnmatch
import json
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local import authorizations


def allows(policy: list[dict[str, Any]], service: str, action: str, source_arn: str, account: str) -> bool:
    """Whether a policy's statements let a service principal do something on behalf of a resource.

    Knows the conditions that name the source (`aws:SourceArn`, `aws:SourceAccount`); a statement with any
    other condition does not allow anything here.
    """
    answers = {
        statement.get("Effect", "Allow")
        for statement in policy
        if _names_service(statement.get("Principal"), service)
        and any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in _listed(statement.get("Action")))
        and _conditions_hold(statement.get("Condition") or {}, source_arn, account)
    }
    return answers == {"Allow"}


def function_allows(function_arn: str, service: str, source_arn: str) -> bool:
    """Whether a function's policy lets the service invoke it; a missing function allows nothing."""
    _, _, _, region, account, _, name, *qualifier = function_arn.split(":")
    try:
        function = get_backend(account, region).get_function(name, qualifier[0] if qualifier else None)
    except UnknownFunctionException:
        return False
    _note(service, "lambda", "Invoke", FunctionName=function_arn, SourceArn=source_arn)
    return allows(function.policy.statements, service, "lambda:InvokeFunction", source_arn, account)


def queue_allows(queue_arn: str, service: str, source_arn: str) -> bool:
    """Whether a queue's policy lets the service send to it."""
    _, _, _, region, account, name = queue_arn.split(":")
    queue = sqs_backends[account][region].queues.get(name)
    if queue is None:
        return False
    statements = json.loads(queue.policy or '{"Statement": []}')["Statement"]
    _note(service, "sqs", "SendMessage", QueueArn=queue_arn, SourceArn=source_arn)
    return allows(statements, service, "sqs:SendMessage", source_arn, account)


def topic_allows(topic_arn: str, service: str, source_arn: str) -> bool:
    """Whether a topic's policy lets the service publish to it."""
    _, _, _, region, account, _ = topic_arn.split(":")
    topic = sns_backends[account][region].topics.get(topic_arn)
    if topic is None:
        return False
    _note(service, "sns", "Publish", TopicArn=topic_arn, SourceArn=source_arn)
    return allows(json.loads(topic.policy)["Statement"], service, "sns:Publish", source_arn, account)


def _note(principal: str, service: str, action: str, **parameters: str) -> None:
    if ":execute-api:" not in parameters["SourceArn"]:  # a path may hold a secret; see local.api.app
        authorizations.note(principal, service, action, parameters)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value or ""]


def _names_service(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return bool(principal == service)
    return service in _listed(principal.get("Service")) or "*" in _listed(principal.get("AWS"))


def _conditions_hold(conditions: dict[str, dict[str, Any]], source_arn: str, account: str) -> bool:
    known = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
    for operator, tests in conditions.items():
        for key, wanted in tests.items():
            actual = known.get(key.lower())
            if actual is None or not any(_matches(operator, actual, str(one)) for one in _listed(wanted)):
                return False
    return True


def _matches(operator: str, actual: str, wanted: str) -> bool:
    if operator in {"ArnLike", "ArnEquals", "StringLike"}:
        return fnmatch.fnmatchcase(actual, wanted.replace("[", "[[]"))
    return operator == "StringEquals" and actual == wanted
