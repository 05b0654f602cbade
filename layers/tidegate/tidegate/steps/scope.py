"""What almost every step begins with: the release, the pinned manifest revision and the environment."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.domain.deployment import Deployment
from tidegate.domain.release import Release
from tidegate.domain.service import Environment, Service
from tidegate.errors import Terminal
from tidegate.ports import Ports


@dataclass(frozen=True, slots=True)
class Scope:
    """A release, the service as it was described when the release was planned, and one environment of it."""

    release: Release
    service: Service
    environment: Environment

    @property
    def past_no_return(self) -> bool:
        """Whether a migration was started here that nothing older can live with."""
        task = self.environment.before_deploy
        return task is not None and task.point_of_no_return and self.release.point_of_no_return


def release_of(ports: Ports, release: str) -> Release:
    """The release of that id.

    Raises:
        Terminal: the ledger does not know it.
    """
    found = ports.releases.get(release)
    if found is None:
        raise Terminal(f"The ledger does not know release {release}.")
    return found


def service_at(ports: Ports, name: str, revision: int | None = None) -> tuple[int, Service]:
    """A revision of a service, with its number.

    Raises:
        Terminal: the catalogue does not know it.
    """
    found = ports.catalogue.get(name, revision)
    if found is None:
        raise Terminal(
            f"The catalogue does not know service {name}{f', revision {revision}' if revision else ''}."
        )
    return found


def scope_of(ports: Ports, release: str, environment: str) -> Scope:
    """The scope of a release in an environment of its pinned manifest revision.

    Raises:
        Terminal: the release, the revision or the environment does not exist.
    """
    found = release_of(ports, release)
    _, service = service_at(ports, found.service, found.revision)
    try:
        return Scope(found, service, service.environment(environment))
    except LookupError as error:
        raise Terminal(str(error)) from error


def deployments_here(ports: Ports, scope: Scope) -> tuple[Deployment, ...]:
    """The deployments of the release in the environment, of every attempt, oldest first."""
    every = ports.deployments.of_release(scope.release.id)
    return tuple(each for each in every if each.environment == scope.environment.name)


def current_deployment(ports: Ports, scope: Scope) -> Deployment | None:
    """The deployment of this attempt of the release here, open or closed; None before it was opened."""
    mine = [each for each in deployments_here(ports, scope) if each.attempt == scope.release.attempt]
    return mine[-1] if mine else None
