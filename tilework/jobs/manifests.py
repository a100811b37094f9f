"""Manifests: what a unit's attempt made, in the object whose conditional PUT commits the unit.

The first to PUT it wins; its attempt's objects are the unit's, and those of all others are nobody's.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import UnreadableMessageError, VersionGoneError
from tilework.jobs.job import SCHEMA
from tilework.jobs.messages import body_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitFolder

MOST_BYTES = 16 * 2**20
"""Of a manifest: the table of a block of 100,000 tiles, and far more than any needs."""

READ_AT_ONCE = 64
"""Manifests that are read at the same time: each is small, and most of its time is S3's first byte."""

CONTENT_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """``made`` is imaging's own text about what the ``attempt`` wrote."""

    attempt: str
    made: str


def manifest_text(manifest: Manifest) -> str:
    """The manifest as its object holds it."""
    return json.dumps({"schema": SCHEMA, "manifest": {"attempt": manifest.attempt, "made": manifest.made}})


def manifest_of(text: str) -> Manifest:
    """The inverse of :func:`manifest_text`. Raises UnreadableMessageError, NewerMessageError."""
    told = body_document(text).get("manifest")
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in ("attempt", "made")):
        raise UnreadableMessageError("The manifest lacks what it must have.")
    return Manifest(told["attempt"], told["made"])


def commit_manifest(outputs: ObjectStore, folder: UnitFolder, manifest: Manifest) -> bool:
    """Commit the unit with ``manifest``; False where another attempt has done so before."""
    body = manifest_text(manifest).encode()
    if outputs.create(folder.manifest, body, metadata={}, content_type=CONTENT_TYPE):
        return True
    # it may be our own, of a try whose answer was lost
    return read_manifest(outputs, folder).attempt == manifest.attempt


def is_committed(outputs: ObjectStore, folder: UnitFolder) -> bool:
    """Whether an attempt has committed the unit."""
    try:
        outputs.head(folder.manifest)
    except VersionGoneError:
        return False
    return True


def read_manifest(outputs: ObjectStore, folder: UnitFolder) -> Manifest:
    """The manifest of a committed unit. Raises VersionGoneError where none has been committed (or it was swept)."""
    return manifest_of(outputs.read(folder.manifest, None, 0, MOST_BYTES).decode())


def read_manifests(outputs: ObjectStore, folders: Iterable[UnitFolder]) -> list[Manifest]:
    """The manifests of many committed units, in their order. Raises VersionGoneError."""
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        return list(pool.map(lambda folder: read_manifest(outputs, folder), folders))
