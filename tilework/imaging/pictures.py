"""Pictures that operations lay on an image, or hold it against: the deployment's own, each under a name.

A pipeline only names a picture (``overlay(logo)``). Which one that is, is found out where the work begins, and frozen
there: the pipeline is *shown* an address, small enough to cross to a rank, and each process decodes it once. So all ranks
see the same pixels, and an operation gets arrays, as it does of the image.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tilework.errors import ImageError, PictureError
from tilework.imaging.formats import HeaderReader, Picture, decode, read_header, read_metadata, row
from tilework.imaging.limits import MIB
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tilework.imaging.formats import Header
    from tilework.imaging.limits import Limits
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.shown import NamedPicture
    from tilework.imaging.pipeline import Pipeline

DTYPES = ("uint8", "uint16")
"""Depths of a picture: those whose black and white are known whatever image it is laid on."""

MOST_KEPT = 64
"""Pictures of files that a process keeps decoded: more than a pipeline's text has room to name."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldPicture:
    """One that this process holds already."""

    picture: Picture

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return self.picture.size.pixels * self.picture.pixels.bytes

    def load(self) -> tuple[Image, Image | None]:
        """Return it."""
        return self.picture.colour, self.picture.alpha


@dataclass(frozen=True, slots=True)
class FilePicture:
    """One in a file, whose bytes are those of ``digest`` (SHA-256)."""

    name: str
    path: Path
    digest: bytes
    bytes: int
    limits: Limits

    def load(self) -> tuple[Image, Image | None]:
        """Read and decode the file. Raises PictureError, also where it is another than it was."""
        return _decoded_file(self)


@lru_cache(MOST_KEPT)
def _decoded_file(address: FilePicture) -> tuple[Image, Image | None]:
    data = _bytes_of(address.name, address.path, address.limits)
    if hashlib.sha256(data).digest() != address.digest:
        raise PictureError(f"The picture {address.name!r}, {address.path}, was changed while it was in use.")
    picture = read_picture(address.name, data, address.limits)
    return picture.colour, picture.alpha


def show(pipeline: Pipeline, find: Callable[[str], NamedPicture], limits: Limits) -> Pipeline:
    """Show a pipeline the pictures that it names, which ``find`` finds by their names.

    Raises PictureError, also where they take more memory together than ``limits`` allow.
    """
    found: dict[str, NamedPicture] = {}
    for name in pipeline.picture_names:
        found[name] = find(name)
        _check_bytes(sum(each.bytes for each in found.values()), "The pictures of the pipeline take", limits)
    return pipeline.seeing(found)


def in_folder(folder: Path | None, limits: Limits) -> Callable[[str], FilePicture]:
    """Find pictures in a folder, by their file names without the suffix; without a folder there are none."""

    def find(name: str) -> FilePicture:
        if folder is None:
            raise PictureError(
                f"The pipeline names the picture {name!r}, and no folder of pictures was named.",
                advice="Name the folder that it lies in: --pictures FOLDER, or TILEWORK_PICTURES.",
            )
        paths = sorted(path for path in _files(folder) if path.stem == name)
        if len(paths) != 1:
            there = " and ".join(path.name for path in paths) or f"no file {name}.*"
            raise PictureError(
                f"The pipeline names the picture {name!r}, and {folder} has {there}.",
                advice="Put one file of that name there, with whatever suffix.",
            )
        data = _bytes_of(name, paths[0], limits)
        header = _header(name, data, limits)
        digest = hashlib.sha256(data).digest()
        return FilePicture(name, paths[0].absolute(), digest, header.decoded_bytes, limits)

    return find


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError as error:
        raise PictureError(f"The folder of pictures {folder} cannot be read: {error.strerror}.") from error


def _bytes_of(name: str, path: Path, limits: Limits) -> bytes:
    try:
        check_stored(name, path.stat().st_size, limits)
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"The picture {name!r}, {path}, cannot be read: {error.strerror}.") from error


def check_stored(name: str, size: int, limits: Limits) -> None:
    """Raise PictureError for a file or an object of ``size`` bytes, which decoded would be no smaller."""
    _check_bytes(size, f"The file of the picture {name!r} has", limits)


def read_picture(name: str, data: bytes, limits: Limits) -> Picture:
    """Decode a picture, upright. Raises PictureError for one that is damaged, too large, or of no depth or format for it."""
    header = _header(name, data, limits)
    try:
        completed, _ = read_metadata(data, header)
        return decode(data, completed).picture
    except ImageError as error:
        raise _unfit(name, error.reason) from error


def _header(name: str, data: bytes, limits: Limits) -> Header:
    try:
        header = read_header(HeaderReader(BytesSource(data), limits))
    except ImageError as error:
        raise _unfit(name, error.reason) from error
    if header.guarded or row(header.format).guarded:
        # a child for each would decode it for each task anew
        raise _unfit(
            name, f"{row(header.format).name} is decoded in a process of its own only; a PNG is not."
        )
    if header.pixels.dtype not in DTYPES:
        raise _unfit(name, f"Its samples are {header.pixels.dtype}, and not of 8 or 16 bits.")
    if header.premultiplied:
        raise _unfit(name, "Its colours are multiplied by its alpha.")
    _check_bytes(header.decoded_bytes + header.scratch, f"The picture {name!r} takes", limits)
    return header


def _unfit(name: str, reason: str) -> PictureError:
    return PictureError(f"The picture {name!r} cannot be used: {reason}")


def _check_bytes(needed: int, what: str, limits: Limits) -> None:
    if needed > limits.picture_bytes:
        raise PictureError(
            f"{what} {needed / MIB:,.1f} MiB; {limits.picture_bytes / MIB:,.1f} MiB are allowed "
            "(limit: picture_bytes)."
        )


def load_all(pipeline: Pipeline) -> None:
    """Decode all its pictures, here: a process that is forked from this one has them. Raises PictureError."""
    for step in pipeline.steps:
        for picture in step.pictures.values():
            picture.load()
