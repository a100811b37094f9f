from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from master.settings import MasterSettings
from stacks.settings import Settings
from tests.stacks.reading import may, only, resources, text
from tilework.aws.settings import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable

PREVIEW = (
    "GET /api/preview",
    "POST /api/preview",
    "POST /api/preview/file",
    "GET /api/jobs/{id}/thumbnail",
    "GET /api/jobs/{id}/images/{proxy+}",
)
"""What another function answers, for the same people."""

PUBLIC = (
    "/",
    "/jobs/{id}",
    "/failures",
    "/fleet",
    "/statistics",
    "/docs",
    "/sign-in",
    "/signed-in",
    "/signed-out",
    "/static/{proxy+}",
)


def routes(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = resources(template, "AWS::ApiGatewayV2::Route").values()
    return {route["Properties"]["RouteKey"]: route["Properties"] for route in found}


def test_without_a_token_nobody_gets_more_than_pages_without_data_and_where_to_sign_in(
    template: dict[str, Any],
) -> None:
    asking = {key: route for key, route in routes(template).items() if route["AuthorizationType"] != "NONE"}
    assert set(asking) == {"ANY /{proxy+}", *PREVIEW}
    for route in asking.values():
        assert route["AuthorizationType"] == "JWT"
        assert route["AuthorizationScopes"] == ["tilework/api"]
        assert text(route["AuthorizerId"]) == text(asking["ANY /{proxy+}"]["AuthorizerId"])
    public = set(routes(template)) - set(asking)
    assert public == {f"GET {path}" for path in PUBLIC}
    assert not [key for key in public if "/api" in key]


def test_where_nobody_signs_in_every_route_asks_for_a_signed_request(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    unsigned = synthesize(Settings(sign_in=False))
    assert {key: route["AuthorizationType"] for key, route in routes(unsigned).items()} == {
        "ANY /{proxy+}": "AWS_IAM",
        "GET /": "AWS_IAM",
        **dict.fromkeys(PREVIEW, "AWS_IAM"),
    }
    assert not [each for each in unsigned["Resources"].values() if "Cognito" in each["Type"]]
    function = only(unsigned, "AWS::Lambda::Function", under="MasterApi")
    assert not [name for name in function["Environment"]["Variables"] if "SIGN_IN" in name]


def test_events_of_ended_jobs_are_put_on_the_default_bus_only_where_asked_for_and_by_the_keeper(
    template: dict[str, Any], synthesize: Callable[[Settings], dict[str, Any]]
) -> None:
    telling = synthesize(Settings(completion_events=True))
    bus = "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default"
    for under in ("MasterKeeper", "MasterClock"):
        role = f"{under}ServiceRole"
        assert may(telling, role, "events:PutEvents", bus)
        assert not may(template, role, "events:PutEvents", bus)
        told = only(telling, "AWS::Lambda::Function", under=under)["Environment"]["Variables"]
        assert MasterSettings.from_environment(
            {"TILEWORK_COMPLETION_EVENTS": told["TILEWORK_COMPLETION_EVENTS"]}
        ).completion_events
    for role in ("MasterApiServiceRole", "WorkersRole"):
        assert not may(telling, role, "events:PutEvents", bus)


def test_the_page_asks_for_a_preview_only_where_the_stack_has_one(
    template: dict[str, Any], synthesize: Callable[[Settings], dict[str, Any]]
) -> None:
    for made, expected in ((template, True), (synthesize(Settings(preview=False)), False)):
        told = only(made, "AWS::Lambda::Function", under="MasterApi")["Environment"]["Variables"]
        names = {"TILEWORK_PREVIEW": told["TILEWORK_PREVIEW"]} if "TILEWORK_PREVIEW" in told else {}
        assert MasterSettings.from_environment(names).has_previews == expected


def test_a_runaway_client_meets_a_limit(template: dict[str, Any]) -> None:
    stage = only(template, "AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 200
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 600


def test_strangers_cannot_use_up_what_those_who_are_signed_in_need(
    template: dict[str, Any], synthesize: Callable[[Settings], dict[str, Any]]
) -> None:
    (stage,) = resources(template, "AWS::ApiGatewayV2::Stage").values()
    limits = stage["Properties"]["RouteSettings"]
    assert set(limits) == {*PREVIEW, *(f"GET {path}" for path in PUBLIC)}
    limits = {f"GET {path}": limits[f"GET {path}"] for path in PUBLIC}
    whole = stage["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"]
    # whether the stage's rate is one for all routes or one for each
    assert sum(each["ThrottlingRateLimit"] for each in limits.values()) <= 2 / 3 * whole
    # a class that opens the page at once gets it with its scripts
    assert limits["GET /"]["ThrottlingBurstLimit"] >= 40
    assert limits["GET /static/{proxy+}"]["ThrottlingBurstLimit"] >= 40 * 10
    # a route has to be there before a stage may say something about it
    found = resources(template, "AWS::ApiGatewayV2::Route").items()
    public = {name for name, route in found if route["Properties"]["RouteKey"] in limits}
    assert public <= set(stage["DependsOn"])
    unsigned = only(synthesize(Settings(sign_in=False)), "AWS::ApiGatewayV2::Stage")
    assert set(unsigned["RouteSettings"]) == set(PREVIEW)


def test_the_access_log_tells_who_asked_from_where_for_what_and_how_it_ended(
    template: dict[str, Any],
) -> None:
    line = json.loads(only(template, "AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"])
    assert line["caller"] == "$context.authorizer.claims.sub"
    assert line["address"] == "$context.identity.sourceIp"
    assert line["path"] == "$context.path"
    assert line["status"] == "$context.status"


def test_functions_are_told_all_that_the_master_reads_but_the_region_which_lambda_sets(
    template: dict[str, Any],
) -> None:
    for under in ("MasterApi", "MasterKeeper", "MasterClock"):
        function = only(template, "AWS::Lambda::Function", under=under)
        environment = {name: text(value) for name, value in function["Environment"]["Variables"].items()}
        assert "AWS_REGION" not in environment
        deployment = Deployment.from_environment({**environment, "AWS_REGION": "eu-west-1"})
        assert deployment.job_table.startswith("<JobTable")


def test_the_keeper_hears_of_notices_and_dead_letters_and_is_woken_each_hour(
    template: dict[str, Any],
) -> None:
    sources = [item["Properties"] for item in resources(template, "AWS::Lambda::EventSourceMapping").values()]
    heard = {text(source["EventSourceArn"])[:13] for source in sources}
    assert heard == {"<QueuesResult", "<QueuesDeadLe"}
    assert all(source["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for source in sources)
    rule = only(template, "AWS::Events::Rule", under="MasterHourly")
    assert rule["ScheduleExpression"] == "rate(1 hour)"
    assert text(rule["Targets"][0]["Arn"]).startswith("<MasterClock")


def test_a_look_through_the_input_bucket_ends_long_before_lambda_would_cut_it_off(
    template: dict[str, Any],
) -> None:
    function = only(template, "AWS::Lambda::Function", under="MasterClock")
    environment = {name: text(value) for name, value in function["Environment"]["Variables"].items()}
    settings = MasterSettings.from_environment(environment)
    assert 60 <= settings.look_seconds <= function["Timeout"] - 240
    assert function["Timeout"] == 900


def test_logs_do_not_pile_up_for_ever(template: dict[str, Any]) -> None:
    groups = resources(template, "AWS::Logs::LogGroup").values()
    assert groups
    assert {group["Properties"]["RetentionInDays"] for group in groups} == {7}


def test_handlers_are_the_ones_that_the_master_offers(template: dict[str, Any]) -> None:
    handlers = {
        only(template, "AWS::Lambda::Function", under=under)["Handler"]
        for under in ("MasterApi", "MasterKeeper", "MasterClock")
    }
    assert handlers == {"master.lambda_handler.handler", "master.lambda_handler.keeper_handler"}
