"""What each module of a format provides, under these names, so that nobody else need know which format it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.formats.picture import Decoded, Picture
    from tilework.imaging.operations import Pixels
    from tilework.imaging.sources import Source
    from tilework.imaging.windows import Size, Window


class Decoder(Protocol):
    """A format that is read."""

    def read_header(self, reader: HeaderReader, page: int | None) -> Header:
        """Read what the header tells, by few ranges and without decoding.

        ``page`` is the page asked for, from 0, None where nobody asked. Raises an
        :class:`~tilework.errors.ImageError` for what is damaged, not read, or beyond the reader's limits.
        """
        ...

    def read_metadata(self, data: bytes, header: Header) -> Metadata:
        """Collect what stands around the pixels of a whole file. Raises DamagedImageError."""
        ...

    def decode(self, data: bytes, header: Header) -> Decoded:
        """Decode the pixels as they are stored, not turned upright.

        Raises DamagedImageError where they are cut short or corrupt, naming the place where that is known, and
        MemoryError.
        """
        ...


class Reader(Protocol):
    """An image that is read by windows."""

    @property
    def size(self) -> Size:
        """Width and height of the whole image."""
        ...

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        ...

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``, which lies within the image; the caller does not change them.

        Raises DamagedImageError where they are cut short or corrupt, and MemoryError.
        """
        ...


class WindowReader(Reader, Protocol):
    """The pixels of one file by windows, each at the cost of its own bytes."""

    def notes(self) -> tuple[str, ...]:
        """Sentences about what was odd in what was read so far, and taken all the same."""
        ...


class WindowedDecoder(Decoder, Protocol):
    """A format that can be read by windows."""

    def open_reader(self, source: Source, header: Header, cache_bytes: int = 0) -> WindowReader | None:
        """Return a reader of the image as it is stored, not turned upright; None for a file that is read in sequence.

        At most ``cache_bytes`` of decoded pixels are kept from one window to the next.
        """
        ...

    def overlap_bytes(self, header: Header, window: Size, overlap: int) -> int:
        """How many decoded bytes to keep so that windows of the upright image, one below the other, decode none twice.

        ``window`` is the size of each, ``overlap`` how many rows each shares with the next.
        """
        ...


class Encoder(Protocol):
    """A format that is written, too."""

    def encode(self, picture: Picture, metadata: Metadata, source: Header) -> bytes:
        """Encode a picture that the format can hold; the same input gives the same bytes.

        ``source`` is the input's header, to write as it was written where it is of the same format.
        """
        ...
