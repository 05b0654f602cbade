"""The labels of an image: they lie in its configuration, a blob beside its layers.

https://github.com/opencontainers/image-spec/blob/main/config.md and
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from tidegate.aws.errors import aws_call
from tidegate.errors import Terminal

_MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
]
LARGEST = 1024 * 1024
"""Bytes of a configuration. Most have a few KiB; what is larger is not read."""
TIMEOUT_SECONDS = 3.0
_CHUNK = 64 * 1024
OK = 200
_NO_PLATFORM = ("unknown", "")
"""The architecture under which an index lists attestations."""


def read_labels(ecr: Any, repository: str, digest: str) -> dict[str, str]:
    """The labels of an image, of an index those of its first platform.

    Raises:
        Transient: ECR could not answer for now.
        Terminal: they cannot be read, for whatever reason.
    """
    try:
        manifest = _manifest(ecr, repository, digest)
        if "manifests" in manifest:
            manifest = _manifest(ecr, repository, _first_platform(manifest))
        config = str(manifest["config"]["digest"])
        answer = aws_call(ecr.get_download_url_for_layer, repositoryName=repository, layerDigest=config)
        blob = _download(answer["downloadUrl"], str(ecr.meta.endpoint_url))
        if f"sha256:{hashlib.sha256(blob).hexdigest()}" != config:
            raise Terminal(f"What was downloaded is not {config}.")
        labels = (json.loads(blob).get("config") or {}).get("Labels") or {}
        return {str(name): value for name, value in labels.items() if isinstance(value, str)}
    except (HTTPError, OSError) as error:
        raise Terminal(f"The configuration of {repository}@{digest} did not come: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Terminal(f"The image is not as expected: {error!r}") from error


def _manifest(ecr: Any, repository: str, digest: str) -> dict[str, Any]:
    answer = aws_call(
        ecr.batch_get_image,
        repositoryName=repository,
        imageIds=[{"imageDigest": digest}],
        acceptedMediaTypes=_MANIFESTS,
    )
    if not answer["images"]:
        raise Terminal(f"ECR does not give the manifest of {repository}@{digest}.")
    return dict(json.loads(answer["images"][0]["imageManifest"]))


def _first_platform(index: dict[str, Any]) -> str:
    for each in index["manifests"]:
        if (each.get("platform") or {}).get("architecture", "") not in _NO_PLATFORM:
            return str(each["digest"])
    raise Terminal("The index has no image of any platform.")


def _download(url: str, endpoint: str) -> bytes:
    """Get a blob, without redirects, by https unless the API itself is spoken to without."""
    address, own = urlsplit(url), urlsplit(endpoint)
    if address.scheme != "https" and (address.scheme, address.netloc) != (own.scheme, own.netloc):
        raise Terminal("The address of the configuration is not one of https.")
    deadline = time.monotonic() + TIMEOUT_SECONDS
    timeout = urllib3.Timeout(total=TIMEOUT_SECONDS)
    with urllib3.PoolManager(num_pools=1, retries=False) as pool:
        answer = pool.request("GET", url, timeout=timeout, redirect=False, preload_content=False)
        if answer.status != OK:
            raise Terminal(f"The configuration was answered with the status {answer.status}.")
        blob = b""
        while chunk := answer.read1(_CHUNK):
            blob += chunk
            if len(blob) > LARGEST:
                raise Terminal(f"The configuration has more than {LARGEST} bytes.")
            if time.monotonic() > deadline:
                raise Terminal(f"The configuration did not come within {TIMEOUT_SECONDS} seconds.")
    return blob
