"""The frame header of a JPEG, which tells its size and how its components are sampled. ITU-T T.81, B.2.2."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.windows import Size

FRAMES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive"}
"""The kinds of frames that are read (SOF0 to SOF2, Huffman-coded DCT)."""

OTHER_FRAMES = {
    0xC3: "a lossless JPEG",
    **dict.fromkeys((0xC5, 0xC6, 0xC7), "a hierarchical JPEG"),
    **dict.fromkeys((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF), "an arithmetic-coded JPEG"),
    0xF7: "a JPEG-LS",
}

SAMPLINGS = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (1, 2): "4:4:0",
    (2, 2): "4:2:0",
    (4, 1): "4:1:1",
    (1, 4): "4:4:1",
}
"""Luma samples for each chroma sample (across, down), and their names: those that TurboJPEG, the face of
libjpeg-turbo that tells of damage, decodes."""

FRAME_BYTES = 6
"""Precision, height, width and number of components, before three bytes for each component."""

GREY, COLOUR, INKS = 1, 3, 4
"""Numbers of components."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame header says; ``factors`` are the sampling factors (across, down) of each component."""

    kind: str
    size: Size
    bits: int
    factors: tuple[tuple[int, int], ...]

    @property
    def components(self) -> int:
        """How many samples a pixel has."""
        return len(self.factors)

    @property
    def subsampling(self) -> str | None:
        """How much finer the first component is sampled than the two after it; None for grey, or an unusual way.

        Of inks the last is as fine as the first.
        """
        if self.components == GREY or any(0 in each for each in self.factors):
            return None
        first, second, third = self.factors[:3]
        if second != third or self.factors[3:] not in {(), (first,)}:
            return None
        (luma_across, luma_down), (across, down) = first, second
        if luma_across % across or luma_down % down:
            return None
        return SAMPLINGS.get((luma_across // across, luma_down // down))


def read_frame(marker: int, payload: bytes) -> Frame:
    """Read a frame header, and refuse what is not decoded.

    Raises :class:`~tilework.errors.DamagedImageError` and :class:`~tilework.errors.UnsupportedPixelsError`.
    """
    if len(payload) < FRAME_BYTES or len(payload) < FRAME_BYTES + 3 * payload[5]:
        raise DamagedImageError("The JPEG's frame header is cut short.")
    bits, height, width, components = struct.unpack_from(">BHHB", payload)
    if not width or not height:
        later = "" if height else " Where the height follows the rows (DNL), it is not read."
        raise DamagedImageError(f"The JPEG's header says {width} x {height} pixels.{later}")
    if bits != 8:  # noqa: PLR2004
        raise UnsupportedPixelsError(
            f"The JPEG has {bits} bits a sample; 8 are read.", advice="Convert it to a PNG."
        )
    if components not in {GREY, COLOUR, INKS}:
        raise UnsupportedPixelsError(
            f"The JPEG has {components}-channel pixels; grey, colour (YCbCr, RGB) and CMYK are read.",
            advice="Convert it to RGB first.",
        )
    factors = tuple(divmod(payload[FRAME_BYTES + 3 * index + 1], 16) for index in range(components))
    frame = Frame(FRAMES[marker], Size(width, height), bits, factors)
    if components != GREY and frame.subsampling is None:
        raise unusual_sampling(frame)
    return frame


def unusual_sampling(frame: Frame) -> UnsupportedPixelsError:
    """The refusal of a frame whose components are sampled as nobody decodes and checks."""
    factors = ", ".join(f"{across} x {down}" for across, down in frame.factors)
    return UnsupportedPixelsError(
        f"The JPEG samples its components in an unusual way ({factors}); "
        f"{', '.join(SAMPLINGS.values())} are read.",
        advice="Save it again with the usual 4:4:4, 4:2:2 or 4:2:0.",
    )
