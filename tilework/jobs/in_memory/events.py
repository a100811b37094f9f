"""The event that S3 sends when an object is created, in its exact shape.

Source: "Event message structure", Amazon S3 user guide, version 2.1.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote_plus


def object_created(
    *, bucket: str, key: str, version: str, size: int, etag: str, time: float, sequencer: int
) -> str:
    """Return the JSON that tells of one new version: the key URL-encoded with ``+`` for a space.

    ``time`` is in seconds since the epoch; of two events about one key the later has the greater ``sequencer``.
    """
    when = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": when,
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:MEMORY"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": f"{sequencer:016X}", "x-amz-id-2": f"{sequencer:032x}"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "drops",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "MEMORY"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": size,
                "eTag": etag,
                "versionId": version,
                "sequencer": f"{sequencer:016X}",
            },
        },
    }
    return json.dumps({"Records": [record]})
