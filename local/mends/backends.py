"""Mend: one Step Functions backend, which executes, for the API and for CloudFormation alike.

moto answers the API from one backend and lets CloudFormation write into another, and executes nothing unless
it is told to.
"""

from __future__ import annotations

from local.mends.patching import Mends, load

MENDS = Mends()

_EXECUTING = load("moto.stepfunctions.parser.models:stepfunctions_parser_backends")

MENDS.replaces("moto.stepfunctions.models:stepfunctions_backends", "d4bd6f3eb080")(_EXECUTING)
MENDS.replaces("moto.stepfunctions.responses:stepfunctions_backends", "d4bd6f3eb080")(_EXECUTING)


@MENDS.replaces("moto.stepfunctions.responses:get_backend", "e736380f7d9c")
def get_backend(account: str, region: str) -> object:
    """moto looks its configuration up, which another thread's `mock_aws` may have reset."""
    return _EXECUTING[account][region]


@MENDS.replaces("moto.iam.models:load_iam_aws_managed_policies", "ccb6600dc9f8")
def load_managed_policies() -> bool:
    """moto has the managed policies of AWS, but does not load them; roles of functions attach some."""
    return True
