"""Listener rules: what CreateRule and ModifyRule refuse, and what nobody is shown.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
"""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend

from local.world import patches
from local.world.elb import stickiness

MOST_WEIGHT = 999
OIDC = "AuthenticateOidcConfig"


def wrap_rules() -> None:
    """Check the actions of rules, and keep the secrets of OIDC clients out of sight."""
    create, modify = ELBv2Backend.create_rule, ELBv2Backend.modify_rule

    def create_rule(
        self: ELBv2Backend,
        listener_arn: str,
        conditions: list[Any],
        priority: int,
        actions: list[Any],
        tags: list[Any] | None = None,
    ) -> Any:
        _check(actions, None)
        stickiness.check_actions(self, actions)
        rule = create(self, listener_arn, conditions, priority, actions, tags)
        _hide(rule, None)
        return rule

    def modify_rule(self: ELBv2Backend, rule_arn: str, conditions: list[Any], actions: list[Any]) -> Any:
        (rule,) = self.describe_rules(listener_arn=None, rule_arns=[rule_arn])
        if rule.is_default:
            raise ELBClientError("OperationNotPermitted", f"Default rule '{rule_arn}' cannot be modified")
        secret = _secret(rule)
        _check(actions, secret)
        stickiness.check_actions(self, actions)
        changed = modify(self, rule_arn, conditions, actions)
        _hide(changed, secret)
        return changed

    patches.replace(ELBv2Backend, "create_rule", create_rule)
    patches.replace(ELBv2Backend, "modify_rule", modify_rule)
    _wrap_attributes()


def _wrap_attributes() -> None:
    """Check what a target group's attributes may be beside the rules that forward to it."""
    modify = ELBv2Backend.modify_target_group_attributes

    def modify_target_group_attributes(
        self: ELBv2Backend, target_group_arn: str, attributes: dict[str, Any]
    ) -> None:
        stickiness.check_attributes(self, target_group_arn, attributes)
        modify(self, target_group_arn, attributes)

    patches.replace(ELBv2Backend, "modify_target_group_attributes", modify_target_group_attributes)


def _check(actions: list[dict[str, Any]], secret: str | None) -> None:
    for action in actions:
        for group in (action.get("ForwardConfig") or {}).get("TargetGroups") or []:
            weight = int(group.get("Weight", 1))
            if not 0 <= weight <= MOST_WEIGHT:
                sentence = f"Weight '{weight}' must be between 0 and {MOST_WEIGHT} inclusive"
                raise ELBClientError("ValidationError", sentence)
        config = action.get(OIDC)
        if config is None or config.get("ClientSecret"):
            continue
        if not (secret and _yes(config.get("UseExistingClientSecret"))):
            raise ELBClientError("ValidationError", "A client secret must be specified")


def _hide(rule: Any, secret: str | None) -> None:
    for action in rule.actions:
        config = action.data.get(OIDC)
        if config is not None:
            action.client_secret = config.pop("ClientSecret", None) or secret
            config.pop("UseExistingClientSecret", None)


def _secret(rule: Any) -> str | None:
    found = (getattr(action, "client_secret", None) for action in rule.actions)
    return next((secret for secret in found if secret), None)


def _yes(value: Any) -> bool:
    return str(value).lower() == "true"
