"""A bucket of versioned objects with S3's promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tilework.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class UploadOverError(ServiceError):
    """An object was being stored in parts, and that is over: completed, aborted, or its days were over."""

    code = "upload_over"
    advice = "Begin it anew."


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a HEAD tells. ``size`` in bytes; ``modified`` in seconds since the epoch; metadata decoded to Unicode."""

    key: str
    version: str
    size: int
    modified: float
    content_type: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """What a listing tells of one version (never a delete marker)."""

    key: str
    version: str
    size: int
    modified: float
    is_latest: bool


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """Where and with which form fields a browser may upload one object."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that is stored in parts: nobody sees it before it is completed."""

    key: str
    id: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part of an upload: its number (from 1), its bytes, and what its store knows it by."""

    number: int
    size: int
    etag: str
    checksum: str = ""


class ObjectStore(Protocol):
    """What Tilework needs of a bucket.

    ``VersionGoneError`` where the named key or version is not there; ``ServiceError`` where the service fails for
    now. Metadata keys are lower-case ASCII, values any Unicode text.
    """

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        ...

    def head(self, key: str, version: str | None = None) -> ObjectInfo:
        """Describe one version (default: the latest)."""
        ...

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        """Return bytes [start, stop) of one version, fewer where it ends before ``stop``."""
        ...

    def put(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> str:
        """Store a new version and return its id."""
        ...

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> bool:
        """Store the object only if the key is free (``If-None-Match: *``); False where it is not (412)."""
        ...

    def begin_upload(self, key: str, *, metadata: Mapping[str, str], content_type: str) -> Upload:
        """Begin to store an object in parts. It is to be completed or aborted: until then its parts cost."""
        ...

    def upload_part(self, upload: Upload, number: int, body: bytes) -> Part:
        """Store part ``number`` (from 1); all but the last have 5 MiB at least."""
        ...

    def copy_part(self, upload: Upload, number: int, source: str, *, size: int) -> Part:
        """Store part ``number``: the whole latest version of the object ``source`` of this bucket, 5 GiB at most.

        It has ``size`` bytes, of which none comes this way.
        """
        ...

    def complete_upload(self, upload: Upload, parts: Sequence[Part]) -> bool:
        """Make the object of its parts, numbered without gaps, only if the key is free; False where it is not (412).

        Then the upload is still to be aborted. Raises UploadOverError where the upload is gone, ServiceError where it
        met another write to the key: it is to be begun anew.
        """
        ...

    def parts_of(self, upload: Upload) -> list[Part]:
        """The parts that are stored so far, by their numbers. Raises UploadOverError where the upload is gone."""
        ...

    def presigned_part(self, upload: Upload, number: int, *, size: int, seconds: int) -> str:
        """Make a URL that takes part ``number`` (from 1) by PUT, good for ``seconds``.

        A body of other than ``size`` bytes has another signature, and is refused.
        """
        ...

    def abort_upload(self, upload: Upload) -> None:
        """Forget the upload and its parts. One that is over, or never was, is no error."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectVersion]:
        """The latest version of each object under ``prefix``, in key order."""
        ...

    def versions(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectVersion]:
        """All versions of all objects under ``prefix``, delete markers left out, in key order.

        ``after`` leaves out that key and all before it; it need not be there (any more).
        """
        ...

    def delete(self, key: str, version: str | None = None) -> None:
        """Delete one version, or put a delete marker above all of them. Nothing there is no error."""
        ...

    def delete_all(self, keys: Sequence[str]) -> None:
        """Delete any number of objects as :meth:`delete` does without a version, a thousand in a request.

        Raises ServiceError where some were not deleted.
        """
        ...

    def purge(self, key: str) -> int:
        """Delete every version of exactly this key and every delete marker; how many there were."""
        ...

    def presigned_get(self, key: str, version: str | None, *, filename: str, seconds: int) -> str:
        """Make a URL that downloads the version as an attachment called ``filename``, good for ``seconds``."""
        ...

    def presigned_post(
        self, key: str, *, metadata: Mapping[str, str], content_type: str, max_bytes: int, seconds: int
    ) -> PresignedPost:
        """Allow one upload of at most ``max_bytes`` under ``key`` with exactly this metadata, for ``seconds``."""
        ...
