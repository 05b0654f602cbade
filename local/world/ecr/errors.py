"""The errors of the ECR API in its own words."""

from __future__ import annotations

from collections.abc import Mapping

from moto.core.exceptions import ServiceException


class EcrError(ServiceException):
    """An error of the ECR API, by its documented name."""


def _shown(image_id: Mapping[str, str]) -> str:
    digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
    return f"{{imageDigest:'{digest}', imageTag:'{tag}'}}"


def repository_missing(name: str, registry: str) -> EcrError:
    """RepositoryNotFoundException."""
    return EcrError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{registry}'",
    )


def image_missing(image_id: Mapping[str, str], name: str, registry: str) -> EcrError:
    """ImageNotFoundException."""
    return EcrError(
        "ImageNotFoundException",
        f"The image with imageId {_shown(image_id)} does not exist within the repository with name "
        f"'{name}' in the registry with id '{registry}'",
    )


def scan_missing(image_id: Mapping[str, str], name: str, registry: str) -> EcrError:
    """ScanNotFoundException."""
    return EcrError(
        "ScanNotFoundException",
        f"Image scan does not exist for the image with '{_shown(image_id)}' in the repository with name "
        f"'{name}' in the registry with id '{registry}'",
    )
