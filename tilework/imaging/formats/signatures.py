"""Which format the first bytes belong to, and what to say about those that are not read."""

from __future__ import annotations

import re

from tilework.errors import EmptyObjectError, NotAnImageError, UnsupportedFormatError
from tilework.imaging.formats.header import Format

SIGNATURE_BYTES = 64
"""How many of the first bytes are looked at."""

READ = ((b"\xff\xd8\xff", Format.JPEG), (b"\x89PNG\r\n\x1a\n", Format.PNG))

OTHER_IMAGES = (
    (rb"GIF8[79]a", "a GIF"),
    (rb"II\*\0|MM\0\*", "a TIFF"),
    (rb"II\+\0|MM\0\+", "a BigTIFF"),
    (rb"RIFF....WEBP", "a WebP"),
    (rb"....ftyp(hei|hev|mif1|msf1)", "a HEIC"),
    (rb"....ftypavi[fs]", "an AVIF"),
    (rb"....jP  \r\n\x87\n|\xff\x4f\xff\x51", "a JPEG 2000"),
    (rb"....JXL \r\n\x87\n|\xff\x0a", "a JPEG XL"),
    (rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", "a BMP"),
    (rb"P[1-7fF]\s", "a PNM"),
    (rb"8BPS\0[\x01\x02]", "a Photoshop document"),
    (rb"\0\0[\x01\x02]\0[^\0]\0", "a Windows icon"),
    (rb"v/1\x01", "an OpenEXR"),
    (rb"#\?(RADIANCE|RGBE)", "a Radiance HDR"),
    (rb"DDS ", "a DDS texture"),
    (rb"\x8aMNG|\x8bJNG", "an MNG"),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--|<!DOCTYPE svg|<svg)", "an SVG"),
)
"""Images of formats that are not read, by what they start with, and their names with an article."""

NO_IMAGES = (
    (rb"%PDF-", "a PDF document"),
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP archive"),
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (rb"Rar!\x1a\x07", "a RAR archive"),
    (rb"MZ", "a Windows program"),
    (rb"\x7fELF", "a program"),
    (rb"....ftyp|\x1a\x45\xdf\xa3", "a video"),
    (rb"(\xef\xbb\xbf)?\s*<(!DOCTYPE html|html)", "a web page"),
    (rb"(\xef\xbb\xbf)?\s*<\?xml", "an XML document"),
)
"""Well-known things that are no image, by what they start with."""


def recognise(head: bytes) -> Format:
    """Return the format that ``head`` starts, the first :data:`SIGNATURE_BYTES` bytes of a file or fewer.

    Raises :class:`~tilework.errors.EmptyObjectError`, :class:`~tilework.errors.UnsupportedFormatError` or
    :class:`~tilework.errors.NotAnImageError`, which say what it is where that can be told.
    """
    if not head:
        raise EmptyObjectError("The file is empty.")
    for signature, image_format in READ:
        if head.startswith(signature):
            return image_format
    for pattern, name in OTHER_IMAGES:
        if re.match(pattern, head, re.DOTALL):
            raise UnsupportedFormatError(f"The file is {name}; JPEG and PNG are read.")
    for pattern, name in NO_IMAGES:
        if re.match(pattern, head, re.DOTALL):
            raise NotAnImageError(f"The file is {name}, not an image.")
    raise NotAnImageError("The file starts like no image format that is known.")
