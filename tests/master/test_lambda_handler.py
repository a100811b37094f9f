"""The master as AWS Lambda calls it, on the embedded AWS."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import pytest

from master import lambda_handler
from master.keeper import Keeper
from tests.aws.fleets import make_fleet
from tests.conftest import REGION
from tests.imaging.samples import decoded, scene
from tests.imaging.tiffs import written
from tilework.aws.connect import connect
from tilework.aws.fleet_size import connect_fleet
from tilework.aws.table import AwsTable
from tilework.errors import ServiceError
from tilework.jobs.job import Ask, Drop, Job, State, unreadable_id
from tilework.jobs.messages import Notice, event_body, notice_body
from tilework.jobs.object_keys import plan_key, work_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment
    from tilework.jobs.system import System


@pytest.fixture
def deployment(
    embedded_aws: EmbeddedAws,
    deploy: Callable[[str | None], Deployment],
    monkeypatch: pytest.MonkeyPatch,
    logging_restored: None,
) -> Iterator[Deployment]:
    deployment = deploy(embedded_aws.endpoint_url)
    for name, value in deployment.to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "master")
    lambda_handler._application.cache_clear()
    lambda_handler._keeper.cache_clear()
    lambda_handler._log_as.cache_clear()
    # Mangum runs in the thread's own loop, as Lambda's process keeps it, and leaves closing it to the process's end
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield deployment
    asyncio.set_event_loop(None)
    loop.close()
    lambda_handler._application.cache_clear()
    lambda_handler._keeper.cache_clear()


@pytest.fixture
def system(deployment: Deployment) -> System:
    return connect(deployment)


def request(path: str, method: str = "GET", body: str = "") -> dict[str, Any]:
    """An event of an HTTP API, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "abc.execute-api.us-east-1.amazonaws.com", "content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"},
            "authorizer": {"jwt": {"claims": {"sub": "zoe"}}},
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def records(url: str, *bodies: str) -> dict[str, Any]:
    """An event of SQS."""
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": f"r-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1764000000000"},
                "messageAttributes": {"code": {"stringValue": "crashed", "dataType": "String"}},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{url.rsplit('/', 1)[-1]}",
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_a_tile_leaves_the_handler_as_the_bytes_of_a_picture(system: System) -> None:
    array = scene(700, 600)
    tiled = written(array, tile=(512, 512), compression="zlib", predictor=2)
    system.outputs.put("results/scan.tif", tiled, metadata={}, content_type="image/tiff")
    row = Job(
        id="5" * 32, bucket="b", key="scan.tif", version="v", state=State.DONE, result_key="results/scan.tif"
    )
    system.table.create(row)
    answer = lambda_handler.handler(request(f"/api/jobs/{row.id}/tiles/0/1/0"), None)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "image/png")
    assert answer["isBase64Encoded"] is True
    seen = decoded(base64.b64decode(answer["body"]))[:, :188, ::-1]
    np.testing.assert_array_equal(seen, array[:512, 512:])


def test_a_request_through_the_gateway_is_answered_by_the_same_application(deployment: Deployment) -> None:
    answer = lambda_handler.handler(request("/api/jobs"), None)
    told = {"jobs": [], "truncated": False, "next": "", "searched": 0}
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, told)
    page = lambda_handler.handler(request("/"), None)
    assert page["statusCode"] == 200
    assert "Drop images here" in page["body"]
    assert page["isBase64Encoded"] is False


def test_a_compressed_page_leaves_the_handler_as_bytes_that_the_gateway_unpacks(
    deployment: Deployment,
) -> None:
    asked = request("/")
    asked["headers"]["accept-encoding"] = "gzip"
    page = lambda_handler.handler(asked, None)
    assert (page["headers"]["content-encoding"], page["isBase64Encoded"]) == ("gzip", True)
    assert "Drop images here" in gzip.decompress(base64.b64decode(page["body"])).decode()


def test_an_upload_through_the_gateway_belongs_to_whom_the_token_named(deployment: Deployment) -> None:
    body = json.dumps({"filename": "a.png"})
    answer = lambda_handler.handler(request("/api/uploads", "POST", body), None)
    assert json.loads(answer["body"])["fields"]["x-amz-meta-owner"] == "zoe"


