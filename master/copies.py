"""What a person copies from a job's page: where its objects are, and commands that do the same."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from master.stores import endpoint_of
from tilework.errors import PipelineError
from tilework.imaging.pipeline import parse
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.jobs.job import Job
    from tilework.jobs.system import System


RESULTS = "results/"
"""Where a result goes that is made anew: in a folder it never takes its source's place, and gets the suffix that it needs."""


class Copy(BaseModel):
    """One text to be copied: an address, or a command of a shell. ``what`` tells which it is."""

    what: Literal["input_address", "result_address", "fetch_input", "fetch_result", "submit", "process"]
    text: str


def copies(row: Job, system: System, *, name: str, result_name: str, link: str) -> Iterator[Copy]:
    """The addresses and commands of a job; ``name`` and ``result_name`` are what its files are called.

    ``link`` is a signed address of its image, which tells where the buckets are.
    """
    if not row.key:
        return
    endpoint = _endpoint(link)
    yield Copy(what="input_address", text=f"s3://{system.inputs.bucket}/{row.key}")
    if row.result_key:
        yield Copy(what="result_address", text=f"s3://{system.outputs.bucket}/{row.result_key}")
    place = ["--bucket", system.inputs.bucket, "--key", row.key, "--version-id", row.version]
    yield Copy(
        what="fetch_input", text=_command("aws", "s3api", "get-object", *place, _file(name), *endpoint)
    )
    if row.result_key:
        address = f"s3://{system.outputs.bucket}/{row.result_key}"
        yield Copy(
            what="fetch_result", text=_command("aws", "s3", "cp", address, _file(result_name), *endpoint)
        )
    if row.pipeline:
        pipeline = ("--pipeline", row.pipeline)
        yield Copy(what="submit", text=_command("tilework", "submit", _file(name), *pipeline, "--wait"))
        within = ("process", _file(name), RESULTS, *pipeline, *_pictures(row.pipeline))
        yield Copy(what="process", text=_command("tilework", *within))


def shows_tiles(row: Job) -> bool:
    """Whether ``GET /api/jobs/{id}/picture`` tells something of the job: a large result, made or in the making."""
    if row.state is State.DONE:
        return row.result_key.endswith(".tif")
    if row.state is not State.RUNNING or not row.stage:
        return False
    try:
        return not parse(row.pipeline).is_report
    except PipelineError:
        # an own operation that this master was not told of
        return True


def _command(*words: str) -> str:
    return shlex.join(words)


def _file(name: str) -> str:
    """A name that no program takes for an option."""
    return f"./{name}" if name.startswith("-") else name


def _pictures(pipeline: str) -> tuple[str, ...]:
    """Where the pictures lie that a pipeline names: else the command would have none."""
    try:
        named = parse(pipeline).picture_names
    except PipelineError:
        # an own operation that this master was not told of
        return ()
    return ("--pictures", "./") if named else ()


def _endpoint(link: str) -> tuple[str, ...]:
    endpoint = endpoint_of(link)
    return ("--endpoint-url", endpoint) if endpoint else ()
