"""WebP: as libwebp's other users see it, in and out, and what is refused."""

from __future__ import annotations

import io
import random
import struct
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.samples import decoded, exif, jpeg, noise, png, scene
from tests.imaging.test_formats import PROFILE, XMP
from tilework.errors import (
    DamagedImageError,
    NoSuchPageError,
    TileworkError,
    TooLargeError,
    UnsupportedFormatError,
    UnsupportedPixelsError,
)
from tilework.imaging.formats import Format, decode, probe, read_metadata
from tilework.imaging.formats.header_reader import HEAD_BYTES
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.plan import plan
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image as Array

LIMITS = Limits()
INVERT, CANNY = parse("invert"), parse("canny(20, 60)")
ALPHA = noise(61, 43, 4)
ALPHA[:20, :, 3] = 0


def saved(array: Array, **options: object) -> bytes:
    """Written by Pillow from blue, green, red and perhaps alpha."""
    order = [2, 1, 0, 3][: array.shape[2]]
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(array[:, :, order]))
    image.save(buffer, "WEBP", **{"exact": True} | options)  # type: ignore[arg-type]
    return buffer.getvalue()


def seen(data: bytes) -> Array:
    """Blue, green, red, alpha as Pillow sees it."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[:, :, [2, 1, 0, 3]]


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 12
    while position < len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        found.append((name, data[position + 8 : position + 8 + length]))
        position += 8 + length + length % 2
    return found


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)
        for name, payload in parts
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extended(width: int, height: int, flags: int) -> tuple[bytes, bytes]:
    return b"VP8X", struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(
        3, "little"
    )


def run(data: bytes, text: str = "invert") -> bytes:
    return process(BytesSource(data), parse(text), LIMITS).body


def pixels(data: bytes) -> Array:
    """Blue, green, red and perhaps alpha, as decoded here."""
    header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
    picture = decode(data, header).picture
    return picture.colour if picture.alpha is None else np.dstack((picture.colour, picture.alpha))


LOSSLESS, LOSSY = saved(ALPHA, lossless=True), saved(ALPHA, quality=80)
LOSSLESS_CHUNK = dict(chunks(LOSSLESS))[b"VP8L"]
ALPHA_CHUNK, LOSSY_CHUNK = (dict(chunks(LOSSY))[name] for name in (b"ALPH", b"VP8 "))


@pytest.mark.parametrize("size", [(1, 1), (61, 43), (64, 200)])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_lossless_webp_has_the_pixels_that_were_written(channels: int, size: tuple[int, int]) -> None:
    array = noise(*size, channels)
    assert np.array_equal(pixels(saved(array, lossless=True)), array)


@pytest.mark.parametrize("quality", [5, 80, 100])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_lossy_webp_has_the_pixels_that_opencv_sees(channels: int, quality: int) -> None:
    data = saved(noise(61, 43, channels), quality=quality)
    assert np.array_equal(pixels(data), decoded(data))


def test_a_result_is_opencvs_blur_of_the_pixels() -> None:
    for data in (LOSSLESS, saved(noise(61, 43), lossless=True)):
        array = seen(data)
        expected = cv2.GaussianBlur(np.ascontiguousarray(array[:, :, :3]), (9, 9), 0)
        assert np.array_equal(seen(run(data, "blur(9)"))[:, :, :3], expected)


def test_a_lossless_source_has_a_lossless_result_to_the_colours_under_transparency() -> None:
    body = run(LOSSLESS)
    assert [name for name, _ in chunks(body)] == [b"VP8L"]
    expected = np.dstack((cv2.bitwise_not(ALPHA[:, :, :3]), ALPHA[:, :, 3]))
    for reader in (seen, decoded, pixels):
        assert np.array_equal(reader(body), expected), reader


def test_a_lossy_source_has_a_lossy_result_of_quality_95_with_the_very_alpha() -> None:
    body = run(LOSSY)
    assert [name for name, _ in chunks(body)] == [b"VP8X", b"ALPH", b"VP8 "]
    assert np.array_equal(seen(body)[:, :, 3], ALPHA[:, :, 3])
    plain = saved(scene(200, 150), quality=60)
    inverted = cv2.bitwise_not(decoded(plain))
    assert run(plain) == saved(inverted, quality=95)
    assert cv2.PSNR(decoded(run(plain)), inverted) > 35


@pytest.mark.parametrize(
    "array", [noise(61, 43, 4), noise(61, 43, 3), scene(61, 43, 1)], ids=["alpha", "colour", "grey"]
)
def test_another_format_becomes_a_lossless_webp(array: Array) -> None:
    body = run(png(array), "invert | output(webp)")
    colour = array if array.ndim == 2 else array[:, :, :3]
    expected = cv2.bitwise_not(cv2.cvtColor(colour, cv2.COLOR_GRAY2BGR) if array.ndim == 2 else colour)
    assert np.array_equal(seen(body)[:, :, :3], expected)
    assert np.array_equal(
        seen(body)[:, :, 3], array[:, :, 3] if array.shape[2:] == (4,) else np.full((43, 61), 255)
    )
    photo = jpeg(scene(61, 43))
    assert np.array_equal(decoded(run(photo, "invert | output(webp)")), cv2.bitwise_not(decoded(photo)))


def test_an_alpha_that_is_opaque_everywhere_is_left_out() -> None:
    array = noise(61, 43, 4)
    array[:, :, 3] = 255
    body = run(png(array), "invert | output(webp)")
    assert Image.open(io.BytesIO(body)).mode == "RGB"
    assert not probe(BytesSource(body), LIMITS).pixels.alpha


def test_a_side_has_16383_pixels_at_most() -> None:
    assert decoded(run(png(noise(16_383, 1)), "invert | output(webp)")).shape == (1, 16_383, 3)
    with pytest.raises(UnsupportedPixelsError, match="WebP cannot hold a result of 16384 x 1 pixels"):
        run(png(noise(16_384, 1)), "invert | output(webp)")
    with pytest.raises(UnsupportedPixelsError, match="WebP cannot hold a result of 9 x 9 pixels, uint16"):
        run(png(noise(9, 9, 3, "uint16")), "invert | output(webp)")


def test_the_memory_of_the_encoder_is_foreseen() -> None:
    """libwebp takes up to 37 bytes a pixel, 42 with alpha: measured at noise of 9 megapixels."""
    for array, most in ((noise(61, 43), 37), (noise(61, 43, 4), 42)):
        header = probe(BytesSource(png(array)), LIMITS)
        result = header.decoded_bytes
        needed = plan(header, 0, parse("invert | output(webp)"), LIMITS).working_set
        assert result + most * header.stored.pixels <= needed < result + (most + 5) * header.stored.pixels


def with_everything(*, lossless: bool = True, tag: bytes = b"") -> bytes:
    parts = dict(chunks(saved(scene(40, 30), lossless=lossless)))
    block = Image.Exif()
    block[0x0112] = 6
    block[0x010F] = "Maker"
    return riff(
        extended(40, 30, 0x2C),
        (b"ICCP", PROFILE),
        *parts.items(),
        (b"EXIF", tag + block.tobytes().removeprefix(b"Exif\0\0")),
        (b"XMP ", XMP),
        (b"ABCD", b"of another kind"),
    )


@pytest.mark.parametrize("tag", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("lossless", [True, False])
def test_profile_exif_and_xmp_are_kept_and_the_result_is_upright(*, lossless: bool, tag: bytes) -> None:
    data = with_everything(lossless=lossless, tag=tag)
    header = probe(BytesSource(data), LIMITS)
    assert (header.size, header.has_icc, header.has_exif, header.orientation) == (Size(30, 40), True, True, 6)
    result = Image.open(io.BytesIO(run(data)))
    assert (result.size, result.info["icc_profile"]) == ((30, 40), PROFILE)
    assert (result.getexif()[0x010F], result.getexif()[0x0112]) == ("Maker", 1)
    assert b'tiff:Orientation="1"' in result.info["xmp"]
    assert b"Bridge" in result.info["xmp"]
    if lossless:
        turned = cv2.rotate(scene(40, 30), cv2.ROTATE_90_CLOCKWISE)
        assert np.array_equal(seen(run(data))[:, :, :3], cv2.bitwise_not(turned))


def test_metadata_goes_to_other_formats_and_comes_from_them() -> None:
    as_png = Image.open(io.BytesIO(run(with_everything(), "invert | output(png)")))
    as_png.load()
    again = io.BytesIO()
    as_png.save(again, "PNG", icc_profile=PROFILE, exif=as_png.getexif())
    as_webp = Image.open(io.BytesIO(run(again.getvalue(), "invert | output(webp)")))
    assert as_webp.info["icc_profile"] == as_png.info["icc_profile"] == PROFILE
    assert as_webp.getexif()[0x010F] == "Maker"


def test_a_mask_becomes_a_png_without_the_profile() -> None:
    product = process(BytesSource(with_everything()), CANNY, LIMITS)
    result = Image.open(io.BytesIO(product.body))
    assert (product.suffix, result.mode, "icc_profile" in result.info) == (".png", "L", False)


def test_exif_behind_a_long_picture_costs_one_more_read_and_none_beyond_a_headers_bytes() -> None:
    reads: list[tuple[int, int]] = []

    class Counting(BytesSource):
        def read(self, start: int, stop: int) -> bytes:
            reads.append((start, stop))
            return BytesSource.read(self, start, stop)

    parts = dict(chunks(saved(noise(400, 300), lossless=True)))
    data = riff(extended(400, 300, 8), *parts.items(), (b"EXIF", exif(6)))
    assert probe(Counting(data), LIMITS).size == Size(300, 400)
    assert [start for start, _ in reads] == [0, len(data) - 8 - len(exif(6))]
    short = probe(Counting(data), Limits(header_bytes=HEAD_BYTES))
    assert (short.size, len(reads)) == (Size(400, 300), 3)
    assert np.array_equal(decode(data, read_metadata(data, short)[0]).picture.colour, pixels(data))
    assert pixels(data).shape == (400, 300, 3)


def test_the_same_image_gives_the_same_bytes() -> None:
    for data in (LOSSY, LOSSLESS, with_everything()):
        assert run(data) == run(data)


@pytest.mark.parametrize("frames", [1, 3])
def test_an_animation_is_refused(frames: int) -> None:
    image = Image.fromarray(noise(20, 10))
    more = [Image.fromarray(noise(20, 10, seed=seed)) for seed in range(1, frames)]
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", save_all=True, append_images=more)
    data = buffer.getvalue()
    if frames == 1:
        frame = struct.pack("<IIII", 0, 0, 19 | 9 << 24, 100) + riff(*chunks(data))[12:]
        data = riff(extended(20, 10, 2), (b"ANIM", bytes(6)), (b"ANMF", frame))
    with pytest.raises(UnsupportedFormatError, match="animated WebP"):
        probe(BytesSource(data), LIMITS)


def test_there_is_one_page() -> None:
    with pytest.raises(NoSuchPageError):
        probe(BytesSource(LOSSY), LIMITS, 1)


def test_what_only_irritates_is_taken_and_told() -> None:
    taken = process(BytesSource(LOSSY + b"trailing"), INVERT, LIMITS)
    assert (taken.notes, taken.body) == (("8 bytes follow the picture.",), run(LOSSY))
    denied = riff(extended(61, 43, 0), (b"ALPH", ALPHA_CHUNK), (b"VP8 ", LOSSY_CHUNK))
    taken = process(BytesSource(denied), INVERT, LIMITS)
    assert taken.notes == (
        "Its header denies the alpha channel that follows: it was left out, as viewers do.",
    )
    assert np.array_equal(pixels(denied), seen(denied)[:, :, :3])
    assert (seen(denied)[:, :, 3] == 255).all()


def lossless_claim(width: int, height: int) -> bytes:
    return b"\x2f" + struct.pack("<I", width - 1 | (height - 1) << 14) + bytes(5)


def lying(data: bytes, size: int) -> bytes:
    return data[:4] + struct.pack("<I", size) + data[8:]


HOSTILE: dict[str, tuple[bytes, type[TileworkError], str]] = {
    "a canvas of 16384² and no picture": (riff(extended(16_384, 16_384, 0)), DamagedImageError, "no picture data"),
    "a canvas of 2⁴⁸ pixels": (
        riff(extended(1 << 24, 1 << 24, 0), (b"VP8L", lossless_claim(9, 9))), DamagedImageError, "canvas is 16777216 x",
    ),
    "a picture of 16384²": (riff((b"VP8L", lossless_claim(16_384, 16_384))), TooLargeError, "limit: ratio"),
    "a canvas that is not the picture's": (
        riff(extended(62, 43, 0), (b"VP8L", LOSSLESS_CHUNK)), DamagedImageError, "canvas is 62 x 43 pixels, and the picture in it 61 x 43",
    ),
    "a RIFF that is longer than the file": (lying(LOSSY, 1 << 31), DamagedImageError, "cut short"),
    "a RIFF that ends within the picture": (lying(LOSSY, 500), DamagedImageError, "ends behind the last"),
    "a RIFF of no length": (lying(LOSSY, 0), DamagedImageError, "no picture data"),
    "a RIFF with some bytes that are no chunk": (
        lying(riff(extended(61, 43, 8), (b"VP8L", LOSSLESS_CHUNK)) + b"abc", len(LOSSLESS) + 18 - 5), DamagedImageError, "no chunk where one must be",
    ),
    "a chunk of 4 GB": (riff(extended(9, 9, 0))[:-4] + b"\xff\xff\xff\xff", DamagedImageError, "canvas|no picture"),
    "a profile of 4 GB": (
        lying(riff(extended(9, 9, 0x20)) + b"ICCP\xff\xff\xff\xff", 30), DamagedImageError, "ends behind the last",
    ),
    "a million chunks": (riff(extended(9, 9, 0), *[(b"ABCD", b"")] * 100_000), TooLargeError, "header_parts"),
    "no picture at first": (riff((b"ALPH", ALPHA_CHUNK), (b"VP8 ", LOSSY_CHUNK)), DamagedImageError, "no picture"),
    "no whole canvas": (riff((b"VP8X", bytes(9))), DamagedImageError, "VP8X"),
    "a frame between others": (riff((b"VP8 ", b"\x11" + LOSSY_CHUNK[1:])), DamagedImageError, "VP8"),
    "a frame that is not shown": (riff((b"VP8 ", b"\0" + LOSSY_CHUNK[1:])), DamagedImageError, "VP8"),
    "a lossy picture of no width": (
        riff((b"VP8 ", LOSSY_CHUNK[:6] + bytes(2) + LOSSY_CHUNK[8:])), DamagedImageError, "0 x 43",
    ),
    "a lossless picture of a later version": (
        riff((b"VP8L", LOSSLESS_CHUNK[:4] + b"\xf0" + LOSSLESS_CHUNK[5:])), DamagedImageError, "VP8L",
    ),
    "a picture of four bytes": (riff((b"VP8L", LOSSLESS_CHUNK[:4])), DamagedImageError, "too short"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_before_anything_is_decoded(name: str) -> None:
    data, error, words = HOSTILE[name]
    with pytest.raises(error, match=words):
        probe(BytesSource(data), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        riff((b"VP8L", LOSSLESS_CHUNK[:-20])),
        riff((b"VP8 ", LOSSY_CHUNK[:-20])),
        riff(extended(61, 43, 16), (b"ALPH", ALPHA_CHUNK[:-20]), (b"VP8 ", LOSSY_CHUNK)),
        riff(extended(61, 43, 16), (b"ALPH", ALPHA_CHUNK), (b"ALPH", ALPHA_CHUNK), (b"VP8 ", LOSSY_CHUNK)),
        riff(extended(61, 43, 0), (b"VP8 ", LOSSY_CHUNK), (b"VP8 ", LOSSY_CHUNK)),
        riff(extended(61, 43, 16), (b"VP8 ", LOSSY_CHUNK), (b"ALPH", ALPHA_CHUNK)),
    ],
    ids=["short lossless", "short lossy", "short alpha", "two alphas", "two pictures", "alpha behind"],
)
def test_picture_data_that_is_too_short_or_twice_there_is_damaged_and_placed(data: bytes) -> None:
    probe(BytesSource(data), LIMITS)
    with pytest.raises(
        DamagedImageError, match=r"picture data, bytes [\d,]+ to [\d,]+, is corrupt or too short"
    ):
        run(data)


@pytest.mark.parametrize(
    "data", [LOSSY, LOSSLESS, with_everything()], ids=["lossy", "lossless", "everything"]
)
def test_a_file_cut_anywhere_is_damaged(data: bytes) -> None:
    for length in [*range(16, 200), *range(200, len(data), 97), len(data) - 1]:
        with pytest.raises(DamagedImageError):
            run(data[:length])


def outcome(data: bytes) -> str:
    """What becomes of a file: "" for a result, else the code. Runs in a child: libwebp may crash."""
    try:
        header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
        decode(data, header)
    except TileworkError as error:
        return error.code
    return ""


def test_random_damage_ends_in_the_announced_pixels_or_a_reason() -> None:
    generator = random.Random(5)  # noqa: S311 -- no secret
    changed = []
    for whole in (LOSSY, LOSSLESS, with_everything(), with_everything(lossless=False)):
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(generator.randrange(1, 5)):
                data[generator.randrange(generator.choice([60, len(data)]))] = generator.randrange(256)
            changed.append(bytes(data[: generator.choice([None, None, generator.randrange(len(data))])]))
    with ProcessPoolExecutor(1) as executor:
        codes = set(executor.map(outcome, changed, chunksize=100))
    assert (
        {"", "damaged"} < codes <= {"", "damaged", "unsupported_format", "too_large", "not_an_image", "empty"}
    )


def test_a_webp_is_known_by_its_row() -> None:
    header = probe(BytesSource(LOSSY), LIMITS)
    assert (header.format, header.lossless, header.pixels.alpha, header.bits) == (Format.WEBP, False, True, 8)
