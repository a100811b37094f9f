"""The way in for large files: parts that a browser puts straight into the input bucket, each by an address signed for it.

Nothing is remembered here. S3 ties an upload's id to its key, only this module makes such keys, and each bears a seal: a
digest of who began the upload and of how many bytes it was to have. So whoever comes with a key and an id is believed only
as far as the seal fits, and S3 knows no other key to that id.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends
from pydantic import BaseModel, Field

from master.operations import PIPELINE_CHARACTERS
from master.settings import MasterSettings
from master.uploads import Batch, ContentType, FileName, check_size, new_key, upload_metadata
from master.waker import Waker
from tilework.errors import VersionGoneError
from tilework.jobs.object_keys import UPLOADS
from tilework.jobs.quotas import KEY_BYTES, OBJECT_BYTES, PARTS
from tilework.jobs.stores import ObjectInfo, Part, Upload, UploadOverError
from tilework.jobs.system import System
from tilework.service.identity import Asking
from tilework.service.problems import Problem, ProblemError
from tilework.sign_in import Who

MIB = 2**20

PART_BYTES = 8 * MIB
"""A minute of a line of 1 Mbit/s, which is what a lost connection costs; S3 takes no less than 5 MiB."""

SIGNED_AT_ONCE = 100
"""Addresses in one request, each a millisecond to sign."""

TOLD_AT_ONCE = 100

SEAL_DIGITS = 24
"""Hexadecimal, of a digest: 96 bits, of which nobody can try more than S3 answers."""

ID_CHARACTERS = 1024
"""Upload ids have no documented length; S3's have some hundred characters."""

NO_SUCH_UPLOAD = Problem(
    HTTPStatus.NOT_FOUND,
    "no_such_upload",
    "No such upload",
    "Nobody who asks like this began such an upload.",
    "Send the key, the upload and the size as they were answered when it was begun, signed in as then; or begin anew.",
)

PartNumber = Annotated[int, Field(ge=1, le=PARTS)]


class MultipartRequest(BaseModel):
    """What shall be uploaded in parts, and what shall be done with it. ``size`` in bytes, and final."""

    filename: FileName
    size: int = Field(gt=0, le=OBJECT_BYTES)
    pipeline: str | None = Field(default=None, max_length=PIPELINE_CHARACTERS)
    content_type: ContentType = "application/octet-stream"
    batch: Batch = ""


class OfUpload(BaseModel):
    """Which upload, as it was answered when it was begun."""

    key: str = Field(min_length=1, max_length=KEY_BYTES)
    upload: str = Field(min_length=1, max_length=ID_CHARACTERS)
    size: int = Field(gt=0, le=OBJECT_BYTES)


class Begun(OfUpload):
    """An upload that waits for ``parts`` parts: each has ``part_bytes``, the last one what is left of ``size``."""

    bucket: str
    batch: str
    pipeline: str
    part_bytes: int
    parts: int


class PartsRequest(OfUpload):
    """For which parts, by their numbers from 1, addresses shall be signed."""

    numbers: list[PartNumber] = Field(min_length=1, max_length=SIGNED_AT_ONCE)


class SignedPart(BaseModel):
    """Where to PUT part ``number``, which has ``size`` bytes: those from ``start`` on."""

    number: int
    start: int
    size: int
    url: str


class SignedParts(BaseModel):
    """Addresses that are good for ``expires`` seconds from now."""

    parts: list[SignedPart]
    expires: int


class StoredParts(BaseModel):
    """The numbers of the parts that are there whole, of ``parts``."""

    stored: list[int]
    part_bytes: int
    parts: int


class Completed(BaseModel):
    """The image, which lies in the bucket now: its job is found by its ``key`` in ``GET /api/jobs``."""

    key: str
    version: str
    size: int


