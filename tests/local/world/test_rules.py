"""Listener rules: what Elastic Load Balancing refuses to change, and what it never shows.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local.world.support import forward

CLIENT = {
    "Issuer": "https://issuer",
    "AuthorizationEndpoint": "https://issuer/authorize",
    "TokenEndpoint": "https://issuer/token",
    "UserInfoEndpoint": "https://issuer/user",
    "ClientId": "shop",
}
ANYTHING = [{"Field": "path-pattern", "Values": ["/*"]}]


@pytest.fixture
def web(region):
    region.balancer = region.load_balancer(groups=("stable", "canary"))
    return region


def weights(web, stable, canary):
    groups = web.balancer.groups
    return forward({groups["stable"]: stable, groups["canary"]: canary})


def rule(web, *actions, priority=1):
    made = web.elbv2.create_rule(
        ListenerArn=web.balancer.listener, Priority=priority, Conditions=ANYTHING, Actions=list(actions)
    )
    return made["Rules"][0]["RuleArn"]


def refused(call, **parameters):
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return raised.value.response["Error"]["Code"]


def test_weights_go_to_999(web):
    arn = rule(web, weights(web, 999, 1))

    for beyond in (1000, -1):
        assert (
            refused(web.elbv2.modify_rule, RuleArn=arn, Actions=[weights(web, beyond, 1)])
            == "ValidationError"
        )
    web.elbv2.modify_rule(RuleArn=arn, Actions=[weights(web, 999, 0)])


def test_the_default_rule_is_the_listeners(web):
    (default,) = web.elbv2.describe_rules(ListenerArn=web.balancer.listener)["Rules"]

    code = refused(web.elbv2.modify_rule, RuleArn=default["RuleArn"], Actions=[weights(web, 1, 1)])

    assert code == "OperationNotPermitted"
    assert default["IsDefault"]


def test_the_secret_of_a_client_is_kept_and_never_shown(web):
    # Given
    oidc = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": CLIENT}
    secret = {**oidc, "AuthenticateOidcConfig": {**CLIENT, "ClientSecret": "s3cret"}}
    arn = rule(web, secret, {**weights(web, 100, 0), "Order": 2})
    shown = web.elbv2.describe_rules(RuleArns=[arn])["Rules"][0]["Actions"]
    assert shown[0]["AuthenticateOidcConfig"] == CLIENT

    # When it is written back as it is shown, without a word about the secret
    code = refused(
        web.elbv2.modify_rule, RuleArn=arn, Actions=[shown[0], {**weights(web, 99, 1), "Order": 2}]
    )

    # Then that is refused, and with a word it is not, as often as one likes
    assert code == "ValidationError"
    kept = {**oidc, "AuthenticateOidcConfig": {**CLIENT, "UseExistingClientSecret": True}}
    for share in (1, 2):
        web.elbv2.modify_rule(RuleArn=arn, Actions=[kept, {**weights(web, 100, share), "Order": 2}])
    (found,) = web.elbv2.describe_rules(RuleArns=[arn])["Rules"]
    assert found["Actions"][0]["AuthenticateOidcConfig"] == CLIENT
    assert [each["Weight"] for each in found["Actions"][1]["ForwardConfig"]["TargetGroups"]] == [100, 2]


def test_a_client_without_a_secret_is_refused(web):
    oidc = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": CLIENT}
    existing = {**oidc, "AuthenticateOidcConfig": {**CLIENT, "UseExistingClientSecret": True}}

    for action in (oidc, existing):
        actions = [action, {**weights(web, 1, 0), "Order": 2}]
        parameters = {"ListenerArn": web.balancer.listener, "Priority": 1, "Conditions": ANYTHING}
        assert refused(web.elbv2.create_rule, **parameters, Actions=actions) == "ValidationError"


def test_a_rule_that_is_gone_is_not_found(web):
    arn = rule(web, weights(web, 1, 0))
    web.elbv2.delete_rule(RuleArn=arn)

    assert refused(web.elbv2.modify_rule, RuleArn=arn, Actions=[weights(web, 1, 0)]) == "RuleNotFound"
