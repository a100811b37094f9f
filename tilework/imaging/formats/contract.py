"""What each module of a format provides, under these names, so that nobody else need know which format it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.formats.picture import Decoded, Picture


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


class Encoder(Protocol):
    """A format that is written, too."""

    def encode(self, picture: Picture, metadata: Metadata, source: Header) -> bytes:
        """Encode a picture that the format can hold; the same input gives the same bytes.

        ``source`` is the input's header, to write as it was written where it is of the same format.
        """
        ...
