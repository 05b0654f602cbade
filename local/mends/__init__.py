"""Mends of moto 5.2.5: what the local cloud needs and moto does not do, one small module per subject.

`install()` applies them in the order of `ORDER`: first what the others call (the backend, the clients, the
program cache), then the interpreter from expressions up to executions, then what the API answers. At last
CloudFormation, of which nothing but the endpoint is moto's.
"""

from __future__ import annotations

from local.mends import (
    alarms,
    answers,
    assignments,
    attempts,
    backends,
    buckets,
    casing,
    clients,
    context_object,
    definitions,
    error_names,
    executions,
    expressions,
    history,
    identities,
    interruption,
    nested,
    programs,
    schedules,
    tokens,
)
from local.mends.patching import Mend, Mends

ORDER: tuple[Mends, ...] = (
    backends.MENDS,
    clients.MENDS,
    programs.MENDS,
    history.MENDS,
    expressions.MENDS,
    assignments.MENDS,
    interruption.MENDS,
    error_names.MENDS,
    tokens.MENDS,
    attempts.MENDS,
    casing.MENDS,
    nested.MENDS,
    context_object.MENDS,
    executions.MENDS,
    answers.MENDS,
    definitions.MENDS,
    buckets.MENDS,
    alarms.MENDS,
    identities.MENDS,
    schedules.MENDS,
)


def install() -> None:
    """Apply every mend to the moto of this process; calling it again changes nothing."""
    for mends in ORDER:
        mends.apply()
    from local.cfn import endpoint  # it calls services through the clients of this package

    endpoint.install()


def all_mends() -> list[Mend]:
    """Every mend, in the order of application."""
    return [mend for mends in ORDER for mend in mends.all]
