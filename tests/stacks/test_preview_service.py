from __future__ import annotations

from typing import TYPE_CHECKING, Any

from preview.settings import PreviewSettings
from stacks.preview_service import CACHE_MIB, IMAGE_MIB, MEMORY_MIB, ROUTES
from stacks.settings import Settings
from tests.stacks.reading import may, only, resources, text
from tests.stacks.test_grants import place
from tests.stacks.test_master_service import routes
from tilework.aws.settings import Deployment
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Callable


ROLE = "PreviewServiceRole"


def test_its_routes_go_to_its_own_function_and_all_others_to_the_master(template: dict[str, Any]) -> None:
    integrations = resources(template, "AWS::ApiGatewayV2::Integration")
    goes = {
        key: text(integrations[route["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]["IntegrationUri"])
        for key, route in routes(template).items()
    }
    assert {key for key, function in goes.items() if function.startswith("<PreviewFunction")} == set(ROUTES)
    assert all(function.startswith(("<PreviewFunction", "<MasterApi")) for function in goes.values())


def test_it_is_told_all_that_it_reads_and_whether_people_sign_in(
    template: dict[str, Any], synthesize: Callable[[Settings], dict[str, Any]]
) -> None:
    for found, signed in ((template, True), (synthesize(Settings(sign_in=False)), False)):
        function = only(found, "AWS::Lambda::Function", under="Preview")
        told = {name: text(value) for name, value in function["Environment"]["Variables"].items()}
        assert "AWS_REGION" not in told
        Deployment.from_environment({**told, "AWS_REGION": "eu-west-1"})
        settings = PreviewSettings.from_environment({**told, "AWS_LAMBDA_FUNCTION_NAME": "preview"})
        assert settings.sign_in is signed
        assert settings.any_host
        assert settings.image_bytes == IMAGE_MIB * MIB


def test_what_it_keeps_leaves_room_for_what_it_does(template: dict[str, Any]) -> None:
    function = only(template, "AWS::Lambda::Function", under="Preview")
    assert function["MemorySize"] == MEMORY_MIB
    assert function["Timeout"] < 30
    # NumPy, OpenCV and Python take 250, an image is held twice while it is turned, a region takes 200
    assert CACHE_MIB + 2 * IMAGE_MIB + 450 <= MEMORY_MIB


def test_it_reads_images_and_rows_and_does_nothing_else(template: dict[str, Any]) -> None:
    for action, resource in (
        ("s3:GetObject", "inputs/photo.png"), ("s3:GetObjectVersion", "inputs/photo.png"),
        ("s3:GetObject", "outputs/results/photo.png"), ("dynamodb:GetItem", "table"),
    ):  # fmt: skip
        assert may(template, ROLE, action, place(template, resource))
    for action, resource in (
        ("s3:PutObject", "inputs/uploads/a.png"), ("s3:DeleteObject", "inputs/photo.png"),
        ("s3:PutObject", "outputs/results/a.png"), ("s3:DeleteObject", "outputs/results/a.png"),
        ("dynamodb:PutItem", "table"), ("dynamodb:UpdateItem", "table"), ("dynamodb:Scan", "table"),
        ("dynamodb:Query", "table/index/by_state"), ("sqs:SendMessage", "jobs"), ("sqs:ReceiveMessage", "jobs"),
        ("autoscaling:SetDesiredCapacity", "fleet"),
    ):  # fmt: skip
        assert not may(template, ROLE, action, place(template, resource))


def test_a_runaway_page_meets_a_limit_and_no_concurrency_is_taken_from_the_account(
    template: dict[str, Any],
) -> None:
    (stage,) = resources(template, "AWS::ApiGatewayV2::Stage").values()
    for key in ROUTES:
        assert 0 < stage["Properties"]["RouteSettings"][key]["ThrottlingRateLimit"] <= 50
    found = resources(template, "AWS::ApiGatewayV2::Route").items()
    own = {name for name, route in found if route["Properties"]["RouteKey"] in ROUTES}
    assert own <= set(stage["DependsOn"])
    assert "ReservedConcurrentExecutions" not in only(template, "AWS::Lambda::Function", under="Preview")


def test_without_it_nothing_of_it_is_deployed(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    found = synthesize(Settings(preview=False))
    assert not [name for name in found["Resources"] if name.startswith("Preview")]
    assert not set(routes(found)) & set(ROUTES)
