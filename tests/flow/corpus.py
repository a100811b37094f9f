"""Files as people drop them: each kind that the table of formats reads or refuses, with the end that is right for it.

Made by other libraries than those that read them here, where there are others.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image

from tests.flow.pictures import encoded, jpeg, noise, png
from tests.imaging.hostile import FILES

Pixels = np.ndarray[Any, np.dtype[Any]]

RGB = noise(61, 83)
GREY = noise(61, 83, 1)
DEEP = noise(61, 83, 3, np.uint16)
DEEP_GREY = noise(61, 83, 1, np.uint16)
FLOATS = (noise(61, 83, 1) / 255).astype(np.float32)
ALPHA = np.dstack((RGB, noise(61, 83, 1, seed=5)))
LABELS = (noise(61, 83, 1) > 127).astype(np.uint8) * 255


@dataclass(frozen=True)
class Specimen:
    """A file. ``pixels`` is what decoding gives, colours blue first, alpha last; None where it is refused.

    ``code`` is the failure's, "" for one that is done; ``lossy`` says that the result is not to be compared pixel by pixel.
    """

    name: str
    body: bytes
    pixels: Pixels | None = None
    code: str = ""
    lossy: bool = False


def saved(array: Pixels, kind: str, **options: Any) -> bytes:
    """Written by Pillow; colours blue first."""
    order = array if array.ndim == 2 else array[:, :, [2, 1, 0, *range(3, array.shape[2])]]
    return saved_image(Image.fromarray(np.ascontiguousarray(order)), kind, **options)


def saved_image(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opencv(body: bytes) -> Pixels:
    array = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    assert array is not None
    return array


def tif(array: Pixels, **options: Any) -> bytes:
    buffer = io.BytesIO()
    order = array if array.ndim == 2 else array[:, :, [2, 1, 0, *range(3, array.shape[2])]]
    photometric = "minisblack" if array.ndim == 2 else "rgb"
    tifffile.imwrite(buffer, order, **{"photometric": photometric, "metadata": None} | options)
    return buffer.getvalue()


def jpegs() -> list[Specimen]:
    options: list[tuple[str, dict[str, Any]]] = [
        ("baseline", {}),
        ("progressive", {"progressive": True}),
        ("4-4-4", {"subsampling": 0}),
        ("4-2-2", {"subsampling": 1}),
        ("restarts", {"restart_marker_blocks": 3}),
    ]
    bodies = [(name, saved(RGB, "JPEG", quality=90, **chosen)) for name, chosen in options]
    bodies += [("grey", saved(GREY, "JPEG", quality=90)), ("trailing", jpeg(RGB) + b"\0" * 100)]
    image = Image.fromarray(RGB[:, :, ::-1])
    bodies += [
        ("mpo", saved_image(image, "MPO", save_all=True, append_images=[image.rotate(180)], quality=90))
    ]
    whole = jpeg(RGB)
    return [
        *(Specimen(f"{name}.jpg", body, opencv(body), lossy=True) for name, body in bodies),
        Specimen("no end.jpg", whole[:-2], opencv(whole), lossy=True),
    ]


def pngs() -> list[Specimen]:
    palette = Image.fromarray(RGB[:, :, ::-1]).quantize(16)
    shown = np.asarray(palette.convert("RGB"))[:, :, ::-1]
    return [
        Specimen("colour.png", png(RGB), RGB),
        Specimen("grey.png", png(GREY), GREY),
        Specimen("deep.png", png(DEEP), DEEP),
        Specimen("alpha.png", png(ALPHA), ALPHA),
        Specimen("one bit.png", saved_image(Image.fromarray(LABELS).convert("1"), "PNG"), LABELS),
        Specimen("palette.png", saved_image(palette, "PNG"), shown),
    ]


def tiffs() -> list[Specimen]:
    arrays = {"colour": RGB, "grey": GREY, "deep": DEEP, "deep grey": DEEP_GREY, "floats": FLOATS}
    found = [
        Specimen(f"{name} {compression}.tif", tif(array, compression=compression), array)
        for name, array in arrays.items()
        for compression in ("none", "lzw", "deflate", "packbits", "zstd")
    ]
    kinds: list[tuple[str, Pixels, dict[str, Any]]] = [
        ("tiles", RGB, {"tile": (32, 32), "compression": "deflate", "predictor": True}),
        ("predicted floats", FLOATS, {"compression": "deflate", "predictor": True}),
        ("big", DEEP, {"bigtiff": True, "tile": (16, 48), "compression": "lzw", "predictor": True}),
        ("strips", DEEP, {"rowsperstrip": 7}),
        ("motorola", DEEP, {"byteorder": ">", "compression": "deflate"}),
        ("alpha", ALPHA, {"extrasamples": ["unassalpha"], "compression": "lzw"}),
    ]
    found += [Specimen(f"{name}.tif", tif(array, **options), array) for name, array, options in kinds]
    planar = tif(
        np.ascontiguousarray(RGB[:, :, ::-1].transpose(2, 0, 1)), photometric="rgb", planarconfig="separate"
    )
    found.append(Specimen("planar.tif", planar, planar_pixels(planar)))
    found.append(Specimen("white is zero.tif", tif(GREY, photometric="miniswhite"), 255 - GREY))
    found.append(
        Specimen(
            "one bit.tif",
            saved_image(Image.fromarray(LABELS).convert("1"), "TIFF", compression="group4"),
            LABELS,
        )
    )
    return found


def planar_pixels(body: bytes) -> Pixels:
    return np.ascontiguousarray(tifffile.imread(io.BytesIO(body)).transpose(1, 2, 0)[:, :, ::-1])


def others() -> list[Specimen]:
    rgb = np.ascontiguousarray(RGB[:, :, ::-1])
    lossless = saved(RGB, "WEBP", lossless=True)
    lossy = saved(RGB, "WEBP", quality=80)
    heic = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(rgb)).save(heic, quality=-1)
    shown = np.asarray(pillow_heif.open_heif(io.BytesIO(heic.getvalue()), convert_hdr_to_8bit=False))
    gif = saved_image(Image.fromarray(rgb).quantize(64), "GIF")
    return [
        Specimen("lossless.webp", lossless, RGB),
        Specimen("lossy.webp", lossy, opencv(lossy), lossy=True),
        Specimen("colour.bmp", encoded(".bmp", RGB), RGB),
        Specimen("grey.bmp", encoded(".bmp", GREY), GREY),
        Specimen("colour.ppm", encoded(".ppm", RGB), RGB),
        Specimen("deep.pgm", encoded(".pgm", DEEP_GREY), DEEP_GREY),
        Specimen("colour.jp2", imagecodecs.jpeg2k_encode(rgb, reversible=True, level=0), RGB),
        Specimen("photo.heic", heic.getvalue(), shown[:, :, ::-1]),
        Specimen("photo.avif", imagecodecs.avif_encode(rgb, level=100), RGB),
        Specimen(
            "deep.jxl", imagecodecs.jpegxl_encode(np.ascontiguousarray(DEEP[:, :, ::-1]), lossless=True), DEEP
        ),
        Specimen("still.gif", gif, np.asarray(Image.open(io.BytesIO(gif)).convert("RGB"))[:, :, ::-1]),
    ]


def refused() -> list[Specimen]:
    image = Image.fromarray(RGB[:, :, ::-1])
    frames = {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
    pages = io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        for angle in (0, 90, 180):
            writer.write(np.asarray(image.rotate(angle)), photometric="rgb", metadata=None)
    found = [
        Specimen("animated.gif", saved_image(image.quantize(8), "GIF", **frames), code="unsupported_format"),
        Specimen("animated.webp", saved_image(image, "WEBP", **frames), code="unsupported_format"),
        Specimen("animated.png", saved_image(image, "PNG", **frames), code="unsupported_format"),
        Specimen("pages.tif", pages.getvalue(), code="several_pages"),
        Specimen("print.jpg", saved_image(image.convert("CMYK"), "JPEG"), code="unsupported_pixels"),
        Specimen("cut.jpg", jpeg(RGB)[:-400], code="damaged"),
        Specimen("cut.tif", tif(RGB, compression="lzw")[:-900], code="damaged"),
        Specimen("cut.webp", saved(RGB, "WEBP", quality=80)[:-300], code="damaged"),
        Specimen("empty.jpg", b"", code="empty"),
        Specimen("Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), code="not_an_image"),
        Specimen("icon.ico", struct.pack("<HHH", 0, 1, 1) + bytes(40), code="unsupported_format"),
        Specimen("notes.txt.jpg", b"Dear diary, this is no image.", code="not_an_image"),
    ]
    for number, (name, (make, codes)) in enumerate(FILES.items()):
        if "" not in codes and "million" not in name:
            found.append(Specimen(f"hostile {number}", make(), code=codes[0] if len(codes) == 1 else "*"))
    return found


def specimens() -> list[Specimen]:
    """The whole corpus."""
    return [*jpegs(), *pngs(), *tiffs(), *others(), *refused()]
