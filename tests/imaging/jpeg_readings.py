"""What the tests of JPEG share: how a file is read, and what comes of it."""

from __future__ import annotations

from PIL import ImageCms

from tests.imaging.profiles import cmyk_profile
from tests.imaging.samples import segment
from tilework.errors import TileworkError
from tilework.imaging.formats import Decoded, decode, probe, read_metadata
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.sources import BytesSource

LIMITS = Limits()
BLUR = parse("blur(9)")
CMYK_PROFILE = cmyk_profile()
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
USUAL = [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4)]


def read(data: bytes) -> Decoded:
    header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
    return decode(data, header)


def outcome(data: bytes) -> str:
    try:
        read(data)
    except TileworkError as error:
        assert error.reason.endswith(".")  # noqa: PT017 -- for every failure that comes here
        return error.code
    return "done"


def with_profile(profile: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0\1\1" + profile)
