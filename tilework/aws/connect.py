"""The clients of a process, built once at its start, and the system they make. All of them are thread-safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import boto3
from botocore.config import Config

from tilework.aws.queue import AwsQueue
from tilework.aws.store import AwsStore
from tilework.aws.table import AwsTable
from tilework.jobs.quotas import WAIT_SECONDS
from tilework.jobs.system import System

if TYPE_CHECKING:
    from tilework.aws.settings import Deployment

CONNECTIONS = 64
"""Connections that a client keeps: no thread of a host should wait for one."""

CONNECT_SECONDS = 3.0
"""Within a region a connection takes milliseconds; what takes longer is better tried again elsewhere."""

READ_SECONDS = 20.0
"""Silence on the wire after which a request is tried again."""

ATTEMPTS = 4
"""Tries of one request, with botocore's exponential back-off and jitter (up to 1, 2, 4 s) between them."""


class Stores(NamedTuple):
    """The two buckets, which is all that a rank needs."""

    inputs: AwsStore
    outputs: AwsStore


def connect(deployment: Deployment, *, connections: int = CONNECTIONS) -> System:
    """Build the clients of a deployment and what Tilework makes of them. Sends nothing yet."""
    session = _session(deployment)
    endpoint = deployment.endpoint_url
    stores = _stores(session, deployment, connections)
    # a long poll is silent for as long as it waits
    sqs = session.client(
        "sqs", endpoint_url=endpoint, config=_config(connections, read=WAIT_SECONDS + READ_SECONDS)
    )
    dynamodb = session.client("dynamodb", endpoint_url=endpoint, config=_config(connections))
    return System(
        inputs=stores.inputs,
        outputs=stores.outputs,
        table=AwsTable(dynamodb, deployment.job_table),
        jobs=AwsQueue(sqs, deployment.jobs_queue_url),
        units=AwsQueue(sqs, deployment.units_queue_url),
        results=AwsQueue(sqs, deployment.results_queue_url),
        dead_letters=AwsQueue(sqs, deployment.dead_letter_queue_url),
    )


def connect_stores(deployment: Deployment, *, connections: int = CONNECTIONS) -> Stores:
    """Build the two buckets alone: half a second less for a process that needs no more."""
    return _stores(_session(deployment), deployment, connections)


def _session(deployment: Deployment) -> boto3.session.Session:
    # a session of our own: boto3's default one is shared and not made for threads
    return boto3.session.Session(region_name=deployment.region)


def _stores(session: boto3.session.Session, deployment: Deployment, connections: int) -> Stores:
    # what stands in for AWS has one host name; AWS itself has one a bucket
    addressing: Literal["path", "virtual"] = "path" if deployment.endpoint_url else "virtual"
    config = _config(connections).merge(Config(signature_version="s3v4", s3={"addressing_style": addressing}))
    client = session.client("s3", endpoint_url=deployment.endpoint_url, config=config)
    return Stores(AwsStore(client, deployment.input_bucket), AwsStore(client, deployment.output_bucket))


def _config(connections: int, *, read: float = READ_SECONDS) -> Config:
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        tcp_keepalive=True,
        user_agent_extra="tilework",
    )
