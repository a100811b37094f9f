"""What a JPEG 2000 carries beside its pixels, on its way to the result."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.jp2_files import (
    BLUR,
    GREY,
    LIMITS,
    PROFILE,
    RGB,
    changed,
    colr,
    file_of,
    parts,
    pillow,
    read,
)
from tests.imaging.samples import exif, png
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jp2_boxes import EXIF_ID, GEO_ID, XMP_ID, boxed, boxes
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    pass


def inner(data: bytes) -> dict[bytes, bytes]:
    header = dict(parts(data))[b"jp2h"]
    return {box.type: header[box.start : box.stop] for box in boxes(WholeFile(header), 0, len(header))}


def furnished(orientation: int = 1) -> bytes:
    found = parts(changed(pillow(RGB), b"colr", b"\2\0\0" + PROFILE))
    more = [
        (b"xml ", b"<a/>"),
        (b"uuid", GEO_ID + b"II*\0"),
        (b"uuid", b"x" * 16 + b"secret"),
        (b"uuid", EXIF_ID + exif(orientation)),
        (b"uuid", XMP_ID + b"<x:xmpmeta/>"),
    ]
    data = file_of(*found[:-1], *more, found[-1])
    resolution = boxed(b"resc", struct.pack(">HHHHbb", 30_000, 254, 15_000, 254, 2, 2))
    return changed(data, b"res ", resolution)


def test_profile_exif_xmp_xml_place_and_resolution_are_kept() -> None:
    data = process(BytesSource(furnished()), BLUR, LIMITS).body
    assert inner(data)[b"colr"] == b"\2\0\0" + PROFILE
    kept = parts(data)
    for part in [(b"xml ", b"<a/>"), (b"uuid", GEO_ID + b"II*\0"), (b"uuid", XMP_ID + b"<x:xmpmeta/>")]:
        assert part in kept
    assert (b"uuid", EXIF_ID + exif(1)) in kept
    assert b"secret" not in data
    assert Image.open(io.BytesIO(data)).info["dpi"] == pytest.approx((150, 300), rel=1e-3)


def test_pixels_are_as_stored_whatever_the_profile_says() -> None:
    """imagecodecs by itself would convert them."""
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"xRGB")
    data = changed(pillow(RGB), b"colr", b"\2\0\0" + other)
    assert np.array_equal(read(data).colour, RGB)


def test_exif_orientation_is_applied_and_the_place_is_left_out() -> None:
    product = process(BytesSource(furnished(6)), parse("invert"), LIMITS)
    assert np.array_equal(read(product.body).colour, cv2.rotate(255 - RGB, cv2.ROTATE_90_CLOCKWISE))
    assert (b"uuid", EXIF_ID + exif(1)) in parts(product.body)
    assert GEO_ID not in product.body


def test_another_format_gets_profile_exif_and_resolution() -> None:
    result = Image.open(
        io.BytesIO(process(BytesSource(furnished()), parse("invert | output(png)"), LIMITS).body)
    )
    assert result.info["icc_profile"] == PROFILE
    assert result.info["dpi"] == pytest.approx((150, 300), rel=1e-3)
    assert result.getexif()[0x0112] == 1


def test_a_pngs_profile_goes_into_a_jp2() -> None:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "PNG", icc_profile=PROFILE, dpi=(300, 300))
    data = process(BytesSource(buffer.getvalue()), replace(parse("invert"), output="jp2"), LIMITS).body
    assert inner(data)[b"colr"] == b"\2\0\0" + PROFILE
    assert Image.open(io.BytesIO(data)).info["dpi"] == pytest.approx((300, 300), rel=1e-3)
    bare = process(BytesSource(png(GREY)), replace(parse("invert"), output="jp2"), LIMITS).body
    assert inner(bare)[b"colr"] == colr(17)
