"""What tests of several parts share: their order, and an embedded AWS of this session's own."""

from __future__ import annotations

import functools
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import HealthCheck, settings

from tilework.aws.settings import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# property tests try the same examples each time, keep nothing on disk, and have all the time they need
settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("repeatable")

REGION = "us-east-1"
READY_SECONDS = 30

LAST = (
    "contracts",
    "aws",
    "stacks",
    "world",
    "mpi",
    "hosts",
    "worker_image",
    "cli",
    "local",
    "master",
    "flow",
    "chaos",
    "rehearsal",
    "faults",
    "browser",
)
"""Folders of tests that start something, the quickest first; all others go before them."""

SHARED = ("running", "deployed")
"""Fixtures that take long to start: all tests that use one are run by one process."""


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """For tests that set up logging as a program does."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(capture=False)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors: many tests wait for processes more than they compute."""
    return max(1, len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let what fails quickly fail first, and keep together what shares something that takes long to start."""
    root = config.rootpath / "tests"

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(root).parts[0]
        return LAST.index(folder) if folder in LAST else -1

    items.sort(key=place)
    for item in items:
        used = getattr(item, "fixturenames", ())
        shared = next((system for system in SHARED if system in used), str(item.path))
        item.add_marker(pytest.mark.xdist_group(shared))


@dataclass(frozen=True)
class EmbeddedAws:
    """A running ministack; ``environment`` is what any AWS client needs to find it."""

    endpoint_url: str
    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


@pytest.fixture(scope="session")
def deploy(aws_credentials: None) -> Callable[[str | None], Deployment]:
    """Make empty buckets, queues and a table at an endpoint (None: moto), under names of their own.

    It is what the stack deploys, as far as a test of one part needs it: versions, redrive after three receives and
    the S3 event are in place.
    """
    return _deploy


@functools.cache
def _clients(endpoint_url: str | None) -> tuple[Any, Any, Any]:
    session = boto3.session.Session(region_name=REGION)
    s3, sqs, dynamodb = (
        session.client(kind, endpoint_url=endpoint_url) for kind in ("s3", "sqs", "dynamodb")
    )
    return s3, sqs, dynamodb


def _deploy(endpoint_url: str | None) -> Deployment:
    name = f"test-{uuid.uuid4().hex[:12]}"
    s3, sqs, dynamodb = _clients(endpoint_url)

    def queue(suffix: str, **attributes: str) -> str:
        return sqs.create_queue(QueueName=f"{name}-{suffix}", Attributes=attributes)["QueueUrl"]

    def arn(url: str) -> str:
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    dead = queue("dead")
    redrive = f'{{"deadLetterTargetArn": "{arn(dead)}", "maxReceiveCount": 3}}'
    jobs, units = (
        queue(suffix, VisibilityTimeout="30", RedrivePolicy=redrive) for suffix in ("jobs", "units")
    )
    for suffix in ("input", "output"):
        s3.create_bucket(Bucket=f"{name}-{suffix}")
        s3.put_bucket_versioning(Bucket=f"{name}-{suffix}", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=f"{name}-input",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn(jobs), "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    dynamodb.create_table(
        TableName=f"{name}-jobs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "shelf", "AttributeType": "S"},
            {"AttributeName": "batch_shelf", "AttributeType": "S"},
            {"AttributeName": "owner_shelf", "AttributeType": "S"},
            {"AttributeName": "updated", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [
                    {"AttributeName": attribute, "KeyType": "HASH"},
                    {"AttributeName": "updated", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name, attribute in (
                ("by_state", "shelf"),
                ("by_batch", "batch_shelf"),
                ("by_owner", "owner_shelf"),
            )
        ],
    )
    return Deployment(
        region=REGION,
        endpoint_url=endpoint_url,
        input_bucket=f"{name}-input",
        output_bucket=f"{name}-output",
        jobs_queue_url=jobs,
        units_queue_url=units,
        results_queue_url=queue("results"),
        dead_letter_queue_url=dead,
        job_table=f"{name}-jobs",
    )


@pytest.fixture(scope="session")
def aws_credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Credentials that nobody's real account knows, and no other source of any."""
    nowhere = tmp_path_factory.mktemp("no-aws-configuration") / "none"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_CONFIG_FILE", str(nowhere))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def embedded_aws(aws_credentials: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """A ministack on a free loopback port, with all it writes below pytest's own directory."""
    directory = tmp_path_factory.mktemp("embedded-aws")
    for part in ("state", "s3", "tmp"):
        (directory / part).mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        "TMPDIR": str(directory / "tmp"),
    }
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.mended_ministack"],
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_until_ready(endpoint, process, log)
        yield EmbeddedAws(endpoint, directory)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):  # noqa: S310 -- our own address
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The embedded AWS did not start: {log.read_text()[-2000:]}")
