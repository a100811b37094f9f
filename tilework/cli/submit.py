"""``tilework submit``: files into the input bucket, as any other client would put them."""

from __future__ import annotations

import mimetypes
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from rich.text import Text

from tilework.cli import batches, consoles, statuses
from tilework.cli.files import files_below
from tilework.cli.joining import join_from_here
from tilework.cli.listing import STYLES
from tilework.cli.pipelines import pipeline_of
from tilework.cli.progress import Progress
from tilework.cli.statuses import UsageError
from tilework.errors import MetadataError, TileworkError, UnreadableFileError
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.object_keys import SUBMITTED
from tilework.jobs.quotas import check_key, metadata_as_sent
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.system import System
    from tilework.jobs.table import JobTable

AT_ONCE = 8
"""Uploads and look-ups in flight."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two looks at the table while waiting: soon for a photo, seldom for a long queue."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way: ``job`` once it is there, as far as it is known; ``failure`` where it is not."""

    source: Path
    key: str
    job: Job | None = None
    failure: TileworkError | None = None


def run(paths: Sequence[Path], pipeline: str, *, batch: str, wait: bool, json: bool) -> int:
    """Put it all into the input bucket, and with ``wait`` see it through; the exit status."""
    metadata = {"pipeline": pipeline_of(pipeline).canonical} | ({"batch": batch} if batch else {})
    metadata_as_sent(metadata)  # what S3 would refuse is refused before the first upload
    uploads = [Upload(source, key) for source, key in _keys(paths)]
    if not uploads:
        raise UsageError("There are no files to submit.", advice="Name images, or folders of images.")
    system = join_from_here()
    if batch:
        batches.note(system, batch, len(uploads))
    uploads = list(_uploaded(system, uploads, metadata))
    if not wait and not json:
        for upload in uploads:
            _print_submitted(upload)
    if wait:
        uploads = _seen_through(system.table, uploads, quiet=json)
        if batch and (whole := batches.standing_of(system, batch)):
            consoles.talk().print(f"{shown(batch)}: {batches.told(whole)}", soft_wrap=True)
    if json:
        consoles.print_json_list(map(_as_json, uploads))
    bad = [one for one in uploads if one.failure or (wait and one.job and one.job.state is not State.DONE)]
    return statuses.SOME_FAILED if bad else statuses.ALL_DONE


def _keys(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Each file with its key: its name, or from its folder's name on."""
    for path in paths:
        if not path.is_dir():
            yield path, _key(path.name)
            continue
        folder = path.resolve()
        for file in files_below(folder):
            yield file, _key(str(file.relative_to(folder.parent)))


def _key(name: str) -> str:
    # a file name may be no UTF-8, a key must be
    key = SUBMITTED + os.fsencode(name).decode("utf-8", "replace")
    try:
        check_key(key)
    except ValueError as error:
        raise MetadataError(
            f"{name} cannot be a key: {error}", advice="Give the file a shorter name."
        ) from error
    return key


# --- uploading -------------------------------------------------------------------------------------------------------


def _uploaded(system: System, uploads: Sequence[Upload], metadata: dict[str, str]) -> Iterator[Upload]:
    def put(upload: Upload) -> Upload:
        try:
            return replace(upload, job=_put(system.inputs, upload, metadata))
        except TileworkError as failure:
            return replace(upload, failure=failure)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        with Progress("Uploading", len(uploads)) as bar:
            for upload in pool.map(put, uploads):
                bar.advance()
                yield upload
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _put(inputs: ObjectStore, upload: Upload, metadata: dict[str, str]) -> Job:
    """Store one file; the job that its event will tell, which nobody has claimed yet."""
    try:
        body = upload.source.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{upload.source} cannot be read: {error.strerror}.") from error
    kind = mimetypes.guess_type(upload.source.name)[0] or "application/octet-stream"
    version = inputs.put(upload.key, body, metadata=metadata, content_type=kind)
    ask = Ask(Drop(inputs.bucket, upload.key, version))
    return Job(
        id=ask.job_id, bucket=inputs.bucket, key=upload.key, version=version, state=State.QUEUED,
        pipeline=metadata["pipeline"], batch=metadata.get("batch", ""), source_bytes=len(body),
    )  # fmt: skip


# --- waiting ---------------------------------------------------------------------------------------------------------


def _seen_through(table: JobTable, uploads: Sequence[Upload], *, quiet: bool) -> list[Upload]:
    """Wait until every job is over; the uploads with their rows' last state."""
    rows = {upload.job.id: upload.job for upload in uploads if upload.job}
    with Progress("Waiting for the results", len(rows)) as bar:
        for row in _ends(table, list(rows)):
            rows[row.id] = row
            bar.advance()
            if not quiet:
                _print_end(row)
    if not quiet:
        for upload in uploads:
            if upload.failure:
                _print_submitted(upload)
    return [replace(upload, job=rows[upload.job.id]) if upload.job else upload for upload in uploads]


def _ends(table: JobTable, jobs: list[str]) -> Iterator[Job]:
    """Rows as they come to an end."""
    pause = FIRST_PAUSE
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while jobs:
            ended = [row for row in pool.map(table.get, jobs) if row is not None and row.state.is_end]
            yield from ended
            over = {row.id for row in ended}
            jobs = [job for job in jobs if job not in over]
            pause = FIRST_PAUSE if ended else min(pause * 1.5, LONGEST_PAUSE)
            time.sleep(pause if jobs else 0)


# --- telling ---------------------------------------------------------------------------------------------------------


def _print_submitted(upload: Upload) -> None:
    if upload.job:
        consoles.output().print(f"{upload.job.id}  {shown(upload.key)}", soft_wrap=True)
    elif upload.failure:
        reason = f"{shown(str(upload.source))}: {shown(upload.failure.reason)}"
        consoles.talk().print(Text.assemble(("NOT SUBMITTED ", "red"), reason), soft_wrap=True)


def _print_end(row: Job) -> None:
    what = f"→ {shown(row.result_key)}" if row.state is State.DONE else shown(row.reason)
    state = (f"{row.state.value:9} ", STYLES[row.state])
    consoles.output().print(Text.assemble(state, f"{row.id}  {shown(row.key)}  {what}"), soft_wrap=True)
    if row.advice and row.state is not State.DONE:
        consoles.output().print(Text(f"{'':10}{shown(row.advice)}", style="dim"), soft_wrap=True)


def _as_json(upload: Upload) -> dict[str, object]:
    """The row as far as it is known, and the file; without an id where the upload failed."""
    source: dict[str, object] = {"source": str(upload.source)}
    if upload.job:
        return asdict(upload.job) | source
    failure = upload.failure
    told = {"code": failure.code, "reason": failure.reason} if failure else {}
    return {"id": None, "key": upload.key, "state": State.FAILED.value} | told | source
