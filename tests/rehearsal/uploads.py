"""Uploads by a signed form: one as it was signed, then each way to take more than was allowed."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import urllib3

from tilework.aws.store import AwsStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_BYTES: Final = 10_000

LIFE: Final = 60


@dataclass(frozen=True, slots=True)
class Form:
    """What is posted: ``fields``, then the bytes."""

    url: str
    fields: Mapping[str, str]
    body: bytes

    def send(self) -> int:
        """The status of the answer."""
        parts = {**self.fields, "file": ("photo.png", self.body, "image/png")}
        return int(urllib3.request("POST", self.url, fields=parts, redirect=False, timeout=60).status)

    def told(self, **fields: str) -> Form:
        return replace(self, fields={**self.fields, **{k.replace("_", "-"): v for k, v in fields.items()}})

    def without(self, *names: str) -> Form:
        fields = dict(self.fields)
        for name in names:
            del fields[name]
        return replace(self, fields=fields)

    def with_policy(self, change: Callable[[dict[str, Any]], None]) -> Form:
        """Its policy changed, under the old signature."""
        policy = json.loads(base64.b64decode(self.fields["policy"]))
        change(policy)
        return self.told(policy=base64.b64encode(json.dumps(policy).encode()).decode())


def signed(s3: Any, bucket: str, key: str, body: bytes, seconds: int = LIFE) -> Form:
    """As the API signs them, with the credentials of ``s3``."""
    metadata = {"pipeline": "invert", "batch": "rehearsal"}
    post = AwsStore(s3, bucket).presigned_post(
        key, metadata=metadata, content_type="image/png", max_bytes=MOST_BYTES, seconds=seconds
    )
    return Form(post.url, post.fields, body)


def attacks(s3: Any, bucket: str, body: bytes, *, key: str) -> dict[str, Form]:
    """What must be refused, by what is wrong with it; ``s3`` is a client with the API's credentials."""
    good = signed(s3, bucket, key, body)
    over = signed(s3, bucket, key, body, seconds=1)
    # until its second is over
    time.sleep(2)
    return {
        "one byte larger than allowed": replace(good, body=body.ljust(MOST_BYTES + 1, b"\0")),
        "another key": good.told(key="uploads/of-somebody-else.png"),
        "the presets as the key": good.told(key=".tilework/presets.toml"),
        "another pipeline": good.told(x_amz_meta_pipeline="blur(9)"),
        "an owner that was not signed": good.told(x_amz_meta_owner="somebody else"),
        "another type": good.told(Content_Type="text/html"),
        "open to all": good.told(acl="public-read"),
        "a later end in the policy": good.with_policy(lambda policy: policy.update(expiration="2099-01-01T00:00:00Z")),
        "a larger size in the policy": good.with_policy(lambda policy: policy["conditions"].append(["content-length-range", 0, 10**9])),
        "another signature": good.told(x_amz_signature="0" * 64),
        "no signature": good.without("x-amz-signature"),
        "no policy": good.without("policy"),
        "nothing signed at all": replace(good, fields={"key": key}),
        "without the session's token": good.without("x-amz-security-token"),
        "a second after its end": over,
        "signed for a place that the API may not write": signed(s3, bucket, "photo.png", body),
    }  # fmt: skip
