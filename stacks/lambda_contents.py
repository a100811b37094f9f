"""What our Lambda zips are made of: the master's, which has no pixels, and the preview's, which has little room beside them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UNZIPPED_LIMIT: Final = 250 * 1024**2
"""Bytes of an unpacked function; source: "Lambda quotas"."""

WHEELS: Final = {"x86_64": ("manylinux2014_x86_64",), "arm64": ("manylinux2014_aarch64",)}
"""glibc 2.17: every wheel that says so runs on Lambda's Amazon Linux 2023."""

LATER_WHEELS: Final = {
    architecture: (f"manylinux_2_28_{processor}", f"manylinux_2_27_{processor}", *WHEELS[architecture])
    for architecture, processor in (("x86_64", "x86_64"), ("arm64", "aarch64"))
}
"""glibc 2.28: OpenCV and NumPy have no others any more. Amazon Linux 2023 has 2.34."""

CODECS: Final = ("ccitt", "deflate", "imcd", "jpeg2k", "shared", "shared_cython", "webp", "zstd")
"""Of imagecodecs' sixty, those that TIFF, JPEG 2000 and WebP are read with; AVIF and JPEG XL would take 18 MB."""

CODEC_LIBRARIES: Final = ("deflate", "lcms2", "openjp2", "sharpyuv", "webp", "webpdemux", "zstd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """One zip: ``name`` is the package whose functions it holds, and whose lock it is built from.

    ``sources`` are our packages in it. ``services`` are what it may ask of AWS: botocore's descriptions of four hundred
    other services are most of its files, and each start of a function unpacks all of them. ``wheels`` are pip's names of
    the platforms whose wheels may be taken, by processor. What a pattern of ``left_out`` fits is not in it, unless
    one of ``kept`` fits, too.
    """

    name: str
    sources: tuple[str, ...]
    services: frozenset[str]
    wheels: Mapping[str, tuple[str, ...]]
    left_out: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def leaves_out(self, name: str) -> bool:
        """Whether the file of that name, relative to the packages, is not in it."""
        return any(fnmatchcase(name, each) for each in self.left_out) and not any(
            fnmatchcase(name, each) for each in self.kept
        )


MASTER: Final = Contents(
    name="master",
    sources=("master", "tilework"),
    services=frozenset({"autoscaling", "cloudwatch", "dynamodb", "events", "s3", "sqs", "sts"}),
    wheels=WHEELS,
)

PREVIEW: Final = Contents(
    name="preview",
    sources=("preview", "tilework"),
    services=frozenset({"dynamodb", "s3", "sqs", "sts"}),
    wheels=LATER_WHEELS,
    left_out=(
        # models of faces, which nobody here looks for
        "cv2/data/*",
        "numpy/*tests/*",
        "*.pyi",
        "imagecodecs/_*.so",
        "imagecodecs.libs/*",
    ),
    kept=(
        *(f"imagecodecs/_{codec}.*" for codec in CODECS),
        *(f"imagecodecs.libs/lib{library}-*" for library in CODEC_LIBRARIES),
    ),
)
