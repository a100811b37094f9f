"""Jobs and notices as queue bodies.

A jobs-queue body is either an S3 event (the drop itself decides what is done with it) or a native message (this
version of this object through this pipeline). Both become the same :class:`~tilework.jobs.job.Ask`. The bucket never
comes out of a message: an event of another bucket is refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote_plus

from tilework.errors import ForeignBucketError, NewerMessageError, PipelineError, UnreadableMessageError
from tilework.imaging.pipeline import parse
from tilework.jobs.job import CALENDAR_END, SCHEMA, Ask, Drop, Job
from tilework.jobs.object_keys import is_ours
from tilework.jobs.quotas import KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_BYTES = KEY_BYTES
"""Most bytes of a key (S3's own limit), and of every other text of a message, which are shorter in any sane one."""

TEST_EVENT = "s3:TestEvent"
"""What S3 sends once when a notification is set up; acknowledged and forgotten."""


def asks(body: str, bucket: str) -> list[Ask]:
    """What a jobs-queue body asks for: one entry as a rule, none for a test event or one that tells of no drop.

    No drop is what was removed, and what lies under ``.tilework/``, whoever tells it.
    Raises UnreadableMessageError where nobody can read it, ForeignBucketError where it is about another bucket
    than ``bucket``.
    """
    document = body_document(body)
    if document.get("Event") == TEST_EVENT:
        return []
    if "Records" in document:
        found = _event_asks(document["Records"], bucket)
    elif "job" in document:
        found = [_native_ask(document, bucket)]
    else:
        raise UnreadableMessageError("The message is neither an S3 event nor a native message.")
    return [ask for ask in found if not is_ours(ask.drop.key)]


def records_apart(body: str) -> list[str]:
    """An event of several records as so many events of one, so that none goes down with another; else nothing."""
    try:
        records = body_document(body).get("Records")
    except (UnreadableMessageError, NewerMessageError):
        return []
    if not isinstance(records, list) or len(records) == 1:
        return []
    return [json.dumps({"Records": [record]}) for record in records]


def body_document(body: str) -> dict[str, Any]:
    """A body as the JSON object it is. Raises UnreadableMessageError, NewerMessageError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableMessageError(f"The message is no JSON: {str(error)[:200]}.") from error
    if not isinstance(document, dict):
        raise UnreadableMessageError(f"The message is a JSON {type(document).__name__}, not an object.")
    schema = document.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerMessageError(f"The message has schema {schema:.4g}; this version reads schema {SCHEMA}.")
    if schema != SCHEMA:
        raise UnreadableMessageError(f"The message has schema {str(schema)[:20]!r}, which never was.")
    return document


def _event_asks(records: Any, bucket: str) -> list[Ask]:
    if not isinstance(records, list) or not records:
        raise UnreadableMessageError("The S3 event has no records.")
    found = [_record_ask(record, bucket) for record in records]
    return [ask for ask in found if ask is not None]


def _record_ask(record: Any, bucket: str) -> Ask | None:
    try:
        created = str(record["eventName"]).startswith("ObjectCreated:")
        name, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
        # events quote keys as HTML forms do: a space comes as a plus
        key, version = unquote_plus(item["key"], errors="strict"), item.get("versionId") or "null"
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise UnreadableMessageError(f"The S3 event lacks what it must have: {error!r:.100}.") from error
    _check_texts(key=key, version=version)
    _own(name, bucket)
    return Ask(Drop(bucket, key, version)) if created else None


def _check_texts(**texts: Any) -> None:
    """Raise UnreadableMessageError for a key, version, … that no object or row can have."""
    for name, text in texts.items():
        try:
            # JSON can hold half a surrogate pair; nothing else can
            size = len(text.encode())
        except (UnicodeEncodeError, AttributeError):
            size = -1
        least = 1 if name in {"key", "version", "pipeline"} else 0
        if not least <= size <= TEXT_BYTES:
            raise UnreadableMessageError(f"The message tells a {name} that cannot be one.")


def _own(name: Any, bucket: str) -> None:
    if name != bucket:
        raise ForeignBucketError(
            f"The message is about the bucket {str(name)[:63]!r}, which is not our input bucket."
        )


def _native_ask(document: dict[str, Any], bucket: str) -> Ask:
    job = document["job"]
    names = ("key", "version", "pipeline")
    if not isinstance(job, dict) or not all(isinstance(job.get(name), str) and job[name] for name in names):
        raise UnreadableMessageError("A native message must name key, version and pipeline as texts.")
    extra = {name: job.get(name, "") for name in ("revision", "owner", "batch")}
    if not all(isinstance(value, str) for value in extra.values()):
        raise UnreadableMessageError("revision, owner and batch of a native message must be texts.")
    _check_texts(key=job["key"], version=job["version"], pipeline=job["pipeline"], **extra)
    drop = Drop(bucket, job["key"], job["version"])
    return Ask(drop, pipeline=canonical(job["pipeline"]), **extra)


def canonical(pipeline: str) -> str:
    """The canonical text of a pipeline; a text that does not parse stands for itself, and fails when it is run."""
    try:
        return parse(pipeline).canonical
    except PipelineError:
        return pipeline


def event_body(drop: Drop) -> str:
    """An S3 event that tells ``drop`` again, for a drop whose own event never came."""
    item = {"key": quote_plus(drop.key), "versionId": drop.version}
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": drop.bucket}, "object": item}}
    return json.dumps({"Records": [record]})


def native_body(ask: Ask) -> str:
    """The native message that asks for ``ask``, which must name its pipeline."""
    if ask.pipeline is None:
        raise ValueError("a native message names its pipeline")
    job = {"key": ask.drop.key, "version": ask.drop.version, "pipeline": ask.pipeline}
    extra = {"revision": ask.revision, "owner": ask.owner, "batch": ask.batch}
    return json.dumps(
        {"schema": SCHEMA, "job": job | {name: value for name, value in extra.items() if value}}
    )


def ask_of(job: Job) -> Ask:
    """What a message must ask for to tell the job of this row again."""
    drop_ask = Ask(job.drop, owner=job.owner, batch=job.batch)
    if drop_ask.job_id == job.id:
        return drop_ask
    return Ask(job.drop, job.pipeline, job.revision, job.owner, job.batch)


def body_of(ask: Ask) -> str:
    """The message that tells ``ask`` (again), in the form that keeps the job's identity."""
    return event_body(ask.drop) if ask.pipeline is None else native_body(ask)


# --- notices -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """What a worker tells on the way: ``kind`` is started or ended. Losing one loses a moment's display.

    ``at`` in seconds since the epoch; ``facts`` are texts (state, code, pipeline, host), ``amounts`` numbers
    (seconds by phase, pixels, source_bytes, result_bytes).
    """

    kind: str
    job: str
    at: float
    facts: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, float] = field(default_factory=dict)


def notice_body(notice: Notice) -> str:
    """The notice as a results-queue body."""
    return json.dumps({"schema": SCHEMA, "notice": asdict(notice)})


def notice(body: str) -> Notice:
    """The notice in a results-queue body. Raises UnreadableMessageError."""
    document = body_document(body)
    try:
        inner = document["notice"]
        told = Notice(
            kind=str(inner["kind"]),
            job=str(inner["job"]),
            at=float(inner["at"]),
            facts={str(k): str(v) for k, v in inner["facts"].items()},
            amounts={str(k): float(v) for k, v in inner["amounts"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadableMessageError(f"The notice lacks what it must have: {error!r:.100}.") from error
    if not 0 <= told.at < CALENDAR_END or not all(map(math.isfinite, told.amounts.values())):
        raise UnreadableMessageError("The notice tells a time or an amount that cannot be.")
    return told
