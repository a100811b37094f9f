"""The clients of a process, built once at its start, and the system they make. All of them are thread-safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import boto3
from botocore.config import Config

from tilework.aws.batches import AwsBatches
from tilework.aws.events import AwsEvents
from tilework.aws.queue import AwsQueue
from tilework.aws.settings import SILENCE_SECONDS
from tilework.aws.store import AwsStore
from tilework.aws.table import AwsTable
from tilework.jobs.quotas import WAIT_SECONDS
from tilework.jobs.system import System

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

    from tilework.aws.ages import Metrics
    from tilework.aws.settings import Deployment

CONNECTIONS = 144
"""Connections that a client keeps, if so many are needed at once: an assembly has 132 threads that use them."""

ASKING = 40
"""Threads of a server that may all ask for ages at once: as many as Starlette has."""

POLLS = 8
"""Connections for receives: each queue is received from by one thread of a process."""

CONNECT_SECONDS = 3.0
"""Within a region a connection takes milliseconds; what takes longer is better tried again elsewhere."""

ATTEMPTS = 4
"""Tries of one request, with botocore's exponential back-off and jitter (up to 1, 2, 4 s) between them."""


class Clients(NamedTuple):
    """The clients of one process for one region and endpoint.

    ``polls`` is for receives alone, which are silent for as long as they wait; whoever receives does so again and again
    anyway, and a receive whose answer is lost must not be waited for four times.
    """

    s3: S3Client
    sqs: SQSClient
    dynamodb: DynamoDBClient
    polls: SQSClient


class Stores(NamedTuple):
    """The two buckets, which is all that a rank needs."""

    inputs: AwsStore
    outputs: AwsStore


def connect(deployment: Deployment, *, connections: int = CONNECTIONS, ages: bool = False) -> System:
    """Build the clients of a deployment and what Tilework makes of them. Sends nothing yet.

    With ``ages`` the queues of jobs and of units tell how old their oldest messages are, which only the keeper wants to
    know, and which takes one more client.
    """
    clients = build_clients(
        deployment.region,
        deployment.endpoint_url,
        connections=connections,
        silence=deployment.silence_seconds,
    )
    return join(clients, deployment, build_metrics(deployment) if ages else None)


def connect_stores(deployment: Deployment, *, connections: int = CONNECTIONS) -> Stores:
    """Build the two buckets alone, for a process that needs no more."""
    session = open_session(deployment.region)
    client = _s3(session, deployment.endpoint_url, _config(connections, ATTEMPTS, deployment.silence_seconds))
    return _stores(client, deployment)


def build_clients(
    region: str, endpoint_url: str | None, *, connections: int = CONNECTIONS, attempts: int = ATTEMPTS,
    silence: float = SILENCE_SECONDS, session: boto3.session.Session | None = None,
) -> Clients:  # fmt: skip
    """Build the clients that all deployments of one region and endpoint can share.

    With one of ``attempts`` a failure is told at once, which suits whoever only wants to know how things stand. After
    ``silence`` seconds on the wire a request is tried again. Of one ``session`` further clients cost a tenth.
    """
    session = session or open_session(region)
    config = _config(connections, attempts, silence)
    return Clients(
        s3=_s3(session, endpoint_url, config),
        sqs=session.client("sqs", endpoint_url=endpoint_url, config=config),
        dynamodb=session.client("dynamodb", endpoint_url=endpoint_url, config=config),
        polls=session.client(
            "sqs", endpoint_url=endpoint_url, config=_config(POLLS, 1, WAIT_SECONDS + silence)
        ),
    )


def build_metrics(deployment: Deployment) -> Metrics:
    """Build the client that is asked for ages; it tries once, for an age is worth no waiting."""
    client: Metrics = open_session(deployment.region).client(
        "cloudwatch",
        endpoint_url=deployment.endpoint_url,
        config=_config(ASKING, 1, deployment.silence_seconds),
    )
    return client


def build_announcer(deployment: Deployment) -> AwsEvents:
    """Build what tells EventBridge of ended jobs."""
    config = _config(1, ATTEMPTS, deployment.silence_seconds)
    return AwsEvents(
        open_session(deployment.region).client("events", endpoint_url=deployment.endpoint_url, config=config)
    )


def join(clients: Clients, deployment: Deployment, metrics: Metrics | None = None) -> System:
    """Make the system of ``deployment`` out of clients that are there."""
    stores = _stores(clients.s3, deployment)
    return System(
        inputs=stores.inputs,
        outputs=stores.outputs,
        table=AwsTable(clients.dynamodb, deployment.job_table, deployment.table_memory_days),
        jobs=AwsQueue(clients.sqs, clients.polls, deployment.jobs_queue_url, metrics),
        units=AwsQueue(clients.sqs, clients.polls, deployment.units_queue_url, metrics),
        results=AwsQueue(clients.sqs, clients.polls, deployment.results_queue_url),
        dead_letters=AwsQueue(clients.sqs, clients.polls, deployment.dead_letter_queue_url),
        batches=AwsBatches(clients.dynamodb, deployment.job_table, deployment.table_memory_days),
    )


def open_session(region: str) -> boto3.session.Session:
    """What clients are made of, for one thread."""
    # one of our own: boto3's default one is shared and not made for threads
    return boto3.session.Session(region_name=region)


def _stores(client: S3Client, deployment: Deployment) -> Stores:
    return Stores(AwsStore(client, deployment.input_bucket), AwsStore(client, deployment.output_bucket))


def _s3(session: boto3.session.Session, endpoint_url: str | None, config: Config) -> S3Client:
    # what stands in for AWS has one host name; AWS itself has one a bucket
    addressing: Literal["path", "virtual"] = "path" if endpoint_url else "virtual"
    # without TLS the signature covers the body, and a second sum over it would tell nothing new
    plain = bool(endpoint_url) and str(endpoint_url).startswith("http://")
    sums: Literal["when_required", "when_supported"] = "when_required" if plain else "when_supported"
    signing = Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing},
        request_checksum_calculation=sums,
        response_checksum_validation=sums,
    )
    return session.client("s3", endpoint_url=endpoint_url, config=config.merge(signing))


def _config(connections: int, attempts: int, silence: float) -> Config:
    return Config(
        connect_timeout=min(CONNECT_SECONDS, silence),
        read_timeout=silence,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        user_agent_extra="tilework",
    )
