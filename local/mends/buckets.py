"""Mend: bucket policies. moto reads their statements without their conditions.

So the usual statement that denies requests without TLS denies everything. The local endpoint stands for the
TLS endpoint of AWS: here every request counts as secure transport. A statement with a condition that is not
known is left out, as nothing local could evaluate it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
"""

from __future__ import annotations

import json

from local.mends.patching import Foreign, Mends, load

MENDS = Mends()


@MENDS.replaces("moto.s3.models:FakeBucket.get_permission", "7571412a3495")
def get_permission(self: Foreign, action: str, resource: str) -> Foreign:
    """moto takes a conditional statement for an unconditional one."""
    if self.policy is None:
        return load("moto.iam.access_control:PermissionResult").NEUTRAL
    policy = json.loads(self.policy)
    statements = policy.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    policy["Statement"] = [each for each in statements if _holds(each.get("Condition") or {})]
    return load("moto.iam.access_control:IAMPolicy")(json.dumps(policy)).is_action_permitted(action, resource)


def _holds(condition: dict[str, dict[str, Foreign]]) -> bool:
    for operator, keys in condition.items():
        for key, wanted in keys.items():
            if operator != "Bool" or key.lower() != "aws:securetransport":
                return False
            if str(wanted).lower() != "true":
                return False
    return True
