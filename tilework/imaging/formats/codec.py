"""Decoding to arrays and encoding from them, by OpenCV: the pixels are those that ``cv2.imread`` gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats import jpeg, png
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image

JPEG_QUALITY = 95
"""OpenCV's own default, and its visually lossless range."""

BGRA = 4
SUB = 1
"""PNG's filter that takes the difference to the pixel on the left."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded, upright image.

    ``colour`` has shape (height, width) or (height, width, 3) with blue, green, red; ``alpha`` (height, width) or is
    None. Both are uint8, or both uint16.
    """

    colour: Image
    alpha: Image | None = None

    @property
    def size(self) -> Size:
        """Width and height."""
        return Size(self.colour.shape[1], self.colour.shape[0])


def decode(data: bytes, header: Header) -> Picture:
    """Decode a whole file and turn it upright.

    Raises :class:`~tilework.errors.DamagedImageError` if the pixels are cut short, corrupt, or not what the header
    says, and MemoryError.
    """
    import cv2
    import numpy as np

    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error)) from error
        array = None
    if array is None:
        why = jpeg.why_undecodable if header.format is Format.JPEG else png.why_undecodable
        raise DamagedImageError(why(data))
    colour, alpha = _planes(array, header)
    if (*colour.shape[1::-1], str(colour.dtype)) != (
        header.stored.width,
        header.stored.height,
        header.pixels.dtype,
    ):
        raise DamagedImageError("The pixels are not those that the header announces.")
    upright = _upright(colour, header.orientation)
    return Picture(upright, None if alpha is None else _upright(alpha, header.orientation))


def _planes(array: Image, header: Header) -> tuple[Image, Image | None]:
    """Part the array into colour and alpha, as many channels as the header announces."""
    import cv2
    import numpy as np

    if header.transparent_grey is not None:
        alpha = np.full_like(array, (1 << 8 * array.itemsize) - 1)
        alpha[array == header.transparent_grey] = 0
        return array, alpha
    channels = 1 if array.ndim == 2 else array.shape[2]  # noqa: PLR2004
    if channels != BGRA:
        return array, None
    alpha = cv2.extractChannel(array, 3)
    if header.pixels.channels == 1:
        return cv2.extractChannel(array, 0), alpha
    return cv2.cvtColor(array, cv2.COLOR_BGRA2BGR), alpha


def _upright(image: Image, orientation: int) -> Image:
    """Apply an EXIF orientation: mirror and turn so that row 0 is the top and column 0 the left of the scene."""
    import cv2

    if orientation >= 5:  # noqa: PLR2004 - rows and columns are swapped
        image = cv2.transpose(image)
    flips = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
    return cv2.flip(image, flips[orientation]) if orientation in flips else image


def encode(
    picture: Picture, image_format: Format, metadata: Metadata, subsampling: str | None = None
) -> bytes:
    """Encode a picture with its metadata; the same input gives the same bytes.

    ``subsampling`` is a colour JPEG's; None means none (4:4:4). A JPEG takes uint8 without alpha.
    """
    if image_format is Format.JPEG:
        return jpeg.insert_metadata(_encode_jpeg(picture.colour, subsampling), metadata)
    return png.insert_metadata(_encode_png(picture), metadata)


def _encode_jpeg(image: Image, subsampling: str | None) -> memoryview:
    import cv2

    samplings = {
        "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
        "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
        "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    }
    parameters = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    if image.ndim == 3:  # noqa: PLR2004
        parameters += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, samplings[subsampling or "4:4:4"]]
    return cv2.imencode(".jpg", image, parameters)[1].data


def _encode_png(picture: Picture) -> memoryview:
    import cv2
    import numpy as np

    colour, alpha = picture.colour, picture.alpha
    if alpha is None:
        return cv2.imencode(".png", colour)[1].data
    if colour.ndim == 2:  # noqa: PLR2004
        return memoryview(_encode_grey_alpha(picture.size, np.dstack((colour, alpha))))
    whole = np.empty((*colour.shape[:2], BGRA), colour.dtype)
    cv2.mixChannels([colour, alpha], [whole], [0, 0, 1, 1, 2, 2, 3, 3])
    return cv2.imencode(".png", whole)[1].data


def _encode_grey_alpha(size: Size, pixels: Image) -> bytes:
    """Write (height, width, 2) as a PNG of its own kind; OpenCV would make it colour, twice as large."""
    import numpy as np

    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    samples = big_endian.view(np.uint8).reshape(size.height, -1)
    pixel = samples.shape[1] // size.width
    rows = np.empty((size.height, 1 + samples.shape[1]), np.uint8)
    rows[:, 0] = SUB
    rows[:, 1:] = samples
    rows[:, 1 + pixel :] -= samples[:, :-pixel]
    return png.assemble(size, pixels.dtype.itemsize * 8, png.GREY_ALPHA, rows.tobytes())
