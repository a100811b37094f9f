"""The engine's entry: a source and a pipeline in, a finished result out, in this process or on an executor.

:func:`process` is what a rank runs for one image. Everything that it takes is small and picklable (an address to
read from, a pipeline, limits), so it can be submitted to any :class:`concurrent.futures.Executor`.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tilework.errors import TileworkError
from tilework.imaging import operations
from tilework.imaging.engine import report_whole, run_whole
from tilework.imaging.formats import (
    HeaderReader,
    decode,
    encode,
    read_header,
    read_metadata,
    result_file,
    tile_archive,
)
from tilework.imaging.plan import plan, result_name
from tilework.imaging.report import ReportFormat
from tilework.imaging.sources import BytesSource, FileSource, OpenableFile, Source
from tilework.imaging.stages.planning import Wishes, layout_of
from tilework.imaging.stopwatch import Profile, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from pathlib import Path

    from tilework.imaging.formats import Format, Header, Metadata, Picture
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.plan import Plan

__all__ = [
    "BytesSource",
    "FileOutcome",
    "FileSource",
    "Product",
    "Source",
    "complete",
    "prepare",
    "prepare_process",
    "process",
    "process_file",
    "process_files",
]


@dataclass(frozen=True, slots=True)
class Product:
    """A finished result, encoded: an image, or a report.

    ``width``, ``height`` and ``dtype`` are the input's, upright. ``seconds`` holds the time of ``read``, ``decode``,
    ``kernels`` and ``encode``. ``notes`` are sentences about what was odd in the input and was taken all the same.
    """

    body: bytes
    suffix: str
    content_type: str
    width: int
    height: int
    dtype: str
    seconds: Mapping[str, float]
    notes: tuple[str, ...] = ()

    def with_seconds(self, seconds: Mapping[str, float]) -> Product:
        """Return it with the time of other parts added."""
        return replace(self, seconds={**seconds, **self.seconds})


def prepare_process() -> None:
    """Make this process ready for images; to be called once in each rank, before its first."""
    operations.prepare()


def process(source: Source, pipeline: Pipeline, limits: Limits) -> Product:
    """Process one image whole: header, limits, pixels, kernels, result, in this order.

    Raises an :class:`~tilework.errors.ImageError` that says what is wrong with the image.
    """
    watch = Stopwatch("read")
    reader = HeaderReader(source, limits)
    planned = prepare(reader, pipeline, limits)
    data = reader.everything()
    watch.turn_to("decode")
    return complete(data, planned, pipeline).with_seconds(watch.seconds)


def prepare(reader: HeaderReader, pipeline: Pipeline, limits: Limits) -> Plan:
    """Read the header and decide what is to be done: cheap, and no pixel has memory. Raises as :func:`process`."""
    return plan(read_header(reader, pipeline.page), reader.size, pipeline, limits)


def complete(data: bytes, planned: Plan, pipeline: Pipeline) -> Product:
    """Do what was planned with the whole file ``data``: pixels, kernels, result. Raises as :func:`process`."""
    watch = Stopwatch("decode")
    header, metadata = read_metadata(data, planned.header)
    decoded = decode(data, header)
    odd = decoded.notes
    del data
    watch.turn_to("kernels")
    if isinstance(planned.result_format, ReportFormat):
        file = EncodedFile(
            report_whole(decoded.picture, pipeline),
            planned.result_format.suffix,
            planned.result_format.content_type,
            metadata.notes,
        )
    else:
        result = run_whole(decoded.picture, pipeline)
        del decoded
        watch.turn_to("encode")
        file = _encoded(result, planned.result_format, pipeline, header, metadata)
    watch.turn_to("other")
    # what metadata and decoder both stumble over is told once
    notes = tuple(dict.fromkeys((*planned.notes, *file.notes, *odd)))
    return Product(
        body=file.body,
        suffix=file.suffix,
        content_type=file.content_type,
        width=header.size.width,
        height=header.size.height,
        dtype=header.pixels.dtype,
        seconds=watch.seconds,
        notes=notes,
    )


class EncodedFile(NamedTuple):
    """A result's bytes, how the name of its file ends, its media type, and sentences about metadata that it lacks."""

    body: bytes
    suffix: str
    content_type: str
    notes: tuple[str, ...]


def _encoded(
    result: Picture, image_format: Format, pipeline: Pipeline, header: Header, metadata: Metadata
) -> EncodedFile:
    """The result as a file of a format, or as an archive of tiles that are of it."""
    if pipeline.is_archive:
        layout = layout_of(header, pipeline, result.size, result.pixels, Wishes())
        body = tile_archive.archive(result, layout)
        return EncodedFile(body, result_file.suffix(layout), result_file.content_type(layout), metadata.notes)
    kept = metadata.for_result(
        header,
        result.size,
        same_format=image_format is header.format,
        same_colour=not pipeline.is_lossless and result.pixels.channels == header.pixels.channels,
        place=pipeline.place,
    )
    body = encode(result, image_format, kept, header)
    return EncodedFile(body, image_format.suffix, image_format.content_type, kept.notes)


Process: TypeAlias = "Callable[[Source, Pipeline, Limits], Product]"
"""How one image is processed: :func:`process`, or the same under guard."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file. ``error`` is None and ``result`` a path if it was done; ``seconds`` is all its work.

    ``notes`` are those of :class:`Product`, ``blocks`` how many the image was worked on in. ``profiles`` tell where the
    time of each rank went; those of a large image are only there if they were asked for.
    """

    source: Path
    result: Path | None
    width: int | None
    height: int | None
    dtype: str | None
    seconds: float
    error: TileworkError | None
    notes: tuple[str, ...] = ()
    blocks: int = 1
    profiles: tuple[Profile, ...] = ()


def process_file(
    source: Path, target: Path, pipeline: Pipeline, limits: Limits,
    *, exact_name: bool = False, how: Process = process,
) -> FileOutcome:  # fmt: skip
    """Process a file into another, as ``how`` processes an image; the target appears whole or not at all.

    ``target`` is the result's wanted path. Unless ``exact_name``, it gets the suffix of what is really written, as
    :func:`~tilework.imaging.plan.result_name` says. What is wrong with the image is told in the outcome; an OSError
    of the target's folder is raised.
    """
    start = time.perf_counter()
    try:
        product = how(OpenableFile(source), pipeline, limits)
    except TileworkError as error:
        return FileOutcome(source, None, None, None, None, time.perf_counter() - start, error)
    if not exact_name:
        target = target.with_name(result_name(target.name, product.suffix))
    made = time.perf_counter()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(product.body)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    ended = time.perf_counter()
    profile = Profile(os.getpid(), {**product.seconds, "write": ended - made})
    return FileOutcome(
        source, target, product.width, product.height, product.dtype, ended - start, None, product.notes,
        profiles=(profile,),
    )  # fmt: skip


def process_files(
    files: Iterable[tuple[Path, Path]], pipeline: Pipeline, limits: Limits, executor: Executor | None = None
) -> Iterator[FileOutcome]:
    """Process (source, target) pairs as :func:`process_file` does, on ``executor`` if there is one.

    Outcomes come in the order of the files, each as soon as it and all before it are there.
    """
    sources, targets = tuple(zip(*files, strict=True)) or ((), ())
    count = len(sources)
    run = map if executor is None else executor.map
    return iter(run(process_file, sources, targets, [pipeline] * count, [limits] * count))
