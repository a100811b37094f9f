from __future__ import annotations

from typing import Any

from master.settings import MasterSettings
from tests.stacks.reading import only, resources, text
from tilework.aws.settings import Deployment


def test_no_route_of_the_api_is_open_to_the_public(template: dict[str, Any]) -> None:
    routes = resources(template, "AWS::ApiGatewayV2::Route").values()
    assert {route["Properties"]["RouteKey"] for route in routes} == {"ANY /{proxy+}", "GET /"}
    assert {route["Properties"]["AuthorizationType"] for route in routes} == {"AWS_IAM"}


def test_a_runaway_client_meets_a_limit(template: dict[str, Any]) -> None:
    stage = only(template, "AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 50
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 100
    assert "$context.status" in stage["AccessLogSettings"]["Format"]


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
