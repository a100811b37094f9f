"""What S3 and SQS refuse, checked before anything is sent, so that every twin refuses the same.

Sources: "Object key naming guidelines", "Working with object metadata" and "Amazon S3 multipart upload limits" of the
S3 user guide, "Message quotas" of the SQS developer guide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.errors import MetadataError
from tilework.jobs import metadata_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tilework.jobs.stores import Part

KEY_BYTES = 1024
"""Longest object key, in bytes of UTF-8."""

METADATA_BYTES = 2048
"""All user metadata of one object: the bytes of its names and of its values as they are sent."""

PART_BYTES = 5 * 2**20
"""Least bytes of a part of an upload; its last may have fewer."""

PARTS = 10_000
"""Most parts of an upload."""

PART_LIMIT = 5 * 2**30
"""Most bytes of a part of an upload, and of a body that comes in one request."""

OBJECT_BYTES = 5 * 2**40
"""Most bytes of an object. Since December 2025 S3 takes ten times as many."""

MESSAGE_BYTES = 262_144
"""Longest message body with its attributes. SQS took 256 KiB for most of its life, and 1 MiB since August 2025."""

MESSAGE_ATTRIBUTES = 10
"""Attributes a message may carry."""

DELAY_SECONDS = 900
"""Longest delay of a message."""

MESSAGE_DAYS = 14
"""The longest that a queue keeps a message; in a dead-letter queue it goes on from when the message was first sent."""

VISIBILITY_SECONDS = 43_200
"""Longest time, from its receive, that a message can be kept invisible."""

WAIT_SECONDS = 20
"""Longest long poll."""

RECEIVE_LIMIT = 10
"""Most messages in one receive, and in one batched delete."""

SEND_LIMIT = 10
"""Most messages in one batched send, all together of the bytes of one."""

DELETE_LIMIT = 1000
"""Most objects in one batched delete."""

_METADATA_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_NOT_IN_MESSAGES = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_key(key: str) -> None:
    """Raise ValueError where S3 would refuse ``key`` as the name of an object."""
    if not 0 < len(key.encode()) <= KEY_BYTES:
        raise ValueError(f"An object key has 1 to {KEY_BYTES} bytes of UTF-8, this one {len(key.encode())}.")


def check_range(start: int, stop: int) -> None:
    """Raise ValueError unless [start, stop) is a range of bytes."""
    if not 0 <= start <= stop:
        raise ValueError(f"[{start}, {stop}) is no range of bytes.")


def check_part(number: int, size: int) -> None:
    """Raise ValueError where S3 would refuse a part of ``size`` bytes under this number."""
    if not 1 <= number <= PARTS:
        raise ValueError(f"Parts have numbers from 1 to {PARTS:,}, not {number}.")
    if not 0 < size <= PART_LIMIT:
        raise ValueError(f"A part has 1 to {PART_LIMIT:,} bytes, not {size:,}.")


def check_parts(parts: Sequence[Part]) -> None:
    """Raise ValueError unless an object can be made of ``parts``."""
    if [part.number for part in parts] != list(range(1, len(parts) + 1)) or not 0 < len(parts) <= PARTS:
        raise ValueError(f"An object is made of parts 1 to N, of which there are at most {PARTS:,}.")
    for part in parts[:-1]:
        if part.size < PART_BYTES:
            raise ValueError(
                f"Part {part.number} has {part.size:,} bytes; all but the last have {PART_BYTES:,}."
            )


def metadata_as_sent(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return ``metadata`` with its values as ASCII header text; raise MetadataError where S3 would refuse it."""
    sent = {}
    for name, value in metadata.items():
        if not _METADATA_NAME.fullmatch(name):
            raise MetadataError(
                f"{name!r} is no name for object metadata: use lower-case letters, digits and '-'."
            )
        try:
            sent[name] = metadata_text.encode(value)
        except UnicodeEncodeError:
            raise MetadataError(
                f"The metadata {name!r} holds half a surrogate pair, which is no text."
            ) from None
    size = sum(len(name) + len(value) for name, value in sent.items())
    if size > METADATA_BYTES:
        longest = max(sent, key=lambda name: len(sent[name]))
        raise MetadataError(
            f"The metadata takes {size} bytes where S3 allows {METADATA_BYTES}; the longest is {longest!r}."
        )
    return sent


def check_message(body: str, attributes: Mapping[str, str], delay: float) -> None:
    """Raise ValueError where SQS would refuse the message."""
    if not 0 <= delay <= DELAY_SECONDS:
        raise ValueError(f"A message can be delayed by 0 to {DELAY_SECONDS} seconds, not {delay}.")
    if len(attributes) > MESSAGE_ATTRIBUTES:
        raise ValueError(f"A message carries at most {MESSAGE_ATTRIBUTES} attributes, not {len(attributes)}.")
    for text in (body, *attributes.values()):
        if not text:
            raise ValueError("A message body, and each of its attributes, has at least one character.")
        if refused := _NOT_IN_MESSAGES.search(text):
            raise ValueError(f"A message cannot hold the character {refused[0]!r}.")
    size = sum(len(text.encode()) for text in (body, *attributes, *attributes.values()))
    if size > MESSAGE_BYTES:
        raise ValueError(f"A message has at most {MESSAGE_BYTES} bytes, this one {size}.")


def message_batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    """``bodies`` in batches that one request may send: ten messages, and together the bytes of one.

    Raises ValueError where SQS would refuse a body.
    """
    batch: list[str] = []
    left = MESSAGE_BYTES
    for body in bodies:
        check_message(body, {}, 0)
        size = len(body.encode())
        if batch and (len(batch) == SEND_LIMIT or size > left):
            yield batch
            batch, left = [], MESSAGE_BYTES
        batch.append(body)
        left -= size
    if batch:
        yield batch


def check_receive(limit: int, wait: float) -> None:
    """Raise ValueError where SQS would refuse such a receive."""
    if not 1 <= limit <= RECEIVE_LIMIT:
        raise ValueError(f"A receive takes 1 to {RECEIVE_LIMIT} messages, not {limit}.")
    if not 0 <= wait <= WAIT_SECONDS:
        raise ValueError(f"A receive waits 0 to {WAIT_SECONDS} seconds, not {wait}.")


def check_visibility(seconds: float) -> None:
    """Raise ValueError where SQS would refuse to hide a message for ``seconds``."""
    if not 0 <= seconds <= VISIBILITY_SECONDS:
        raise ValueError(f"A message can be hidden for 0 to {VISIBILITY_SECONDS} seconds, not {seconds}.")
