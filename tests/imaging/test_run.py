"""From a source to a finished result, in this process and on executors."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.imaging.samples import SIGNATURE, chunk, decoded, ihdr, jpeg, noise, png, scene
from tilework.errors import NoSuchPageError, TooLargeError, UnsupportedPixelsError
from tilework.imaging.formats import Format, Header, probe, row
from tilework.imaging.formats.table import ROWS
from tilework.imaging.limits import GIB, MIB, Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.pipeline import parse
from tilework.imaging.plan import plan, result_format, result_name, wanted_format
from tilework.imaging.run import (
    BytesSource,
    FileSource,
    Source,
    prepare_process,
    process,
    process_file,
    process_files,
)
from tilework.imaging.windows import Size

LIMITS = Limits()


def header(width: int, height: int, *, image_format: Format = Format.JPEG, **pixels: object) -> Header:
    kind = Pixels(**({"dtype": "uint8", "channels": 3} | pixels))  # type: ignore[arg-type]
    return Header(format=image_format, stored=Size(width, height), pixels=kind, bits=8, colour="colour")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_chain_gives_the_pixels_of_its_opencv_calls(suffix: str) -> None:
    data = png(scene(123, 77)) if suffix == ".png" else jpeg(scene(123, 77))
    product = process(BytesSource(data), parse("blur(9) | erode(3)"), LIMITS)
    expected = cv2.erode(
        cv2.GaussianBlur(decoded(data, cv2.IMREAD_COLOR), (9, 9), 0), np.ones((3, 3), np.uint8)
    )
    if suffix == ".jpg":
        expected = decoded(jpeg(expected, cv2.IMWRITE_JPEG_QUALITY, 95))
    assert product.suffix == suffix
    assert np.array_equal(decoded(product.body), expected)


def test_the_colours_under_alpha_are_one_opencv_call() -> None:
    data = png(noise(40, 30, 4, "uint16"))
    result = decoded(process(BytesSource(data), parse("blur(5)"), LIMITS).body)
    source = decoded(data)
    assert np.array_equal(result[:, :, :3], cv2.GaussianBlur(source[:, :, :3].copy(), (5, 5), 0))
    assert np.array_equal(result[:, :, 3], source[:, :, 3])


def test_a_product_tells_about_its_input_and_where_the_time_went() -> None:
    product = process(BytesSource(png(noise(40, 30, 1, "uint16"))), parse("invert"), LIMITS)
    assert (product.width, product.height, product.dtype) == (40, 30, "uint16")
    assert set(product.seconds) == {"read", "decode", "kernels", "encode"}
    assert all(seconds >= 0 for seconds in product.seconds.values())


def test_a_depth_that_an_operation_does_not_take_is_refused_before_decoding() -> None:
    unreadable = SIGNATURE + ihdr(40, 30, 16, 0) + chunk(b"IDAT", b"not even compressed")
    with pytest.raises(UnsupportedPixelsError, match="canny takes uint8 pixels, and these are uint16"):
        process(BytesSource(unreadable), parse("canny(1, 2)"), LIMITS)


def test_a_bomb_is_refused_from_its_header() -> None:
    claim = SIGNATURE + ihdr(16_384, 16_384, 8, 2) + chunk(b"IDAT", bytes(2_000_000))
    with pytest.raises(TooLargeError, match="limit: working_set"):
        process(BytesSource(claim), parse("invert"), LIMITS)


def test_24_megapixels_in_colour_fit_the_default_working_set_through_any_operation() -> None:
    for text in ("canny(100, 200)", "blur(9) | canny(100, 200)", "invert", "erode(255, 8)"):
        assert plan(header(6000, 4000), 20 * MIB, parse(text), LIMITS).working_set < GIB


def test_the_working_set_grows_with_what_an_image_is() -> None:
    def needed(*, text: str = "invert", **pixels: object) -> int:
        return plan(header(1000, 1000, **pixels), 0, parse(text), LIMITS).working_set

    assert needed(channels=1) < needed() < needed(dtype="uint16") < needed(dtype="uint16", alpha=True)
    assert needed() < needed(text="canny(1, 2)")


def test_a_smaller_working_set_is_enforced_and_named() -> None:
    data = png(noise(400, 300))
    with pytest.raises(TooLargeError, match=r"1 MiB are allowed \(limit: working_set\)"):
        process(BytesSource(data), parse("invert"), Limits(working_set=MIB))


@pytest.mark.parametrize("source", [each.format for each in ROWS])
def test_masks_go_to_no_lossy_format(source: Format) -> None:
    mask = wanted_format(source, parse("canny(1, 2)"))
    assert mask is (Format.TIFF if source is Format.TIFF else Format.PNG)
    assert wanted_format(source, parse("invert")) is row(source).result
    assert wanted_format(source, parse("canny(1, 2) | output(jpeg)")) is Format.PNG


def test_a_result_that_its_format_cannot_hold_goes_to_one_that_can_unless_another_was_asked_for() -> None:
    deep = header(10, 10, dtype="uint16")
    plain, asked = parse("invert"), parse("invert | output(jpeg)")
    assert result_format(deep, plain, deep.pixels, deep.size) is Format.PNG
    with pytest.raises(UnsupportedPixelsError, match="JPEG cannot hold a result of 10 x 10 pixels, uint16"):
        result_format(deep, asked, deep.pixels, deep.size)


def test_a_mask_asked_for_as_a_jpeg_is_a_png_and_says_so() -> None:
    product = process(BytesSource(jpeg(scene(40, 30))), parse("canny(1, 2) | output(jpeg)"), LIMITS)
    assert product.suffix == ".png"
    assert product.notes == ("A mask never goes to JPEG: it is a PNG.",)


@pytest.mark.parametrize(("output", "suffix"), [("png", ".png"), ("jpeg", ".jpg")])
def test_another_output_is_made_of_the_same_pixels(output: str, suffix: str) -> None:
    array = scene(40, 30)
    expected = cv2.bitwise_not(decoded(jpeg(array)))
    product = process(BytesSource(jpeg(array)), parse(f"invert | output({output})"), LIMITS)
    assert product.suffix == suffix
    assert np.array_equal(
        decoded(product.body),
        expected if output == "png" else decoded(jpeg(expected, cv2.IMWRITE_JPEG_QUALITY, 95)),
    )


def test_only_a_page_that_is_there_is_read() -> None:
    data = png(noise(4, 3))
    assert process(BytesSource(data), parse("page(0) | invert"), LIMITS).width == 4
    with pytest.raises(NoSuchPageError, match="one picture, page 0; page 1 was asked for"):
        process(BytesSource(data), parse("page(1) | invert"), LIMITS)


@pytest.mark.parametrize(
    ("name", "suffix", "result"),
    [
        ("photo.jpg", ".jpg", "photo.jpg"),
        ("PHOTO.JPEG", ".jpg", "PHOTO.JPEG"),
        ("photo.jpg", ".png", "photo.jpg.png"),
        ("photo", ".png", "photo.png"),
        ("photo.tar", ".png", "photo.tar.png"),
    ],
)
def test_results_of_one_folder_never_meet_in_one_name(name: str, suffix: str, result: str) -> None:
    assert result_name(name, suffix) == result


def test_sources_cross_to_other_processes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    sources: list[Source] = [BytesSource(b"0123456789"), FileSource(tmp_path / "a")]
    for source in sources:
        again = pickle.loads(pickle.dumps(source))  # noqa: S301 -- our own bytes
        assert (again.size, again.read(2, 5)) == (10, b"234")


def test_a_file_becomes_a_file_beside_nothing_else(tmp_path: Path) -> None:
    data = jpeg(scene(60, 40))
    (tmp_path / "in.jpg").write_bytes(data)
    outcome = process_file(tmp_path / "in.jpg", tmp_path / "out" / "in.jpg", parse("canny(20, 60)"), LIMITS)
    assert outcome.error is None
    assert outcome.result == tmp_path / "out" / "in.jpg.png"
    assert (outcome.width, outcome.height, outcome.dtype) == (60, 40, "uint8")
    assert list((tmp_path / "out").iterdir()) == [outcome.result]
    assert np.array_equal(decoded(outcome.result.read_bytes()), cv2.Canny(decoded(data), 20, 60))


@pytest.mark.parametrize(("content", "code"), [(b"", "empty"), (b"text", "not_an_image"), (None, "damaged")])
def test_a_file_that_cannot_be_processed_leaves_nothing(
    content: bytes | None, code: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "in.png").write_bytes(content)
    outcome = process_file(tmp_path / "in.png", tmp_path / "out.png", parse("invert"), LIMITS)
    assert outcome.error is not None
    assert (outcome.error.code, outcome.result) == (code, None)
    assert not (tmp_path / "out.png").exists()


def test_files_go_over_processes_and_come_back_in_order(tmp_path: Path) -> None:
    names = [f"{index}.png" for index in range(7)]
    for index, name in enumerate(names):
        (tmp_path / name).write_bytes(b"bad" if index == 3 else png(noise(20 + index, 30)))
    pairs = [(tmp_path / name, tmp_path / "out" / name) for name in names]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=prepare_process) as executor:
        outcomes = list(process_files(pairs, parse("blur(3) | invert"), LIMITS, executor))
    assert [outcome.source.name for outcome in outcomes] == names
    assert [outcome.error.code if outcome.error else "done" for outcome in outcomes] == [
        "not_an_image" if index == 3 else "done" for index in range(7)
    ]
    assert [outcome.width for outcome in outcomes if outcome.error is None] == [20, 21, 22, 24, 25, 26]
    assert list(process_files([], parse("invert"), LIMITS)) == []


def test_a_prepared_process_uses_one_thread() -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        prepare_process()
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_the_estimate_of_memory_is_no_guess_below_what_a_header_claims() -> None:
    data = png(noise(300, 200, 4))
    planned = plan(probe(BytesSource(data), LIMITS), len(data), parse("blur(3)"), LIMITS)
    assert planned.working_set > len(data) + 2 * 300 * 200 * 4
