"""How often pages may be asked for, by the template: each route by itself, forms less often than pages."""

from tests.statemachines.template import resources

API = "AWS::Serverless::HttpApi"


def test_every_route_is_throttled_and_forms_most():
    # Given
    ((_, web),) = resources(API).items()
    looking, deciding = web["DefaultRouteSettings"], web["RouteSettings"]["POST /approve/{link}"]

    # Then
    for limit in ("ThrottlingBurstLimit", "ThrottlingRateLimit"):
        assert 0 < deciding[limit] <= looking[limit]


def test_the_route_of_the_form_is_one_that_there_is():
    # Given
    events = resources("AWS::Serverless::Function")["ApprovalPageFunction"]["Events"].values()

    # When
    routes = {f"{each['Properties']['Method']} {each['Properties']['Path']}" for each in events}

    # Then
    assert routes == {"GET /approve/{link}", "HEAD /approve/{link}", "POST /approve/{link}"}
