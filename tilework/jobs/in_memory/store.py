"""A bucket of versioned objects that lives in this process."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tilework.errors import VersionGoneError
from tilework.jobs import quotas
from tilework.jobs.in_memory.events import object_created
from tilework.jobs.stores import ObjectInfo, ObjectVersion, Part, PresignedPost, Upload, UploadOverError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of an object; a delete marker has no body."""

    id: str
    body: bytes | None
    modified: float
    content_type: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Pending:
    """An upload that is neither completed nor aborted."""

    content_type: str
    metadata: Mapping[str, str]
    bodies: dict[int, bytes]


class MemoryStore:
    """The in-memory twin of a versioned S3 bucket. Thread-safe.

    ``announce`` is called with the S3 event (JSON text) of each version that ``put`` and ``create`` store.
    """

    def __init__(
        self,
        bucket: str,
        *,
        clock: Callable[[], float] = time.time,
        announce: Callable[[str], object] | None = None,
    ) -> None:
        self._bucket = bucket
        self._clock = clock
        self._announce = announce
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._objects: dict[str, list[_Version]] = {}  # the latest version of each key comes last
        self._uploads: dict[Upload, _Pending] = {}

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

    def head(self, key: str, version: str | None = None) -> ObjectInfo:
        """Describe one version (default: the latest)."""
        found, body = self._find(key, version)
        return ObjectInfo(
            key=key,
            version=found.id,
            size=len(body),
            modified=found.modified,
            content_type=found.content_type,
            metadata=dict(found.metadata),
        )

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        """Return bytes [start, stop) of one version, fewer where it ends before ``stop``."""
        quotas.check_range(start, stop)
        return self._find(key, version)[1][start:stop]

    def put(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> str:
        """Store a new version and return its id."""
        stored = self._store(key, body, metadata, content_type, only_if_free=False)
        assert stored is not None  # noqa: S101 -- nothing can refuse an unconditional put
        return stored.id

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> bool:
        """Store the object only if the key is free; a key under a delete marker is."""
        return self._store(key, body, metadata, content_type, only_if_free=True) is not None

    def begin_upload(self, key: str, *, metadata: Mapping[str, str], content_type: str) -> Upload:
        """Begin to store an object in parts."""
        quotas.check_key(key)
        quotas.metadata_as_sent(metadata)
        upload = Upload(key, self._new_id())
        with self._lock:
            self._uploads[upload] = _Pending(content_type, dict(metadata), {})
        return upload

    def upload_part(self, upload: Upload, number: int, body: bytes) -> Part:
        """Store part ``number`` (from 1)."""
        pending = self._pending(upload)
        with self._lock:
            pending.bodies[number] = bytes(body)
        return _part(number, body)

    def copy_part(self, upload: Upload, number: int, source: str, *, size: int) -> Part:
        """Store part ``number``: all ``size`` bytes of an object of this bucket."""
        body = self._find(source, None)[1]
        if len(body) != size:
            raise ValueError(f"{source!r} has {len(body):,} bytes, not {size:,}.")
        return self.upload_part(upload, number, body)

    def complete_upload(self, upload: Upload, parts: Sequence[Part]) -> bool:
        """Make the object of its parts only if the key is free."""
        quotas.check_parts(parts)
        pending = self._pending(upload)
        body = b"".join(pending.bodies[part.number] for part in parts)
        stored = self._store(upload.key, body, pending.metadata, pending.content_type, only_if_free=True)
        if stored is not None:
            self.abort_upload(upload)
        return stored is not None

    def parts_of(self, upload: Upload) -> list[Part]:
        """List the parts that are stored so far, by their numbers."""
        pending = self._pending(upload)
        with self._lock:
            return [_part(number, pending.bodies[number]) for number in sorted(pending.bodies)]

    def presigned_part(self, upload: Upload, number: int, *, size: int, seconds: int) -> str:
        """Make a URL that names the part; nothing serves it."""
        quotas.check_part(number, size)
        query = {"partNumber": number, "uploadId": upload.id, "size": size, "expires": seconds}
        return f"memory://{self._bucket}/{quote(upload.key)}?{urlencode(query)}"

    def abort_upload(self, upload: Upload) -> None:
        """Forget the upload and its parts."""
        with self._lock:
            self._uploads.pop(upload, None)

    def list(self, prefix: str = "") -> Iterator[ObjectVersion]:
        """List the latest version of each object under ``prefix``, in key order."""
        return (version for version in self.versions(prefix) if version.is_latest)

    def versions(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectVersion]:
        """List all versions of all objects under ``prefix`` whose keys come after ``after``; delete markers left out.

        Of a key the newest comes first.
        """
        with self._lock:
            found = {
                key: tuple(stack)
                for key, stack in self._objects.items()
                if key.startswith(prefix) and key.encode() > after.encode()
            }
        for key in sorted(found, key=str.encode):
            latest = found[key][-1]
            for version in reversed(found[key]):
                if version.body is not None:
                    size = len(version.body)
                    yield ObjectVersion(key, version.id, size, version.modified, version is latest)

    def delete(self, key: str, version: str | None = None) -> None:
        """Delete one version, or put a delete marker above all of them."""
        quotas.check_key(key)
        with self._lock:
            if version is None:
                marker = _Version(self._new_id(), None, self._clock(), "", {})
                self._objects.setdefault(key, []).append(marker)
                return
            stack = [other for other in self._objects.get(key, []) if other.id != version]
            if stack:
                self._objects[key] = stack
            else:
                self._objects.pop(key, None)

    def delete_all(self, keys: Sequence[str]) -> None:
        """Delete any number of objects."""
        for key in keys:
            self.delete(key)

    def purge(self, key: str) -> int:
        """Delete every version of exactly this key and every delete marker; how many there were."""
        quotas.check_key(key)
        with self._lock:
            return len(self._objects.pop(key, []))

    def presigned_get(self, key: str, version: str | None, *, filename: str, seconds: int) -> str:
        """Make a URL that names the version; nothing serves it, since nothing outside this process could."""
        query = {"filename": filename, "expires": str(seconds)} | ({"versionId": version} if version else {})
        return f"memory://{self._bucket}/{quote(key)}?{urlencode(query)}"

    def presigned_post(
        self, key: str, *, metadata: Mapping[str, str], content_type: str, max_bytes: int, seconds: int
    ) -> PresignedPost:
        """Return the form fields of such an upload; nothing serves its URL."""
        quotas.check_key(key)
        sent = {f"x-amz-meta-{name}": value for name, value in quotas.metadata_as_sent(metadata).items()}
        query = urlencode({"max-bytes": max_bytes, "expires": seconds})
        return PresignedPost(
            f"memory://{self._bucket}/?{query}", {"key": key, "Content-Type": content_type, **sent}
        )

    def _new_id(self) -> str:
        return f"memory-{next(self._numbers):08x}"

    def _pending(self, upload: Upload) -> _Pending:
        with self._lock:
            pending = self._uploads.get(upload)
        if pending is None:
            raise UploadOverError(f"The upload of {upload.key!r} is over.")
        return pending

    def _find(self, key: str, version: str | None) -> tuple[_Version, bytes]:
        with self._lock:
            stack = self._objects.get(key, [])
            wanted = stack[-1:] if version is None else [other for other in stack if other.id == version]
        if not wanted or wanted[0].body is None:
            which = "the latest version" if version is None else f"version {version!r}"
            raise VersionGoneError(f"There is no {key!r} in the bucket {self._bucket} ({which}).")
        return wanted[0], wanted[0].body

    def _store(
        self, key: str, body: bytes, metadata: Mapping[str, str], content_type: str, *, only_if_free: bool
    ) -> _Version | None:
        quotas.check_key(key)
        quotas.metadata_as_sent(metadata)
        with self._lock:
            stack = self._objects.setdefault(key, [])
            if only_if_free and stack and stack[-1].body is not None:
                return None
            version = _Version(self._new_id(), bytes(body), self._clock(), content_type, dict(metadata))
            stack.append(version)
            sequencer = next(self._numbers)
        if self._announce is not None:
            event = object_created(
                bucket=self._bucket,
                key=key,
                version=version.id,
                size=len(body),
                etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
                time=version.modified,
                sequencer=sequencer,
            )
            self._announce(event)
        return version


def _part(number: int, body: bytes) -> Part:
    return Part(number, len(body), hashlib.md5(body, usedforsecurity=False).hexdigest())
