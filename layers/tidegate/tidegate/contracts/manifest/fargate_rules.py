"""Rules of size and network, most of them Fargate's.

Sizes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
What Fargate does not know: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from collections.abc import Iterator, Mapping

from tidegate.contracts.manifest.raw import (
    Object,
    a_list,
    a_number,
    an_object,
    containers_of,
    objects,
)
from tidegate.contracts.paths import Location, show
from tidegate.contracts.validation import Mistake

GIB = 1024
FARGATE_SIZES: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: tuple(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: tuple(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: tuple(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: tuple(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: tuple(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}
"""CPU units of a task to the MiB of memory that Fargate has for them."""

_NOT_ON_FARGATE = (
    *("disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts"),
    *("links", "privileged"),
)
_TASK: Location = ("task_definition",)


def mistakes(manifest: Object) -> Iterator[Mistake]:
    """Mistakes in sizes, network mode and what Fargate cannot do."""
    template = an_object(manifest.get("task_definition"))
    containers = containers_of(manifest)
    on_fargate = "FARGATE" in a_list(template.get("requiresCompatibilities"))
    if template.get("networkMode") == "awsvpc":
        for at, container in containers:
            yield from _ports(at, container)
    if on_fargate:
        yield from _fargate_task(template)
        for at, container in containers:
            yield from _fargate_container(at, container)
        yield from _execution_role(manifest, template)
    found: dict[tuple[Location, str], None] = {}
    for at, overrides in _variants(manifest):
        size = {key: overrides.get(key) or template.get(key) for key in ("cpu", "memory")}
        place = (*at, "memory" if overrides.get("memory") or not overrides.get("cpu") else "cpu")
        if on_fargate:
            found.update(((mistake.at, mistake.say), None) for mistake in _fargate_size(place, size))
        found.update(((each.at, each.say), None) for each in _container_memory(place, size, containers))
    for place, say in found:
        yield Mistake(place, say)


def _variants(manifest: Object) -> Iterator[tuple[Location, Object]]:
    """The overrides of each environment with the place to report their size at."""
    environments = list(objects(manifest.get("environments"), ("environments",)))
    for at, environment in environments:
        overrides = an_object(environment.get("overrides"))
        resized = overrides.get("cpu") is not None or overrides.get("memory") is not None
        yield ((*at, "overrides") if resized else _TASK), overrides
    if not environments:
        yield _TASK, {}


def _fargate_task(template: Object) -> Iterator[Mistake]:
    mode = template.get("networkMode")
    if mode != "awsvpc":
        what = "this field is missing" if mode is None else f"{show(mode)} is not allowed"
        yield Mistake((*_TASK, "networkMode"), f'{what}; Fargate needs "awsvpc"')
    if a_list(template.get("placementConstraints")):
        yield Mistake((*_TASK, "placementConstraints"), "Fargate has no placement; leave it out")
    if template.get("ipcMode") is not None:
        yield Mistake((*_TASK, "ipcMode"), "Fargate has no IPC modes; leave it out")
    if template.get("pidMode") == "host":
        yield Mistake((*_TASK, "pidMode"), '"host" is not allowed; Fargate knows only "task"')
    for at, volume in objects(template.get("volumes"), (*_TASK, "volumes")):
        if volume.get("dockerVolumeConfiguration") is not None:
            yield Mistake((*at, "dockerVolumeConfiguration"), "Fargate has no Docker volumes; leave it out")
        if an_object(volume.get("host")).get("sourcePath") is not None:
            yield Mistake((*at, "host", "sourcePath"), "Fargate has no host folders; leave it out")


def _fargate_container(at: Location, container: Object) -> Iterator[Mistake]:
    for name in _NOT_ON_FARGATE:
        if container.get(name):
            yield Mistake((*at, name), "Fargate does not support it; leave it out")
    linux = an_object(container.get("linuxParameters"))
    for name in ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness"):
        if linux.get(name):
            yield Mistake((*at, "linuxParameters", name), "Fargate does not support it; leave it out")


def _execution_role(manifest: Object, template: Object) -> Iterator[Mistake]:
    """Fargate pulls images from ECR with the task execution role."""
    if template.get("executionRoleArn") is not None:
        return
    lacking = [
        at
        for at, environment in objects(manifest.get("environments"), ("environments",))
        if an_object(environment.get("overrides")).get("execution_role_arn") is None
    ]
    if lacking:
        yield Mistake(
            (*_TASK, "executionRoleArn"),
            "this field is missing; Fargate needs the task execution role, here or in the overrides of every "
            "environment",
        )


def _fargate_size(place: Location, size: Object) -> Iterator[Mistake]:
    cpu, memory = _units(size["cpu"]), _units(size["memory"])
    for name in ("cpu", "memory"):
        if size[name] is None:
            yield Mistake((*_TASK, name), "this field is missing; Fargate needs the size of the task")
    if cpu is None or memory is None:
        return
    if cpu not in FARGATE_SIZES:
        known = ", ".join(str(each) for each in FARGATE_SIZES)
        yield Mistake((*place[:-1], "cpu"), f'"{cpu}" is not allowed; Fargate has the sizes {known}')
    elif memory not in FARGATE_SIZES[cpu]:
        sizes = FARGATE_SIZES[cpu]
        steps = f"from {sizes[0]} to {sizes[-1]} in steps of {sizes[-1] - sizes[-2]}"
        steps = ", ".join(str(each) for each in sizes) if cpu == 256 else steps
        yield Mistake(
            place, f"{memory} MiB with {cpu} CPU units is not allowed; Fargate has {steps} for them"
        )


def _container_memory(
    place: Location, size: Object, containers: list[tuple[Location, Object]]
) -> Iterator[Mistake]:
    """The containers must fit into the task; without a task size each needs its own."""
    whole = _units(size["memory"])
    reserved = [
        a_number(each.get("memory")) or a_number(each.get("memoryReservation")) for _, each in containers
    ]
    if whole is not None and sum(reserved) > whole:
        yield Mistake(place, f"the containers reserve {sum(reserved)} MiB, more than the task's {whole} MiB")
    if size["memory"] is None:
        for (at, _), memory in zip(containers, reserved, strict=True):
            if not memory:
                yield Mistake((*at, "memory"), "this field is missing; give it here or for the whole task")


def _ports(at: Location, container: Object) -> Iterator[Mistake]:
    for place, mapping in objects(container.get("portMappings"), (*at, "portMappings")):
        host, port = mapping.get("hostPort"), mapping.get("containerPort")
        if isinstance(host, int) and isinstance(port, int) and host != port:
            yield Mistake(
                (*place, "hostPort"),
                f"{show(host)} is not allowed; with awsvpc give the containerPort ({show(port)}) or nothing",
            )


def _units(text: object) -> int | None:
    return (
        int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 9 else None
    )
