"""Plugins that lie in a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from local.bucket_wheels import read_object
from tilework.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment


def test_a_wheel_is_read_from_its_bucket_and_what_is_not_there_is_told(
    embedded_aws: EmbeddedAws, deploy: Callable[[str], Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = deploy(embedded_aws.endpoint_url).input_bucket
    for name, value in embedded_aws.environment.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").put_object(Bucket=bucket, Key="wheels/acme-1.whl", Body=b"wheel")
    assert read_object(f"s3://{bucket}/wheels/acme-1.whl") == b"wheel"
    with pytest.raises(SetupError, match=r"acme-2\.whl cannot be read: .*NoSuchKey"):
        read_object(f"s3://{bucket}/wheels/acme-2.whl")
