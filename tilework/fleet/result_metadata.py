"""What a stored result tells of itself in its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tilework.errors import MetadataError
from tilework.jobs.pictures import pictures_of
from tilework.jobs.quotas import metadata_as_sent

if TYPE_CHECKING:
    from tilework.imaging.windows import Size


class Told(Protocol):
    """A task, or a unit's: whose result it is."""

    @property
    def job(self) -> str:
        """The job's id."""
        ...

    @property
    def key(self) -> str:
        """The source's key."""
        ...

    @property
    def version(self) -> str:
        """Its version."""
        ...

    @property
    def pipeline(self) -> str:
        """The pipeline's canonical text."""
        ...

    @property
    def pictures(self) -> str:
        """The pictures that it names, by their versions."""
        ...


def result_metadata(task: Told, size: Size, dtype: str, made_by: str) -> dict[str, str]:
    """The metadata of a result, of a source of ``size`` and ``dtype``, as far as S3 takes it."""
    pictures = ", ".join(f"{name}={each.version}" for name, each in pictures_of(task.pictures).items())
    return fitting(
        {
            "job": task.job,
            "source": task.key,
            "source-version": task.version,
            "source-size": f"{size.width}x{size.height}",
            "source-dtype": dtype,
            "pipeline": task.pipeline,
            "made-by": made_by,
            **({"pictures": pictures} if pictures else {}),
        }
    )


def fitting(metadata: dict[str, str]) -> dict[str, str]:
    """``metadata`` as S3 takes it: what is too long beside the rest is left out, and the row has it whole."""
    for name in ("pipeline", "source", "pictures"):
        try:
            metadata_as_sent(metadata)
        except MetadataError:
            metadata = {each: value for each, value in metadata.items() if each != name}
    return metadata
