"""The headers of PBM, PGM, PPM, PAM and PFM, and where in the file their pixels lie.

Sources: the manual pages pbm(5), pgm(5), ppm(5), pam(5) and pfm(5) of netpbm. A comment counts as the end of its line
wherever it stands, as netpbm itself takes it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tilework.errors import DamagedImageError, TooLargeError, UnsupportedFormatError
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader

HEADER_BYTES = 1 << 16
"""Bytes of a header with its comments; real ones have some dozens."""

MAGIC = re.compile(rb"P[1-6fF][\s#]|P7\s")
"""How each picture begins."""

GAP = re.compile(rb"(?:\s|#[^\r\n]*+[\r\n])++")
"""What stands before a number: white space and comments."""

MOST_DIGITS = 10
"""Digits of a number in a header; a size or maximum has fewer."""

MOST_SAMPLE = 65_535

TUPLES = {
    b"BLACKANDWHITE": (1, False),
    b"GRAYSCALE": (1, False),
    b"RGB": (3, False),
    b"BLACKANDWHITE_ALPHA": (1, True),
    b"GRAYSCALE_ALPHA": (1, True),
    b"RGB_ALPHA": (3, True),
}
"""What a PAM's tuples are: colour channels, and alpha or not."""

UNNAMED = {1: b"GRAYSCALE", 3: b"RGB"}
"""What tuples without a name can only be, by their depth."""

