"""What a service answers when it throttles, denies or fails.

The error codes are those that each service documents, for instance
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html.
"""

from __future__ import annotations

_QUERY_SERVICES = frozenset(
    {"sns", "elbv2", "cloudwatch", "iam", "sts", "cloudformation", "autoscaling", "rds", "ec2", "elasticache"}
)
_THROTTLES = {
    "lambda": ("TooManyRequestsException", "Rate Exceeded."),
    "s3": ("SlowDown", "Please reduce your request rate."),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded."),
    "sqs": ("RequestThrottled", "The request was denied due to request throttling."),
    "elbv2": ("Throttling", "Rate exceeded"),
}
_DENIALS = {"ec2": "UnauthorizedOperation", "s3": "AccessDenied"}
_FAILURES = {
    "ecs": "ServerException",
    "ecr": "ServerException",
    "dynamodb": "InternalServerError",
    "s3": "InternalError",
    "lambda": "ServiceException",
    "sns": "InternalError",
    "events": "InternalException",
    "ssm": "InternalServerError",
    "scheduler": "InternalServerException",
    "inspector2": "InternalServerException",
    "logs": "ServiceUnavailableException",
    "cloudwatch": "InternalServiceFault",
}


def error_of(kind: str, service: str, action: str, principal: str) -> tuple[int, str, str]:
    """HTTP status, error code and message for a kind of fault, in the service's own words."""
    query = service in _QUERY_SERVICES
    if kind == "throttle":
        code, message = _THROTTLES.get(
            service, ("Throttling" if query else "ThrottlingException", "Rate exceeded")
        )
        return (429 if service == "lambda" else 503 if service in {"s3", "ec2"} else 400), code, message
    if kind == "access_denied":
        code = _DENIALS.get(service, "AccessDenied" if query else "AccessDeniedException")
        prefix = {"stepfunctions": "states", "elbv2": "elasticloadbalancing"}.get(service, service)
        message = (
            f"User: {principal} is not authorized to perform: {prefix}:{action} because no identity-based "
            f"policy allows the {prefix}:{action} action"
        )
        return (
            (400 if service in {"dynamodb", "ecs", "ecr", "stepfunctions", "events", "ssm"} else 403),
            code,
            message,
        )
    code = _FAILURES.get(service, "InternalFailure")
    return 500, code, "The request processing has failed because of an internal error."
