"""Wheels that lie in a bucket, read with the credentials of whoever deploys."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tilework.errors import SetupError


def read_object(address: str) -> bytes:
    """The bytes of ``s3://bucket/key``. Raises SetupError."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as error:
        raise SetupError(
            f"The plugin {address} cannot be read: {error}",
            advice="Check the address, and that your credentials may read it.",
        ) from error
    return body
