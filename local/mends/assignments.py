"""Mend: Assign and Output of one state see the same, old variables.

Step Functions evaluates both in parallel and the new values hold from the next state on
(https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html, "Evaluation order").
moto writes the variables first, so that Output already sees them.
"""

from __future__ import annotations

from typing import TypeAlias

from local.mends.language import COMMON, STATE, Component, Environment
from local.mends.patching import Foreign, Mends

Json: TypeAlias = object

MENDS = Mends()

_WAITING = "_local_assignments"


@MENDS.replaces(f"{COMMON}.assign.assign_decl:AssignDecl._eval_body", "652b8326e85d")
def evaluate_assign(self: Component, env: Environment) -> None:
    """moto writes the variables before Output is evaluated."""
    values: dict[str, Json] = {}
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        values.update(env.stack.pop())
    env.__dict__.setdefault(_WAITING, {}).update(values)


@MENDS.wraps(f"{STATE}.state:CommonStateField._get_state_exited_event_details", "82ead97874bb")
def write_then_report(original: Foreign, self: Component, env: Environment) -> Foreign:
    """The last thing moto does in a state, after Output: here its variables take their new values."""
    for name, value in env.__dict__.pop(_WAITING, {}).items():
        env.variable_store.set(variable_identifier=name, variable_value=value)
    return original(self, env)
