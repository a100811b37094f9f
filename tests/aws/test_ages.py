"""How old the oldest message is: asked of the embedded AWS's CloudWatch, whose metrics the test writes itself."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.conftest import REGION
from tilework.aws.ages import oldest_age
from tilework.aws.connect import build_clients, build_metrics, connect, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment
    from tilework.jobs.queues import Queue

Tell = "Callable[..., None]"


@pytest.fixture
def deployment(embedded_aws: EmbeddedAws, deploy: Callable[[str], Deployment]) -> Deployment:
    return deploy(embedded_aws.endpoint_url)


@pytest.fixture
def queue(deployment: Deployment) -> Queue:
    """The jobs queue, empty."""
    jobs = connect(deployment, ages=True).jobs
    jobs.delete(jobs.receive())  # S3's test event
    return jobs


@pytest.fixture
def tell(deployment: Deployment) -> Tell:
    """Write a data point as SQS does, of the jobs queue or another: ``age`` as it was ``ago`` seconds ago."""
    client: Any = boto3.session.Session(region_name=REGION).client(
        "cloudwatch", endpoint_url=deployment.endpoint_url
    )

    def write(age: float, ago: float, url: str = deployment.jobs_queue_url) -> None:
        point = {
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Dimensions": [{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
            "Timestamp": datetime.now(UTC) - timedelta(seconds=ago),
            "Value": age,
        }
        client.put_metric_data(Namespace="AWS/SQS", MetricData=[point])

    return write


def test_the_oldest_messages_age_has_grown_since_it_was_measured(queue: Queue, tell: Tell) -> None:
    queue.send("old")
    tell(1000, ago=120)
    oldest = queue.backlog().oldest
    assert oldest is not None
    # a data point bears the time at which its minute began
    assert 1120 <= oldest < 1190


def test_the_units_queue_tells_an_age_too_so_that_other_jobs_units_hide_no_stalled_stage(
    deployment: Deployment, tell: Tell
) -> None:
    units = connect(deployment, ages=True).units
    units.send("old")
    tell(1000, ago=120, url=deployment.units_queue_url)
    oldest = units.backlog().oldest
    assert oldest is not None
    assert oldest >= 1120


def test_of_the_last_minutes_the_greatest_age_counts(queue: Queue, tell: Tell) -> None:
    queue.send("old")
    for age, ago in ((500.0, 240), (2.0, 170), (60.0, 60)):
        tell(age, ago=ago)
    oldest = queue.backlog().oldest
    assert oldest is not None
    assert 740 <= oldest < 810


def test_an_age_of_long_ago_does_not_count(queue: Queue, tell: Tell) -> None:
    queue.send("young")
    tell(1000, ago=3600)
    assert queue.backlog().oldest is None


def test_a_queue_without_data_tells_no_age(queue: Queue) -> None:
    queue.send("young")
    assert queue.backlog().oldest is None


def test_an_empty_queue_has_no_oldest_message_whatever_its_metric_says(queue: Queue, tell: Tell) -> None:
    tell(1000, ago=60)
    assert queue.backlog().oldest is None


def test_only_who_wants_ages_asks_for_them(deployment: Deployment, queue: Queue, tell: Tell) -> None:
    queue.send("old")
    tell(1000, ago=60)
    assert connect(deployment).jobs.backlog().oldest is None
    assert queue.backlog().oldest is not None


def test_many_may_ask_for_ages_at_once_each_on_a_connection_that_is_kept(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = build_metrics(deployment)
    together = threading.Barrier(8)

    def ask() -> float | None:
        together.wait(30)
        return oldest_age(metrics, "jobs")

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(8) as pool:
        for asked in [pool.submit(ask) for _ in range(8)]:
            asked.result()
    assert not [each for each in caplog.messages if "pool is full" in each]


@contextlib.contextmanager
def hanging_up(tries: list[object]) -> Iterator[int]:
    """The port of a service that answers nobody, and notes who asked."""

    def hang_up() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, address = server.accept()
                tries.append(address)
                caller.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_an_age_that_cannot_be_asked_is_none_and_costs_no_more_than_one_try(
    deployment: Deployment, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.send("old")
    clients, tries = build_clients(deployment.region, deployment.endpoint_url), []
    with hanging_up(tries) as port, caplog.at_level(logging.WARNING):
        nowhere = replace(deployment, endpoint_url=f"http://127.0.0.1:{port}")
        backlog = join(clients, deployment, build_metrics(nowhere)).jobs.backlog()
    assert (backlog.total, backlog.oldest) == (1, None)
    assert len(tries) == 1
    assert "Could not ask how old" in caplog.text
