"""Target-group stickiness of rules: for how long they keep a client, and which settings are refused.

What is documented: a rule keeps a client for 1 to 604800 seconds, which have to be given; where an action has
several target groups and targets of one of them are sticky, the rule has to be.
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupStickinessConfig.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html

How it is refused, from people who met it:
https://github.com/argoproj/argo-rollouts/pull/1577
https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2734
https://github.com/app-sre/qontract-reconcile/pull/2089
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend

LONGEST = 604_800


def seconds_of(actions: Sequence[Any]) -> int:
    """For how long a rule with these actions keeps a client at its target group; 0 where it does not."""
    for action in actions:
        data = getattr(action, "data", action)
        if data.get("Type") == "forward":
            config = _config(data)
            return int(config.get("DurationSeconds") or 0) if _is_enabled(config) else 0
    return 0


def check_actions(backend: ELBv2Backend, actions: Sequence[Mapping[str, Any]]) -> None:
    """Refuse actions whose stickiness cannot be.

    Raises:
        ELBClientError: as Elastic Load Balancing refuses them.
    """
    for action in actions:
        config = _config(action)
        seconds = config.get("DurationSeconds")
        if seconds is None and not _is_enabled(config):
            pass
        elif not 1 <= int(seconds or 0) <= LONGEST:
            sentence = f"Target group stickiness duration must be between 1 and {LONGEST} seconds"
            raise ELBClientError("ValidationError", sentence)
        groups = _groups(action)
        if len(groups) > 1 and not _is_enabled(config) and any(_is_sticky(backend, arn) for arn in groups):
            raise ELBClientError(
                "InvalidLoadBalancerAction",
                "You must enable group stickiness on a rule if you enabled target stickiness on one of its "
                "target groups",
            )


def check_attributes(backend: ELBv2Backend, arn: str, attributes: Mapping[str, Any]) -> None:
    """Refuse sticky targets in a group that stands beside others in a rule that is not sticky.

    Raises:
        ELBClientError: as Elastic Load Balancing refuses them.
    """
    if not _yes(attributes.get("stickiness.enabled")):
        return
    listeners = [each for balancer in backend.load_balancers.values() for each in balancer.listeners.values()]
    for rule in (rule for listener in listeners for rule in listener.rules.values()):
        for action in rule.actions:
            data: Mapping[str, Any] = action.data
            groups = _groups(data)
            if arn in groups and len(groups) > 1 and not _is_enabled(_config(data)):
                raise ELBClientError(
                    "InvalidConfigurationRequest",
                    f"This target group appears behind a rule with group stickiness disabled ({rule.arn}). "
                    "You must enable group stickiness before enabling target stickiness",
                )


def _config(action: Mapping[str, Any]) -> Mapping[str, Any]:
    return (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}


def _groups(action: Mapping[str, Any]) -> list[str]:
    return [each["TargetGroupArn"] for each in (action.get("ForwardConfig") or {}).get("TargetGroups") or []]


def _is_enabled(config: Mapping[str, Any]) -> bool:
    return _yes(config.get("Enabled"))


def _is_sticky(backend: ELBv2Backend, arn: str) -> bool:
    group = backend.target_groups.get(arn)
    return group is not None and _yes(group.attributes.get("stickiness.enabled"))


def _yes(value: Any) -> bool:
    return str(value).lower() == "true"
