"""Rules about approvals: enough people for what is required, each named once where it counts."""

from collections.abc import Iterator

from tidegate.contracts.manifest.raw import Object, a_list, a_number, an_object
from tidegate.contracts.paths import Location, show
from tidegate.contracts.validation import Mistake

MOST_PEOPLE = 20
"""Each gets a mail and a link of their own."""


def mistakes(at: Location, approval: Object) -> Iterator[Mistake]:
    """Mistakes between the fields of one approval rule."""
    roles = {str(name): an_object(role) for name, role in an_object(approval.get("roles")).items()}
    people = _people(approval)
    yield from _each_once((*at, "approvers"), approval.get("approvers"))
    if not people and not roles:
        yield Mistake((*at, "approvers"), "nobody could approve; give approvers or roles")
    for name, role in roles.items():
        yield from _each_once((*at, "roles", name, "approvers"), role.get("approvers"))
        yield from _enough((*at, "roles", name, "required"), role.get("required"), len(_people(role)))
    everybody = people.union(*(_people(role) for role in roles.values()))
    if len(everybody) > MOST_PEOPLE:
        yield Mistake((*at, "roles"), f"there are {len(everybody)} people; give at most {MOST_PEOPLE} in all")
    least = sum(a_number(role.get("required"), 1) for role in roles.values())
    if roles and least > len(everybody) and everybody:
        yield Mistake((*at, "roles"), f"{least} people must approve, but there are only {len(everybody)}")
    yield from _enough((*at, "required"), approval.get("required"), len(everybody))
    yield from _each_once((*at, "break_glass"), approval.get("break_glass"))
    for index, address in enumerate(a_list(approval.get("break_glass"))):
        if isinstance(address, str) and address.lower() not in everybody:
            yield Mistake((*at, "break_glass", index), f"{show(address)} is none of the approvers")


def _people(named: Object) -> set[str]:
    """The addresses, without regard to case."""
    return {each.lower() for each in a_list(named.get("approvers")) if isinstance(each, str)}


def _enough(at: Location, required: object, people: int) -> Iterator[Mistake]:
    number = a_number(required, 1)
    if 0 < people < number <= MOST_PEOPLE:
        yield Mistake(at, f"{number} is more than there are approvers; give at most {people}")


def _each_once(at: Location, values: object) -> Iterator[Mistake]:
    seen: set[str] = set()
    for index, value in enumerate(a_list(values)):
        if isinstance(value, str):
            if value.lower() in seen:
                yield Mistake((*at, index), f"{show(value)} is given already; give each once")
            seen.add(value.lower())
