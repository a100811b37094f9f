"""Which format the first bytes belong to, and what to say about those that are not read."""

from __future__ import annotations

import re

from tilework.errors import EmptyObjectError, NotAnImageError, UnsupportedFormatError
from tilework.imaging.formats.header import Format

SIGNATURE_BYTES = 64
"""How many of the first bytes are looked at."""

IMAGES: tuple[tuple[bytes, str, Format | None], ...] = (
    (rb"\xff\xd8\xff", "a JPEG", Format.JPEG),
    (rb"\x89PNG\r\n\x1a\n", "a PNG", Format.PNG),
    (rb"II\*\0|MM\0\*", "a TIFF", Format.TIFF),
    (rb"II\+\0|MM\0\+", "a BigTIFF", Format.TIFF),
    (rb"RIFF....WEBP", "a WebP", Format.WEBP),
    (rb"BM.{12}.\0\0\0", "a BMP", Format.BMP),
    (rb"....jP  \r\n\x87\n|\xff\x4f\xff\x51", "a JPEG 2000", Format.JP2),
    (rb"....ftyp(avi[fs]|(mif.|msf.|miaf|1pic)....(....)*?avi[fs])", "an AVIF", Format.AVIF),
    (rb"....ftyp(hei|hev|mif|msf1|miaf|1pic)", "a HEIC", Format.HEIC),
    (rb"....JXL \r\n\x87\n|\xff\x0a", "a JPEG XL", Format.JXL),
    (rb"GIF8[79]a", "a GIF", Format.GIF),
    (rb"P[1-6fF][\s#]|P7\s", "a PNM", Format.PNM),
    (rb"BA.{12}(BM|IC|PT|CI|CP)", "an OS/2 bitmap array", None),
    (rb"8BPS\0[\x01\x02]", "a Photoshop document", None),
    (rb"\0\0[\x01\x02]\0[^\0]\0", "a Windows icon", None),
    (rb"v/1\x01", "an OpenEXR", None),
    (rb"#\?(RADIANCE|RGBE)", "a Radiance HDR", None),
    (rb"DDS ", "a DDS texture", None),
    (rb"\x8aMNG|\x8bJNG", "an MNG", None),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--|<!DOCTYPE svg|<svg)", "an SVG", None),
)
"""Images by what they start with, their names with an article, and the format where there is one for it."""

NO_IMAGES = (
    (rb"%PDF-", "a PDF document"),
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP archive"),
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (rb"Rar!\x1a\x07", "a RAR archive"),
    (rb"MZ", "a Windows program"),
    (rb"\x7fELF", "a program"),
    (rb"....ftyp|\x1a\x45\xdf\xa3", "a video"),
    (rb"(\xef\xbb\xbf)?\s*(?i:<(!doctype html|html|head|body))", "a web page"),
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
    for pattern, name, image_format in IMAGES:
        if re.match(pattern, head, re.DOTALL):
            if image_format is None:
                raise UnsupportedFormatError(f"The file is {name}, which is not read.")
            return image_format
    for pattern, name in NO_IMAGES:
        if re.match(pattern, head, re.DOTALL):
            raise NotAnImageError(f"The file is {name}, not an image.")
    raise NotAnImageError("The file starts like no image format that is known.")
