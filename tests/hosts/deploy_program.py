"""Run on a host of the lab: makes what a stack deploys in the embedded AWS at an address, and prints how it is joined."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request

REGION = "us-east-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):  # noqa: S310 - our own address
            return True
    except OSError:
        return False


def main(endpoint: str) -> None:
    end = time.monotonic() + 30
    while not answers(endpoint):
        assert time.monotonic() < end, "the embedded AWS did not start"
        time.sleep(0.05)
    os.environ |= CREDENTIALS
    from tests.conftest import _deploy

    sys.stdout.write(json.dumps(_deploy(endpoint).to_environment() | CREDENTIALS))


if __name__ == "__main__":
    main(*sys.argv[1:])
