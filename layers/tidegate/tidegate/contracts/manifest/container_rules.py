"""Rules about the containers: which are fed, pinned, essential and watched by a health check."""

import re
from collections.abc import Iterator

from tidegate.contracts.manifest import dependency_rules
from tidegate.contracts.manifest.raw import (
    Object,
    a_list,
    a_text,
    an_object,
    containers_of,
    names_of,
    objects,
)
from tidegate.contracts.paths import Location, show
from tidegate.contracts.validation import Mistake

RESERVED_TAGS = ("tidegate:", "aws:")
_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}", re.ASCII)
_HEALTH_CHECK = '{"command": ["CMD-SHELL", "…"], "interval": 30, "retries": 3}'


def mistakes(manifest: Object) -> Iterator[Mistake]:
    """Mistakes in the container definitions, and between them and `containers`."""
    containers = containers_of(manifest)
    fed = set(an_object(manifest.get("containers")))
    # With a name misspelt in `containers`, the missing image would be its consequence, not a second mistake.
    all_found = bool(fed) and fed <= set(names_of(containers))
    yield from _names(containers)
    yield from _fed(manifest, containers)
    for at, container in containers:
        yield from _image(at, container, fed, report_missing=all_found)
        yield from _health_check(at, container, fed)
        yield from _variables(at, container)
    yield from _essential(containers)
    yield from _tags(manifest)
    yield from dependency_rules.mistakes(manifest)


def is_essential(container: Object) -> bool:
    """Whether the task stops when the container does; ECS assumes so when nothing is said."""
    return container.get("essential") is not False


def _names(containers: list[tuple[Location, Object]]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for at, container in containers:
        name = a_text(container.get("name"))
        if name is not None and name in seen:
            yield Mistake((*at, "name"), f"{show(name)} is the name of another container already")
        elif name is not None:
            seen.add(name)


def _fed(manifest: Object, containers: list[tuple[Location, Object]]) -> Iterator[Mistake]:
    names = names_of(containers)
    if not names or len(names) < len(containers):
        return  # a container whose name is missing or wrong may be the one meant
    for name in an_object(manifest.get("containers")):
        if name not in names:
            there = ", ".join(show(each) for each in names[:10])
            yield Mistake(
                ("containers", str(name)),
                f"the task definition has no container of this name; it has {there}",
            )


def _image(at: Location, container: Object, fed: set[str], *, report_missing: bool) -> Iterator[Mistake]:
    name, image = a_text(container.get("name")), container.get("image")
    if name is None:
        return
    if name in fed:
        if image is not None:
            yield Mistake(
                (*at, "image"),
                "Tidegate fills in the image of a container that a repository feeds; leave it out",
            )
    elif image is None and report_missing:
        yield Mistake(
            (*at, "image"),
            f"this field is missing; no repository feeds container {show(name)}, so give an image pinned as "
            "name@sha256:<64 hexadecimal digits>, or name the container in containers",
        )
    elif isinstance(image, str) and not _PINNED.fullmatch(image):
        yield Mistake(
            (*at, "image"), f"{show(image)} is not pinned; give name@sha256:<64 hexadecimal digits>"
        )


def _health_check(at: Location, container: Object, fed: set[str]) -> Iterator[Mistake]:
    """Every essential container that Tidegate feeds needs a health check.

    Without one, and without a load balancer, ECS counts a task as healthy 40 seconds after it started
    (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html): a container
    that hangs would be a successful deployment.
    """
    check = container.get("healthCheck")
    if check is None:
        if a_text(container.get("name")) in fed and is_essential(container):
            yield Mistake(
                (*at, "healthCheck"),
                "this field is missing; an essential container that a repository feeds needs one, "
                f"such as {_HEALTH_CHECK}",
            )
        return
    command = an_object(check).get("command")
    first = a_text(next(iter(a_list(command)), None))
    if isinstance(command, list) and (first not in ("CMD", "CMD-SHELL") or len(command) < 2):
        yield Mistake(
            (*at, "healthCheck", "command"),
            'give a list that begins with "CMD" or "CMD-SHELL", then the command',
        )


def _variables(at: Location, container: Object) -> Iterator[Mistake]:
    """ECS refuses a name that is given twice, also once as a plain value and once as a secret."""
    seen: set[str] = set()
    for kind in ("environment", "secrets"):
        for place, variable in objects(container.get(kind), (*at, kind)):
            name = a_text(variable.get("name"))
            if name is not None and name in seen:
                yield Mistake((*place, "name"), f"{show(name)} is given already; give each variable once")
            elif name is not None:
                seen.add(name)


def _essential(containers: list[tuple[Location, Object]]) -> Iterator[Mistake]:
    if containers and not any(is_essential(container) for _, container in containers):
        yield Mistake(
            ("task_definition", "containerDefinitions"),
            "no container is essential; let at least one have essential true, or leave the field out",
        )


def _tags(manifest: Object) -> Iterator[Mistake]:
    seen: set[str] = set()
    template = an_object(manifest.get("task_definition"))
    for at, tag in objects(template.get("tags"), ("task_definition", "tags")):
        key = a_text(tag.get("key"))
        if key is None:
            continue
        if key.lower().startswith(RESERVED_TAGS):
            yield Mistake(
                (*at, "key"),
                f"{show(key)} is reserved; give a key that does not begin with tidegate: or aws:",
            )
        elif key in seen:
            yield Mistake((*at, "key"), f"{show(key)} is given already; give each tag once")
        seen.add(key)
