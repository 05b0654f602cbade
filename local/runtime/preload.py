"""What the fork server loads once, so that a forked worker starts in milliseconds."""

from __future__ import annotations

import gc
import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAVY_MODULES = (
    "boto3",
    "botocore.session",
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "jinja2",
    "pydantic",
    "pydantic_core",
    # What pydantic imports late, with the first model that needs it.
    "pydantic.fields",
    "pydantic.functional_serializers",
    "pydantic.functional_validators",
    "pydantic.json_schema",
    "pydantic.main",
    "pydantic.type_adapter",
    "pydantic.types",
    "zoneinfo",
)
# Parsing an SDK service model takes tens of milliseconds; these are read ahead while nobody waits.
SERVICES = (
    "dynamodb",
    "ecs",
    "ecr",
    "stepfunctions",
    "sns",
    "elbv2",
    "events",
    "cloudwatch",
    "logs",
    "lambda",
    "s3",
    "ssm",
    "inspector2",
    "sts",
    "scheduler",
    "sqs",
    "application-autoscaling",
    "secretsmanager",
    "cloudformation",
)


def import_heavy_modules() -> None:
    """Import the third-party packages that nearly every function uses."""
    for name in HEAVY_MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            logging.getLogger(__name__).warning("%s is not installed; functions cannot import it", name)


def keep_data_files(*, service_models: bool) -> None:
    """Let every botocore session of this process and its forks share one copy of each parsed data file.

    botocore caches them per session, and sessions are made all the time.

    Args:
        service_models: Share the models of the services as well. botocore changes a few of them in place
            (it takes the bucket out of S3's paths), always in the same way, so its sessions can share them;
            moto, which routes by them, cannot share them with botocore.
    """
    from botocore.loaders import JSONFileLoader

    parsed: dict[str, Any] = {}
    load_file = JSONFileLoader.load_file

    def load_file_once(self: JSONFileLoader, file_path: str) -> Any:
        if "service-2" in file_path and not service_models:
            return load_file(self, file_path)
        if file_path not in parsed:
            parsed[file_path] = load_file(self, file_path)
        return parsed[file_path]

    setattr(JSONFileLoader, load_file.__name__, load_file_once)


def read_service_models() -> Iterator[str]:
    """Read one service's model per step, so that the caller can see to other things in between."""
    import boto3

    session = boto3.Session(region_name="us-east-1")
    for service in SERVICES:
        credentials = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
        session.client(service, **credentials)
        yield service
    del session
    gc.collect()
    # Objects that live before the fork are never touched by a child's garbage collector, so that their
    # memory stays shared: https://docs.python.org/3/library/gc.html#gc.freeze
    gc.freeze()
