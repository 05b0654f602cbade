"""Rules between containers: who waits for whom, and which volumes they share."""

from collections.abc import Iterator, Mapping

from tidegate.contracts.manifest.raw import Object, a_text, an_object, containers_of, names_of, objects
from tidegate.contracts.paths import Location, show
from tidegate.contracts.validation import Mistake


def mistakes(manifest: Object) -> Iterator[Mistake]:
    """Mistakes in `dependsOn`, `mountPoints`, `volumesFrom` and `volumes`."""
    containers = containers_of(manifest)
    by_name = {str(container.get("name")): container for _, container in containers}
    for at, container in containers:
        yield from _conditions(at, container, by_name)
        yield from _shared(at, container, set(names_of(containers)))
    yield from _circles(containers)
    yield from _volumes(manifest, containers)


def _conditions(at: Location, container: Object, by_name: Mapping[str, Object]) -> Iterator[Mistake]:
    """What a container waits for must be able to happen.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
    """
    for place, dependency in objects(container.get("dependsOn"), (*at, "dependsOn")):
        name = a_text(dependency.get("containerName"))
        if name is None:
            continue
        other = by_name.get(name)
        if other is None:
            yield Mistake(
                (*place, "containerName"), f"there is no container {show(name)} in the task definition"
            )
            continue
        condition = dependency.get("condition")
        if condition == "HEALTHY" and other.get("healthCheck") is None:
            yield Mistake(
                (*place, "condition"), f"HEALTHY needs a healthCheck, and container {show(name)} has none"
            )
        if condition in ("COMPLETE", "SUCCESS") and other.get("essential") is not False:
            yield Mistake(
                (*place, "condition"),
                f"{condition} needs a container that may end, and container {show(name)} is essential; "
                "give it essential false",
            )


def _shared(at: Location, container: Object, names: set[str]) -> Iterator[Mistake]:
    for place, source in objects(container.get("volumesFrom"), (*at, "volumesFrom")):
        name = a_text(source.get("sourceContainer"))
        if name is None:
            continue
        if name not in names:
            yield Mistake(
                (*place, "sourceContainer"), f"there is no container {show(name)} in the task definition"
            )
        elif name == container.get("name"):
            yield Mistake((*place, "sourceContainer"), "a container cannot take volumes from itself")


def _circles(containers: list[tuple[Location, Object]]) -> Iterator[Mistake]:
    waits: dict[str, list[str]] = {}
    for _, container in containers:
        dependencies = (each for _, each in objects(container.get("dependsOn"), ()))
        waits[str(container.get("name"))] = [str(each.get("containerName")) for each in dependencies]
    reported: set[str] = set()
    for at, container in containers:
        circle = _circle(str(container.get("name")), waits)
        if circle and not reported.intersection(circle):
            reported.update(circle)
            names = ", which waits for ".join(show(name) for name in [*circle[1:], circle[0]])
            yield Mistake(
                (*at, "dependsOn"), f"container {show(circle[0])} waits for {names}; let none wait for itself"
            )


def _circle(start: str, waits: Mapping[str, list[str]]) -> list[str]:
    """A shortest way from a container back to itself, or nothing."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for name in waits.get(way[-1], []):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def _volumes(manifest: Object, containers: list[tuple[Location, Object]]) -> Iterator[Mistake]:
    template = an_object(manifest.get("task_definition"))
    defined: list[str] = []
    for at, volume in objects(template.get("volumes"), ("task_definition", "volumes")):
        name = a_text(volume.get("name"))
        if name is not None and name in defined:
            yield Mistake((*at, "name"), f"{show(name)} is the name of another volume already")
        elif name is not None:
            defined.append(name)
    known = ", ".join(show(name) for name in defined[:10]) or "none"
    for at, container in containers:
        for place, mount in objects(container.get("mountPoints"), (*at, "mountPoints")):
            name = a_text(mount.get("sourceVolume"))
            if name is not None and name not in defined:
                yield Mistake(
                    (*place, "sourceVolume"),
                    f"there is no volume {show(name)}; task_definition.volumes defines {known}",
                )
