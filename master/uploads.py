"""The way in: a signed form with which a browser puts one image straight into the input bucket."""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks
from pydantic import BaseModel, Field, StringConstraints

from master.operations import PIPELINE_CHARACTERS
from master.ownership import check_free
from master.settings import MasterSettings
from master.waker import Waker
from tilework.errors import MetadataError
from tilework.imaging.pipeline import parse
from tilework.jobs.object_keys import SUBMITTED, UPLOADS
from tilework.jobs.quotas import KEY_BYTES, PART_LIMIT, check_key
from tilework.jobs.system import System
from tilework.service.identity import Asking
from tilework.service.problems import Problem, ProblemError
from tilework.shown import is_harmless

NAME_BYTES = 700
"""UTF-8 bytes of a file's name that are kept in its key, which S3 ends at 1,024."""

Batch = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,64}$")]
FileName = Annotated[str, StringConstraints(min_length=1)]
ContentType = Annotated[str, StringConstraints(pattern=r"^[\w.+-]{1,60}/[\w.+-]{1,60}$")]


class UploadRequest(BaseModel):
    """What shall be uploaded, and what shall be done with it. ``size`` in bytes, where it is known.

    A ``filename`` has at most 1,024 characters. The key is a new one, unless ``key`` names one under submitted/, as the command line does: then it is a new version
    of what may be there.
    """

    filename: FileName
    key: str = Field(default="", max_length=KEY_BYTES)
    pipeline: str | None = Field(default=None, max_length=PIPELINE_CHARACTERS)
    size: int | None = Field(default=None, ge=0)
    content_type: ContentType = "application/octet-stream"
    batch: Batch = ""


class Upload(BaseModel):
    """A form to POST as multipart/form-data: ``fields`` first, then the bytes as ``file``.

    The image's job is found by its ``key`` or its ``batch`` in ``GET /api/jobs``. ``expires`` in seconds from now.
    """

    bucket: str
    key: str
    batch: str
    pipeline: str
    url: str
    fields: dict[str, str]
    expires: int
    max_bytes: int


def routes(
    settings: MasterSettings, system: System, clock: Callable[[], float], waker: Waker | None
) -> APIRouter:
    """``POST /api/uploads``."""
    router = APIRouter(tags=["uploads"])

    @router.post("/api/uploads", status_code=HTTPStatus.CREATED, summary="Ask for an upload")
    def ask(wanted: UploadRequest, who: Asking, afterwards: BackgroundTasks) -> Upload:
        """Check the pipeline and sign one upload; the object's arrival in the bucket is what starts the work.

        A host is on its way meanwhile, where none was.
        """
        limit = min(settings.upload_limit_bytes, PART_LIMIT)
        check_size(wanted.size or 0, limit)
        key = submitted(wanted.key) if wanted.key else new_key(wanted.filename, clock())
        if wanted.key:
            check_free(system.inputs, key, who)
        batch = wanted.batch or secrets.token_hex(8)
        metadata = upload_metadata(settings, wanted.pipeline, who.owner, batch)
        form = system.inputs.presigned_post(
            key,
            metadata=metadata,
            content_type=wanted.content_type,
            max_bytes=limit,
            seconds=settings.presign_seconds,
        )
        if waker is not None:
            # a server answers first; Lambda does this before, in two requests of tens of milliseconds
            afterwards.add_task(waker.asked)
        return Upload(
            bucket=system.inputs.bucket,
            key=key,
            batch=batch,
            pipeline=metadata["pipeline"],
            url=form.url,
            fields=dict(form.fields),
            expires=settings.presign_seconds,
            max_bytes=limit,
        )

    return router


def upload_metadata(settings: MasterSettings, pipeline: str | None, owner: str, batch: str) -> dict[str, str]:
    """What an image bears that tells its job: the pipeline in canonical form, and what else is known.

    Raises PipelineError.
    """
    metadata = {
        "pipeline": parse(pipeline or settings.default_pipeline).canonical,
        "owner": owner,
        "batch": batch,
    }
    return {name: value for name, value in metadata.items() if value}


def check_size(size: int, limit: int) -> None:
    """Raise ProblemError for a file of more bytes than the limit."""
    if size > limit:
        raise _too_large(size, limit)


_PATH = re.compile(r"(?s)^(?:.*/|(?:[A-Za-z]:|\\\\).*\\)")
"""The folders before a name, as Unix writes them, or as Windows does."""


def new_key(filename: str, now: float, place: str = "") -> str:
    """A key with the file's own name at its end: ``uploads/2025-11-24/<place>/<name>``.

    ``place`` is a new one, which nobody has, unless it is given. Raises ProblemError for a name that is beyond shortening.
    """
    if len(filename) > KEY_BYTES:
        raise ProblemError(_name_too_long(len(filename)))
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    # a browser gives a bare name; what another client gives of a path is none of the bucket's business
    name = _PATH.sub("", filename)
    # in a name of its own a backslash is what leads into a folder elsewhere
    name = "".join(each if is_harmless(each) and each != "\\" else "_" for each in name)
    # S3 itself would fill this in
    name = name.replace("${", "_{")
    name = name.encode()[:NAME_BYTES].decode("utf-8", "ignore")
    return f"{UPLOADS}{day}/{place or secrets.token_hex(8)}/{name if name.strip('. ') else 'unnamed'}"


def submitted(key: str) -> str:
    """The key that a client chose. Raises MetadataError where it may not."""
    if not key.startswith(SUBMITTED) or "${" in key:
        raise MetadataError(f"The key must begin with {SUBMITTED}, and must not contain ${{.")
    try:
        check_key(key)
    except ValueError as error:
        raise MetadataError(str(error)) from error
    return key


def _name_too_long(characters: int) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "name_too_long",
        "Name too long",
        f"The file's name has {characters:,} characters, and the whole key of an object in S3 at most {KEY_BYTES:,} bytes.",
        "Rename the file, and upload it again.",
        {"field": "filename"},
    )


def _too_large(size: int, limit: int) -> ProblemError:
    detail = f"The file has {size:,} bytes, and one upload takes at most {limit:,}."
    advice = "Make the image smaller, upload it in parts, or put it into the input bucket with `aws s3 cp`."
    return ProblemError(
        Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "Too large", detail, advice, {"field": "size"}
        )
    )
