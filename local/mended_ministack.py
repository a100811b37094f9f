"""ministack with five of its differences from S3 and SQS mended; run as a program in its place.

1. A GET with versionId ignores Range and the response-* overrides (1.5.33): every ranged read would carry the whole.
2. ListObjectVersions does not honour encoding-type=url: control characters answer 500, CR turns into LF.
3. ChangeMessageVisibility prolongs a receipt whose message is visible again; SQS answers MessageNotInflight.
4. A long poll looks ten times a second; SQS answers it when a message is sent.
5. An object on the disk, which each result is, is read whole for each range of it, before anybody else is answered.

:mod:`local.mended_queries` has it read of an index what is asked for. Where it enforces permissions, :mod:`local.mended_permissions` mends what their judge is told.
"""

# ruff: noqa: SLF001 - what is mended has no public face; requirements.txt pins the version that this fits

from __future__ import annotations

import asyncio
import mmap
import time
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from ministack import app
from ministack.core.concurrency import esm_wake
from ministack.services import s3, sqs

from local import mended_permissions, mended_queries

_encoded: ContextVar[bool] = ContextVar("encoded", default=False)
_ranged: ContextVar[bool] = ContextVar("ranged", default=False)
_KEYS = {"Key", "Prefix", "KeyMarker", "NextKeyMarker", "Delimiter"}
_get_object, _list_versions, _xml_body = s3._get_object, s3._list_object_versions, s3._xml_body
_change_visibility = sqs._act_change_visibility
_tell_event_sources = esm_wake.set
_version_body, _read_body = s3._version_body, s3._read_body
_polls: set[asyncio.Future[None]] = set()


def _read_object(bucket: str, key: str, headers: dict[str, str], query: dict[str, Any]) -> Any:
    token = _ranged.set(bool(headers.get("range")))
    try:
        status, answered, body = _get_object(bucket, key, headers, query)
    finally:
        _ranged.reset(token)
    if status != HTTPStatus.OK or not s3._qp(query, "versionId", ""):
        return status, answered, body
    if wanted := headers.get("range", ""):
        found = s3._parse_range(wanted, len(body))
        if found is None:
            refused = {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}
            return (
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE.value,
                refused,
                _xml_body(s3._range_error_xml(bucket, key)),
            )
        first, last = found
        answered = {k: v for k, v in answered.items() if not k.lower().startswith("x-amz-checksum")}
        answered["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        body, status = body[first : last + 1], HTTPStatus.PARTIAL_CONTENT.value
        answered["Content-Length"] = str(len(body))
    s3._apply_response_overrides(answered, query)
    return status, answered, body


def _body_of_version(bucket: Any, name: str, key: str, version: dict[str, Any]) -> bytes | mmap.mmap | None:
    held = version.get("data") is not None
    found = None if held else _mapped(s3._version_disk_path(name, key, version["version_id"]))
    return _version_body(bucket, name, key, version) if found is None else found


def _body_of_object(name: str, key: str, held: dict[str, Any]) -> bytes | mmap.mmap:
    found = None if held.get("body") is not None else _mapped(s3._object_disk_path(name, key))
    return _read_body(name, key, held) if found is None else found


def _mapped(path: str | None) -> mmap.mmap | None:
    """A file of which a range is wanted, as what is cut like its bytes, and read only there."""
    if not (_ranged.get() and path and s3.S3_PERSIST):
        return None
    try:
        with Path(path).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        # there is none, or it is empty
        return None


def _list_encoded(bucket: str, query: dict[str, Any]) -> Any:
    token = _encoded.set(s3._qp(query, "encoding-type", "") == "url")
    try:
        return _list_versions(bucket, query)
    finally:
        _encoded.reset(token)


def _encoded_body(root: Any) -> Any:
    if _encoded.get() and root.tag.endswith("ListVersionsResult"):
        for element in root.iter():
            if element.tag.rpartition("}")[2] in _KEYS and element.text:
                element.text = quote(element.text, safe="/")
        s3.SubElement(root, "EncodingType").text = "url"
    return _xml_body(root)


def _change_if_in_flight(data: dict[str, Any], url: str) -> Any:
    held = sqs._get_q(data.get("QueueUrl", url))["messages"]
    receipt = data.get("ReceiptHandle") or None
    for message in held:
        if receipt and message["receipt_handle"] == receipt and message["visible_at"] <= time.time():
            raise sqs._Err("MessageNotInflight", "The message is not in flight.", 400)
    return _change_visibility(data, url)


async def _until_sent(seconds: float) -> None:
    """Between two looks of a long poll."""
    poll: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _polls.add(poll)
    await asyncio.wait([poll], timeout=seconds)
    _polls.discard(poll)


def _sent() -> None:
    """A message was put into some queue, by the loop's thread or by another one."""
    _tell_event_sources()
    if app._MAIN_LOOP is not None:
        app._MAIN_LOOP.call_soon_threadsafe(_look_again)


def _look_again() -> None:
    while _polls:
        poll = _polls.pop()
        if not poll.done():
            poll.set_result(None)


def main() -> None:
    """Put the mends in place, and run ministack."""
    s3._get_object, s3._list_object_versions, s3._xml_body = _read_object, _list_encoded, _encoded_body
    s3._version_body, s3._read_body = _body_of_version, _body_of_object
    mended_queries.mend()
    sqs._act_change_visibility = _change_if_in_flight
    for actions in (value for value in vars(sqs).values() if isinstance(value, dict)):
        if actions.get("ChangeMessageVisibility") is _change_visibility:
            actions["ChangeMessageVisibility"] = _change_if_in_flight
    esm_wake.set = _sent
    sqs.asyncio = SimpleNamespace(iscoroutine=asyncio.iscoroutine, sleep=_until_sent)
    if app.AUTH:
        mended_permissions.mend()
    app.main()


if __name__ == "__main__":
    main()