def test_asking_for_an_upload_through_the_gateway_has_a_host_on_its_way_when_the_answer_is_there(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = deployment.job_table.replace("-jobs", "-workers")
    scaling, ec2 = (
        boto3.client(kind, REGION, endpoint_url=deployment.endpoint_url) for kind in ("autoscaling", "ec2")
    )
    make_fleet(scaling, ec2, name, hosts=0)
    monkeypatch.setenv("TILEWORK_FLEET_GROUP", name)
    body = json.dumps({"filename": "a.png"})
    assert lambda_handler.handler(request("/api/uploads", "POST", body), None)["statusCode"] == 201
    assert connect_fleet(REGION, name, deployment.endpoint_url).look().wanted == 1


def test_notices_and_dead_letters_are_told_apart_by_their_queue(
    deployment: Deployment,
    system: System,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TILEWORK_LOG_LEVEL", "DEBUG")
    notice = notice_body(Notice("ended", "a", 1_764_000_000, {"state": "DONE"}, {}))
    answer = lambda_handler.keeper_handler(records(deployment.results_queue_url, notice), None)
    assert answer == {"batchItemFailures": []}
    assert system.table.counters("day 2025-11-24")["done"] == 1
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["process"], line["job"], line["message"]) == (
        "keeper",
        "a",
        "Told that it is DONE, and counted.",
    )
    lambda_handler.keeper_handler(records(deployment.dead_letter_queue_url, "no JSON"), None)
    row = system.table.get(unreadable_id("no JSON"))
    assert row is not None
    assert row.state is State.FAILED


@pytest.mark.parametrize("error", [ServiceError("The table is busy."), ZeroDivisionError("on purpose")])
def test_only_the_messages_that_could_not_be_judged_come_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    good, bad = (Drop(deployment.input_bucket, key, "v") for key in ("good.png", "bad.png"))
    get = AwsTable.get

    def fail(self: AwsTable, job_id: str) -> Any:
        if job_id == Ask(bad).job_id:
            raise error
        return get(self, job_id)

    monkeypatch.setattr(AwsTable, "get", fail)
    event = records(deployment.dead_letter_queue_url, event_body(good), event_body(bad))
    answer = lambda_handler.keeper_handler(event, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


@pytest.mark.parametrize("error", [ServiceError("The table is busy."), ZeroDivisionError("on purpose")])
def test_notices_that_could_not_be_folded_come_again_and_dead_letters_beside_them_are_judged(
    deployment: Deployment, system: System, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(AwsTable, "add", fail)
    notice = notice_body(Notice("ended", "a", 1_764_000_000, {"state": "DONE"}, {}))
    event = records(deployment.results_queue_url, notice)
    dead = records(deployment.dead_letter_queue_url, "first", "no JSON")
    event["Records"] += dead["Records"][1:]
    assert lambda_handler.keeper_handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    assert system.table.get(unreadable_id("no JSON")) is not None


def test_a_message_of_a_foreign_queue_is_left_where_it_is(deployment: Deployment) -> None:
    answer = lambda_handler.keeper_handler(records("https://sqs/000000000000/others", "x"), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


def test_the_clock_sweeps_and_reconciles(deployment: Deployment, system: System) -> None:
    answer = lambda_handler.keeper_handler({"source": "aws.events"}, None)
    assert answer == {"swept": 0, "unheard": 0, "silent": 0, "cut_short": False, "revived": 0}
    assert system.table.counters("deployment")["keepers"] == 1


def test_the_clock_sweeps_also_where_reconciling_fails(
    deployment: Deployment, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ServiceError("The queue is busy.")

    row = Job(id="5" * 32, bucket="b", key="k", version="v", state=State.DONE)
    system.table.create(row)
    left = plan_key(row.id, 0)
    system.outputs.put(left, b"x", metadata={}, content_type="text/plain")
    monkeypatch.setattr(Keeper, "reconcile", fail)
    with pytest.raises(ServiceError):
        lambda_handler.keeper_handler({"source": "aws.events"}, None)
    assert list(system.outputs.list(work_prefix(row.id))) == []


def test_the_master_runs_without_numpy_opencv_and_what_else_lambda_lacks() -> None:
    program = """
import sys
for name in ("numpy", "cv2", "rich", "typer", "mpi4py", "uvicorn"):
    sys.modules[name] = None
import master.lambda_handler, master.wake_handler
from tilework.imaging.operation_facts import describe, facts
from tilework.imaging.operations import registry
[(describe(operation), facts(operation)) for operation in registry().values()]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