def routes(
    settings: MasterSettings, system: System, clock: Callable[[], float], waker: Waker | None
) -> APIRouter:
    """``/api/uploads/multipart`` and what is below it."""
    router = APIRouter(prefix="/api/uploads/multipart", tags=["uploads"])
    inputs = system.inputs

    @router.post("", status_code=HTTPStatus.CREATED, summary="Begin an upload in parts")
    def begin(wanted: MultipartRequest, who: Asking) -> Begun:
        """Check pipeline and size, and begin an upload whose parts may come in any order, at any pace, and again.

        Then: ask for the addresses of some parts, PUT each (a body of exactly its bytes, no other header needed),
        complete. Whoever was interrupted lists the parts that are there, and sends the others. What is not completed
        within a week is forgotten.
        """
        check_size(wanted.size, settings.upload_limit_bytes)
        batch = wanted.batch or secrets.token_hex(8)
        owner = who.owner
        metadata = upload_metadata(settings, wanted.pipeline, owner, batch)
        key = sealed_key(wanted.filename, clock(), owner, wanted.size)
        upload = inputs.begin_upload(key, metadata=metadata, content_type=wanted.content_type)
        return Begun(
            bucket=inputs.bucket,
            key=key,
            upload=upload.id,
            size=wanted.size,
            batch=batch,
            pipeline=metadata["pipeline"],
            part_bytes=part_bytes(wanted.size),
            parts=part_count(wanted.size),
        )

    @router.post("/parts", summary="Ask for the addresses of parts")
    def sign(wanted: PartsRequest, who: Asking) -> SignedParts:
        """Sign an address for each of these parts: for its number and its length, and for nothing else."""
        upload = _judged(wanted, who)
        return SignedParts(
            parts=[
                SignedPart(
                    number=number,
                    start=(number - 1) * part_bytes(wanted.size),
                    size=size_of_part(number, wanted.size),
                    url=inputs.presigned_part(
                        upload,
                        number,
                        size=size_of_part(number, wanted.size),
                        seconds=settings.presign_seconds,
                    ),
                )
                for number in wanted.numbers
            ],
            expires=settings.presign_seconds,
        )

    @router.get("", summary="List an upload's parts")
    def stored(wanted: Annotated[OfUpload, Depends()], who: Asking) -> StoredParts:
        """Tell which parts are there, so that nobody sends them again; 410 where the upload is over."""
        there = inputs.parts_of(_judged(wanted, who))
        return StoredParts(
            stored=sorted(_whole(there, wanted.size)),
            part_bytes=part_bytes(wanted.size),
            parts=part_count(wanted.size),
        )

    @router.post("/complete", summary="Complete an upload")
    def complete(wanted: OfUpload, who: Asking, afterwards: BackgroundTasks) -> Completed:
        """Make the image of its parts, if all are there and have the bytes they should; this starts the work.

        Where some are missing the answer is 409, with their numbers as `missing`, a hundred at most. To complete again
        what was completed changes nothing, and is answered alike.
        """
        upload = _judged(wanted, who)
        info = _completed(system, upload, wanted.size)
        if waker is not None:
            # a host is on its way only now: an upload may take hours
            afterwards.add_task(waker.asked)
        return Completed(key=info.key, version=info.version, size=info.size)

    @router.delete("", status_code=HTTPStatus.NO_CONTENT, summary="Call an upload off")
    def abort(wanted: Annotated[OfUpload, Depends()], who: Asking) -> None:
        """Forget the upload and its parts. One that is over is no error, and an image that is there stays."""
        inputs.abort_upload(_judged(wanted, who))

    return router


# --- how a file is cut ------------------------------------------------------------------------------------------------


def part_bytes(size: int) -> int:
    """The bytes of each part but the last: no more parts than S3 takes, in whole MiB."""
    return max(PART_BYTES, -(-size // (PARTS * MIB)) * MIB)


def part_count(size: int) -> int:
    """How many parts a file of ``size`` bytes has."""
    return -(-size // part_bytes(size))


def size_of_part(number: int, size: int) -> int:
    """The bytes of part ``number`` (from 1). Raises ProblemError where the file has no such part."""
    count = part_count(size)
    if number > count:
        detail = f"The upload has {count:,} parts, and none with the number {number:,}."
        raise ProblemError(
            Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "no_such_part",
                "No such part",
                detail,
                "Ask for the parts that were answered when the upload was begun.",
                {"field": "numbers"},
            )
        )
    return part_bytes(size) if number < count else size - (count - 1) * part_bytes(size)


# --- whose it is ------------------------------------------------------------------------------------------------------


def sealed_key(filename: str, now: float, owner: str, size: int) -> str:
    """A new key, which tells :func:`is_sealed` whose it is and how many bytes are allowed."""
    nonce = secrets.token_hex(8)
    return new_key(filename, now, f"{nonce}-{_seal(nonce, owner, size)}")


def is_sealed(key: str, owner: str, size: int) -> bool:
    """Whether ``key`` was made for this owner and this size."""
    place = key.removeprefix(UPLOADS).split("/")[1:2]
    nonce, _, seal = "".join(place).partition("-")
    return key.startswith(UPLOADS) and secrets.compare_digest(
        seal.encode(), _seal(nonce, owner, size).encode()
    )


def _seal(nonce: str, owner: str, size: int) -> str:
    return hashlib.sha256(json.dumps([nonce, owner, size]).encode()).hexdigest()[:SEAL_DIGITS]


def _judged(wanted: OfUpload, who: Who) -> Upload:
    """The upload, if whoever asks began it. Raises ProblemError."""
    if not is_sealed(wanted.key, who.owner, wanted.size):
        raise ProblemError(NO_SUCH_UPLOAD)
    return Upload(wanted.key, wanted.upload)


# --- how it ends ------------------------------------------------------------------------------------------------------


def _completed(system: System, upload: Upload, size: int) -> ObjectInfo:
    """The image, made now or before. Raises UploadOverError, ProblemError where parts are missing."""
    try:
        whole = _whole(system.inputs.parts_of(upload), size)
        missing = [number for number in range(1, part_count(size) + 1) if number not in whole]
        if missing:
            raise ProblemError(_incomplete(missing))
        if not system.inputs.complete_upload(upload, [whole[number] for number in sorted(whole)]):
            system.inputs.abort_upload(upload)
    except UploadOverError as over:
        # the answer that told it was lost, if there is an image
        try:
            return system.inputs.head(upload.key)
        except VersionGoneError:
            raise over from None
    return system.inputs.head(upload.key)


def _whole(parts: Iterable[Part], size: int) -> dict[int, Part]:
    """By their numbers the parts that belong to the file and have the bytes they should."""
    return {
        part.number: part
        for part in parts
        if part.number <= part_count(size) and part.size == size_of_part(part.number, size)
    }


def _incomplete(missing: list[int]) -> Problem:
    detail = f"{len(missing):,} parts of the upload are not there yet."
    return Problem(
        HTTPStatus.CONFLICT,
        "parts_missing",
        "Parts missing",
        detail,
        "Send them, then complete the upload again.",
        {"missing": missing[:TOLD_AT_ONCE]},
    )
