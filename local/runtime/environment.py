"""One function as deployed, and the variables and search path that its execution environments get."""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.runtime.sessions import Session


@dataclass(frozen=True)
class Deployed:
    """What decides whether a warm environment still fits: all of a function's code and configuration.

    Attributes:
        arn: Unqualified ARN.
        name: Function name.
        version: `$LATEST` or a published version's number.
        handler: `module.function`.
        runtime: `python3.13`, …
        memory_mb: Only told to the function, not enforced.
        timeout_s: Seconds an invocation may take.
        variables: The function's own environment variables, sorted.
        code: Folder that plays /var/task.
        layers: Folders that play /opt, in the order in which the layers are attached.
        stamp: Changes whenever code or layers change.
        region: Where the function lives.
    """

    arn: str
    name: str
    version: str
    handler: str
    runtime: str
    memory_mb: int
    timeout_s: int
    variables: tuple[tuple[str, str], ...]
    code: Path
    layers: tuple[Path, ...]
    stamp: str
    region: str

    @property
    def log_group(self) -> str:
        """Name of the function's log group."""
        return f"/aws/lambda/{self.name}"


def log_stream_name(version: str) -> str:
    """The name of one environment's log stream: date, version, and 32 random hexadecimal digits."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"


def variables_of(function: Deployed, log_stream: str, session: Session, endpoint: str) -> dict[str, str]:
    """Every environment variable of an execution environment, and nothing else.

    The names and values are those of
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime,
    reserved ones last because a function cannot set them. Two are ours: AWS_ENDPOINT_URL, which the SDKs
    read as described in https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html, and HOME,
    which keeps the SDK away from the developer's own ~/.aws.
    """
    defaults = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_LAMBDA_LOG_FORMAT": "Text",
        "HOME": "/home/sbx_user1051",
    }
    reserved = {
        "_HANDLER": function.handler,
        "_X_AMZN_TRACE_ID": "",
        "AWS_DEFAULT_REGION": function.region,
        "AWS_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "LAMBDA_TASK_ROOT": str(function.code),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_ENDPOINT_URL": endpoint,
    }
    return {**defaults, **dict(function.variables), **reserved}


def search_path(code: Path, layers: tuple[Path, ...], variables: Mapping[str, str]) -> list[str]:
    """The function's part of sys.path: /var/task first, then the layers' Python folders.

    A layer's packages lie in `python/` or `python/lib/python3.x/site-packages/`, and where layers overlap
    the later one wins, because Lambda unpacks them into /opt one after the other:
    https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html. A layer folder without `python/` is
    a source folder whose content the build would put there.
    """
    paths = [code, *(Path(entry) for entry in variables.get("PYTHONPATH", "").split(":") if entry)]
    for layer in reversed(layers):
        inner = layer / "python"
        if inner.is_dir():
            versions = sorted(inner.glob("lib/python3.*/site-packages"), reverse=True)
            paths += [*versions, inner]
        else:
            paths.append(layer)
    return [str(path) for path in paths]


def python_of_runtime() -> str:
    """The runtime name that this interpreter would have on Lambda."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"
