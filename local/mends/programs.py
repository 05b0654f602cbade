"""Mend: parse a definition once, and name the field of every expression in it.

Parsing takes moto a quarter of a second for a machine of thirty states, at every start. The parsed program is
never changed by running it, so executions share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from local.mends.language import ASL, COMMON, STATE, Component, Environment
from local.mends.patching import Foreign, Mends, load

MENDS = Mends()

AmazonStateLanguageParser = load(f"{ASL}.parse.asl_parser:AmazonStateLanguageParser")
StringJSONata = load(f"{COMMON}.string.string_expression:StringJSONata")
Part = load(f"{ASL}.component.component:Component")
Program = load(f"{ASL}.component.program.program:Program")
State = load(f"{STATE}.state:CommonStateField")


@lru_cache(maxsize=256)
def parse(definition: str) -> Component:
    """The program of a definition, shared by all executions of it."""
    program = AmazonStateLanguageParser.parse(definition)[0]
    _name_fields(program)
    return program


def heap_key(self: Component) -> str:
    """moto makes the key up at first use, which two executions that share a program might do at once."""
    return str(id(self))


MENDS.replaces(f"{ASL}.component.eval_component:EvalComponent.heap_key", "2531bf43997a")(property(heap_key))


@MENDS.wraps(f"{COMMON}.path.result_path:ResultPath._eval_body", "a6d93b4e5a33")
def evaluate_result_path(original: Foreign, self: Component, env: Environment) -> None:
    """moto parses even the path `$`, which changes nothing, at every state; that is a third of its time."""
    if self.result_path_src != "$":
        original(self, env)


_FIELDS = {
    "output": "Output",
    "parargs": "Arguments",
    "assign_decl": "Assign",
    "assign": "Assign",
    "rules": "Choices",
    "comparison": "Condition",
    "wait_function": "Seconds",
    "timeout": "TimeoutSeconds",
    "heartbeat": "HeartbeatSeconds",
    "cause": "Cause",
    "error": "Error",
    "items": "Items",
    "item_selector": "ItemSelector",
    "max_concurrency_decl": "MaxConcurrency",
    "catchers": "Catch",
    "credentials": "Credentials",
}
_INDEXED = {"rules", "catchers", "values"}
_EXPECTED = {
    "Condition": "boolean",
    "Seconds": "integer",
    "TimeoutSeconds": "integer",
    "HeartbeatSeconds": "integer",
    "MaxConcurrency": "integer",
    "Cause": "string",
    "Error": "string",
    "Items": "array",
}


def _name_fields(component: Component, path: str = "") -> None:
    """Write into every expression the path of its field within its state, and the type the field wants."""
    if isinstance(component, StringJSONata):
        component.field = path
        component.expected = _EXPECTED.get(path.rpartition("/")[2])
        return
    if isinstance(component, State | Program):
        path = ""
    for name, part in vars(component).items():
        for step, inner in _parts(component, name, part):
            _name_fields(inner, f"{path}/{step}" if path and step and step[0] != "[" else path + step)


def _parts(component: Component, name: str, part: Foreign) -> Iterator[tuple[str, Component]]:
    """The components below an attribute, each with the step of the path that leads to it."""
    step = str(getattr(component, "identifier", "")) or _FIELDS.get(name, "")
    if isinstance(part, list):
        indexed = name in _INDEXED
        yield from (
            (f"{step}[{index}]" if indexed else step, inner)
            for index, inner in enumerate(part)
            if isinstance(inner, Part)
        )
    elif isinstance(part, dict):
        yield from ((step, inner) for inner in part.values() if isinstance(inner, Part))
    elif isinstance(part, Part):
        yield step, part
