"""Service revisions: what a service was told to run, with the digests that its tags meant then."""

from __future__ import annotations

from typing import Any

from local.world.ecr.references import find_image
from local.world.ecs.model import Revision, Service, deployment_number
from local.world.ecs.shapes import COPIED_TO_REVISION
from local.world.world import World


class Revisions:
    """Records revisions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def record(self, service: Service) -> Revision:
        """Record what the service is told to run, with the digests that its tags mean now."""
        images = []
        for definition in service.task_definition.container_definitions:
            found = find_image(definition["image"])
            shown = {"containerName": definition["name"], "image": definition["image"]}
            if found.digest and definition.get("versionConsistency") != "disabled":
                shown["imageDigest"] = found.digest
            images.append(shown)
        settings = {name: service.settings.get(name) for name in COPIED_TO_REVISION}
        made = Revision(
            arn=service_arn(service, "service-revision", deployment_number(self._world.random)),
            created_at=self._world.today(),
            task_definition_arn=service.task_definition.arn,
            settings=settings,
            container_images=images,
            targets=targets_of(service),
        )
        service.revisions.append(made)
        return made


def targets_of(service: Service) -> list[dict[str, Any]]:
    """Where the tasks of a new revision are registered: with two target groups, in the other one.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
    """
    shifting = (service.configuration.get("strategy") or "ROLLING") != "ROLLING"
    live = service.live.revision.targets if service.live else []
    found = []
    for number, balancer in enumerate(service.load_balancers):
        pair = [balancer.get("targetGroupArn")]
        advanced = balancer.get("advancedConfiguration") or {}
        pair.append(advanced.get("alternateTargetGroupArn") or pair[0])
        now = live[number]["targetGroupArn"] if number < len(live) else None
        if now not in pair:
            chosen = pair[0]
        else:
            chosen = next((each for each in pair if each != now), now) if shifting else now
        found.append({**balancer, "targetGroupArn": chosen})
    return found


def service_arn(service: Service, kind: str, last: str) -> str:
    """The ARN of something that belongs to a service."""
    account, region = service.place
    return f"arn:aws:ecs:{region}:{account}:{kind}/{service.cluster_name}/{service.name}/{last}"