PAM_NUMBERS = frozenset({b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"})
"""What a PAM's header must tell."""

Coding = Literal["plain", "packed", "samples", "floats"]


@dataclass(frozen=True, slots=True)
class PnmDetail:
    """How the pixels are stored: ``channels`` of red, green, blue or grey, and alpha, side by side.

    ``coding`` is ``plain`` (decimal numbers), ``packed`` (8 pixels a byte, 1 is black), ``samples`` (bytes, or
    16 bits with the high byte first) or ``floats``. ``most`` is the sample that means full; ``scale`` the factor of a
    PFM, negative where its floats have the low byte first. ``start`` and ``stop`` are the pixels' first byte and the
    one after their last; the ``stop`` of plain pixels is the file's.
    """

    magic: bytes
    size: Size
    coding: Coding
    channels: int
    alpha: bool
    most: int
    start: int
    stop: int
    scale: float = -1.0
    notes: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return self.channels + self.alpha

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample that is stored as bytes."""
        return 4 if self.coding == "floats" else 1 if self.most <= 255 else 2  # noqa: PLR2004

    @property
    def stride(self) -> int:
        """Bytes of a row that is stored as bytes."""
        if self.coding == "packed":
            return (self.size.width + 7) // 8
        return self.size.width * self.samples * self.sample_bytes

    @property
    def pixels(self) -> Pixels:
        """What one pixel is when it is decoded."""
        kind = {1: "uint8", 2: "uint16", 4: "float32"}[self.sample_bytes]
        return Pixels(kind, self.channels, self.alpha)


def read_detail(reader: HeaderReader, start: int) -> PnmDetail:
    """Read the header that begins at byte ``start``.

    Raises DamagedImageError, UnsupportedFormatError, and TooLargeError beyond the reader's limits or where the header
    is longer than :data:`HEADER_BYTES`.
    """
    reader.count_part()
    end = min(reader.size, start + HEADER_BYTES)
    text = reader.head[start:end] if end <= len(reader.head) else reader.source.read(start, end)
    header = _Text(text, whole=end == reader.size)
    detail = _pam(header) if text.startswith(b"P7") else _numbered(header)
    reader.limits.check_size(detail.size)
    return _placed(detail, start + header.position, text[header.position - 1 :], reader.size)


class _Text:
    """The text of a header, read on from the magic number."""

    def __init__(self, text: bytes, *, whole: bool) -> None:
        self.text = text
        self.whole = whole
        self.position = 2

    def token(self, pattern: bytes) -> bytes:
        """Return the next word, which ``pattern`` must match whole, and go beyond it."""
        gap = GAP.match(self.text, self.position)
        found = None if gap is None else re.compile(rb"[^\s#]+(?=[\s#])").match(self.text, gap.end())
        if found is None:
            raise self.ended("a header that breaks off")
        if not re.fullmatch(pattern, found[0]):
            word = found[0][:20].decode("ascii", "replace")
            raise DamagedImageError(f"The PNM's header has {word!r} where a number must be.")
        self.position = found.end()
        return found[0]

    def line(self) -> bytes:
        """Return the next line without white space around it, and go beyond it."""
        end = re.compile(rb"\r?\n|\r").search(self.text, self.position)
        if end is None:
            raise self.ended("a header without its end (ENDHDR)")
        found = self.text[self.position : end.start()].strip()
        self.position = end.end()
        return found

    def number(self) -> int:
        """Return the next number."""
        return int(self.token(rb"\d{1,%d}" % MOST_DIGITS))

    def end(self) -> None:
        """Go beyond the one white space, or comment to the end of its line, that ends a header."""
        gap = re.compile(rb"\s|#[^\r\n]*[\r\n]").match(self.text, self.position)
        if gap is None:
            raise self.ended("a comment without an end")
        self.position = gap.end()

    def ended(self, what: str) -> DamagedImageError | TooLargeError:
        """What is wrong where the text is over: the file is, or the header is too long."""
        if self.whole:
            return DamagedImageError(f"The PNM is cut short: it has {what}.")
        return TooLargeError(
            f"The PNM's header is longer than the {HEADER_BYTES:,} bytes that are read of it."
        )


def _numbered(header: _Text) -> PnmDetail:
    """Read the header of any kind but PAM: width, height, and the largest sample or a factor."""
    magic = header.text[:2]
    size = _size(header.number(), header.number())
    most, scale = 255, -1.0
    if magic in {b"Pf", b"PF"}:
        scale = _scale(header.token(rb"[-+.\deE]{1,40}"))
    elif magic not in {b"P1", b"P4"}:
        most = _most(header.number())
    header.end()
    codings: dict[bytes, Coding] = {b"P4": "packed", b"P5": "samples", b"P6": "samples"}
    coding = "floats" if magic in {b"Pf", b"PF"} else codings.get(magic, "plain")
    channels = 3 if magic in {b"P3", b"P6", b"PF"} else 1
    return PnmDetail(magic, size, coding, channels, alpha=False, most=most, start=0, stop=0, scale=scale)


def _pam(header: _Text) -> PnmDetail:
    """Read the lines of a PAM's header, which may stand in any order."""
    if not re.match(rb"P7[\r\n]", header.text):
        raise UnsupportedFormatError("The file is a thumbnail of xv (P7 332), which is not read.")
    fields: dict[bytes, int] = {}
    name: bytes | None = None
    while (line := header.line()) != b"ENDHDR":
        word, _, value = line.replace(b"\t", b" ").partition(b" ")
        if word == b"TUPLTYPE":
            name = value.strip() if name is None else name + b" " + value.strip()
        elif word in PAM_NUMBERS:
            if not re.fullmatch(rb"\s*\d{1,%d}" % MOST_DIGITS, value):
                raise DamagedImageError(f"The PAM's {word.decode()} is no number.")
            fields[word] = int(value)
        elif word and not word.startswith(b"#"):
            raise DamagedImageError("The PAM's header has a line that no PAM has.")
    if PAM_NUMBERS - fields.keys():
        raise DamagedImageError("The PAM's header lacks width, height, depth or maximum.")
    return _tuples(fields, name)


def _tuples(fields: dict[bytes, int], name: bytes | None) -> PnmDetail:
    size, depth = _size(fields[b"WIDTH"], fields[b"HEIGHT"]), fields[b"DEPTH"]
    notes = () if name else ("Its header does not name its tuples; they are taken for grey or colour.",)
    name = name or UNNAMED.get(depth, b"")
    if name not in TUPLES:
        shown = name[:40].decode("ascii", "replace") or "no name"
        raise UnsupportedFormatError(
            f"The PAM has tuples of {depth} samples called {shown!r}; grey and colour, with or without alpha, are read."
        )
    channels, alpha = TUPLES[name]
    if depth != channels + alpha:
        raise DamagedImageError(
            f"The PAM says {depth} samples a pixel, and {name.decode()}, which has {channels + alpha}."
        )
    most = _most(fields[b"MAXVAL"])
    return PnmDetail(b"P7", size, "samples", channels, alpha, most, start=0, stop=0, notes=notes)


def _size(width: int, height: int) -> Size:
    if not width or not height:
        raise DamagedImageError(f"The PNM's header says {width} x {height} pixels.")
    return Size(width, height)


def _most(value: int) -> int:
    if not 0 < value <= MOST_SAMPLE:
        raise DamagedImageError(f"The PNM's header says that its largest sample is {value:,}.")
    return value


def _scale(token: bytes) -> float:
    try:
        scale = float(token)
    except ValueError:
        scale = 0.0
    if not scale or not math.isfinite(scale):
        raise DamagedImageError("The PFM's header has no factor that could be one.")
    return scale


def _placed(detail: PnmDetail, start: int, ending: bytes, size: int) -> PnmDetail:
    """Say where in the file of ``size`` bytes the pixels lie; raises DamagedImageError where they cannot.

    ``ending`` is the text from the last character of the header on.
    """
    if detail.coding == "plain":
        count = detail.size.pixels * detail.samples
        if size - start < (count if detail.magic == b"P1" else 2 * count - 1):
            raise DamagedImageError(
                f"The PNM is cut short: {size - start:,} bytes cannot hold {count:,} numbers."
            )
        return replace(detail, start=start, stop=size)
    length = detail.stride * detail.size.height
    notes = detail.notes
    if ending.startswith(b"\r\n") and size - start == length + 1:
        start += 1
        notes = (*notes, "Its header ends with two characters (CR LF) instead of one.")
    if start + length > size:
        row = max(0, size - start) // detail.stride
        raise DamagedImageError(
            f"The PNM is cut short: it ends at byte {size:,}, in stored row {row:,} of {detail.size.height:,}."
        )
    return replace(detail, start=start, stop=start + length, notes=notes)


def float_order(detail: PnmDetail) -> str:
    """The byte order of a PFM's floats, as NumPy names it."""
    return "<f4" if detail.scale < 0 else ">f4"
