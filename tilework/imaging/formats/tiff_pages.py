"""Which page of a TIFF is read: one of several only where it is asked for, or where the others only belong to it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, NoSuchPageError, SeveralPagesError, UnsupportedFormatError
from tilework.imaging.formats.tiff_segments import HEIGHT, WIDTH

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_directory import Directory, TiffFile

SUBFILE, OLD_SUBFILE, DESCRIPTION, SOFTWARE, SUBDIRECTORIES = 254, 255, 270, 305, 330
REDUCED, MASK, OLD_REDUCED = 1, 4, 2
"""Bits of tag 254 (a smaller version of another page, a transparency mask of one), and the value of tag 255."""

DNG_VERSION, NDPI_VERSION = 50706, 65420
CANON_RAW = b"CR"
"""At byte 8 of a CR2."""

IMAGEJ_STACK = re.compile(r"ImageJ=.*?^images=(\d+)", re.DOTALL | re.MULTILINE)
SHAPED = re.compile(r'\{"shape": \[(\d{1,9}(?:, \d{1,9}){1,7})\]')
"""How the description begins that tifffile writes."""

SAMPLES = 277
SLIDES = (("Aperio", DESCRIPTION), ("Philips DP", SOFTWARE))
"""How the description or software of slide scanners begins: their further pages are levels, label and overview."""

MOST_SUBDIRECTORIES = 64
RAW_ADVICE = "Develop it with the camera's software, and save it as TIFF or JPEG."


@dataclass(frozen=True, slots=True)
class Choice:
    """The page that is read, and notes about the others."""

    directory: Directory
    notes: tuple[str, ...]


def choose(file: TiffFile, page: int | None) -> Choice:
    """Choose the page asked for, or the only one that is a picture of its own.

    Raises SeveralPagesError where there are more, NoSuchPageError, UnsupportedFormatError for camera raw files, and
    DamagedImageError and TooLargeError for a chain that is broken, a loop, or too long.
    """
    _refuse_raw(file)
    choice = _only(file) if page is None else Choice(_asked(file, page), ())
    _refuse_stack(choice.directory, page)
    larger = _larger_than(choice.directory)
    if larger is not None:
        raise UnsupportedFormatError(
            f"The page is only a preview; the picture itself, of {larger:,} pixels, lies below it, as in cameras' raw"
            " files, and is not read.",
            advice=RAW_ADVICE,
        )
    return choice


def _refuse_raw(file: TiffFile) -> None:
    if file.reader.head[8:10] == CANON_RAW and not file.big:
        raise UnsupportedFormatError(
            "The file is a Canon raw picture (CR2), which is not read.", advice=RAW_ADVICE
        )
    first = next(file.chain())
    if DNG_VERSION in first:
        raise UnsupportedFormatError(
            "The file is a camera's raw picture (DNG), which is not read.", advice=RAW_ADVICE
        )
    if NDPI_VERSION in first:
        raise UnsupportedFormatError(
            "The file is a Hamamatsu slide (NDPI), which is not read.",
            advice="Convert it to a tiled TIFF first.",
        )


def _asked(file: TiffFile, page: int) -> Directory:
    count = 0
    for count, directory in enumerate(file.chain(), 1):
        if count == page + 1:
            return directory
    raise NoSuchPageError(f"The file holds {_pages(count)}; page {page} was asked for. They count from 0.")


def _only(file: TiffFile) -> Choice:
    chain = file.chain()
    first = next(chain)
    slide = any(first.text(tag).startswith(name) for name, tag in SLIDES if tag in first)
    pictures, count = [(0, first)] if slide or not _belongs(first) else [], 1
    for count, directory in enumerate(chain, 2):
        if not slide and not _belongs(directory):
            pictures.append((count - 1, directory))
    if len(pictures) > 1 or (not pictures and count > 1):
        raise SeveralPagesError(
            f"The file holds {_pages(count)}, and {len(pictures) or count:,} of them are pictures of their own."
        )
    index, directory = pictures[0] if pictures else (0, first)
    others = count - 1
    if not others:
        return Choice(directory, ())
    note = f"Page {index} is read; the others ({others:,}) only belong to it: overviews, thumbnails, masks."
    return Choice(directory, (note,))


def _pages(count: int) -> str:
    return "one page" if count == 1 else f"{count:,} pages"


def _belongs(directory: Directory) -> bool:
    """Whether a page says that it is a smaller version or a mask of another."""
    return (
        directory.number(SUBFILE, 0) & (REDUCED | MASK) != 0
        or directory.number(OLD_SUBFILE, 0) == OLD_REDUCED
    )


def _refuse_stack(directory: Directory, page: int | None) -> None:
    """Refuse a stack behind a single directory, as ImageJ and tifffile write it: no other page can be told apart."""
    count = _stacked(directory) if DESCRIPTION in directory else 1
    if count > 1 and page is None and not directory.next:
        raise SeveralPagesError(
            f"The file is a stack of {count:,} pictures behind one directory.",
            advice="Save the stack as a TIFF with a page for each, or choose the first with page(0).",
        )


def _stacked(directory: Directory) -> int:
    """How many pictures the description tells of: ImageJ's counts them, tifffile's gives the shape of all together."""
    text = directory.text(DESCRIPTION)
    if (imagej := IMAGEJ_STACK.match(text)) is not None:
        return int(imagej[1])
    if (shaped := SHAPED.match(text)) is None:
        return 1
    samples = math.prod(map(int, shaped[1].split(",")))
    of_a_page = directory.number(WIDTH, 0) * directory.number(HEIGHT, 0) * directory.number(SAMPLES, 1)
    return samples // of_a_page if of_a_page else 1


def _larger_than(directory: Directory) -> int | None:
    """Pixels of a picture below the page (SubIFDs) that has more of them than the page itself."""
    pixels = directory.number(WIDTH, 0) * directory.number(HEIGHT, 0)
    for position in directory.numbers(SUBDIRECTORIES)[:MOST_SUBDIRECTORIES]:
        try:
            below = directory.file.directory(position)
            found = below.number(WIDTH, 0) * below.number(HEIGHT, 0)
        except DamagedImageError:
            continue
        if found > pixels:
            return found
    return None
