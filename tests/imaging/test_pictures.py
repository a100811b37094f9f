"""Pictures that a pipeline names: found once, the same everywhere, within bounds, and told where they cannot be used."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tifffile

from tests.imaging.samples import jpeg, noise, picture, png
from tilework.errors import BeyondRankError, PictureError, PipelineError, TooLargeError
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.limits import KIB, MIB, Limits
from tilework.imaging.pictures import HeldPicture, in_folder, read_picture, show
from tilework.imaging.pipeline import is_picture_name, parse
from tilework.imaging.run import BytesSource, process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tilework.imaging.pipeline import Pipeline

LIMITS = Limits()
LOGO = noise(9, 7, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logo.png").write_bytes(png(LOGO))
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def shown(folder: Path | None, text: str = "overlay(logo, top_left, 0)", limits: Limits = LIMITS) -> Pipeline:
    return show(parse(text), in_folder(folder, limits), limits)


def test_a_file_of_that_name_is_laid_on(folder: Path) -> None:
    image = noise(20, 20)
    result = run_whole(Picture(image), shown(folder)).colour
    held = parse("overlay(logo, top_left, 0)").seeing({"logo": HeldPicture(picture(LOGO))})
    assert np.array_equal(result, run_whole(Picture(image), held).colour)
    assert not np.array_equal(result, image)


def test_what_crosses_to_a_rank_is_an_address_and_no_pixels(folder: Path) -> None:
    (folder / "logo.png").write_bytes(png(noise(600, 500, 4)))
    sent = pickle.dumps(shown(folder))
    assert len(sent) < 2 * KIB
    image = Picture(noise(700, 600))
    arrived = pickle.loads(sent)  # noqa: S301 - our own bytes
    assert np.array_equal(run_whole(image, arrived).colour, run_whole(image, shown(folder)).colour)


def test_pictures_are_no_part_of_the_text(folder: Path) -> None:
    assert shown(folder) == parse("overlay(logo, top_left, 0)")
    assert shown(folder).canonical == "overlay(logo, top_left, 0)"
    assert parse("blur(3) | overlay(a) | compare(b) | overlay(a, center)").picture_names == ("a", "b")


def test_a_file_that_is_changed_meanwhile_is_an_error_and_not_half_of_the_results(folder: Path) -> None:
    pipeline = shown(folder)
    (folder / "logo.png").write_bytes(png(LOGO[::-1]))
    with pytest.raises(PictureError, match="was changed while it was in use"):
        run_whole(Picture(noise(20, 20)), pipeline)


@pytest.mark.parametrize(
    ("prepared", "told"),
    [
        (lambda _: None, "has no file logo"),
        (lambda folder: [(folder / name).touch() for name in ("logo.png", "logo.jpg")], "logo.jpg and logo.png"),
        (lambda folder: (folder / "logo.png").write_bytes(b""), "cannot be used"),
        (lambda folder: (folder / "logo.png").write_bytes(b"no image at all"), "cannot be used"),
        (lambda folder: (folder / "logo.png").write_bytes(png(LOGO)[:-30]), "cannot be used"),
        (lambda folder: (folder / "logo.gif").write_bytes(b"GIF89a" + bytes(40)), "cannot be used"),
        (lambda folder: tifffile.imwrite(folder / "logo.tif", noise(9, 9)), "decoded in a process of its own"),
        (lambda folder: (folder / "logo.pfm").write_bytes(b"Pf 1 1 -1.0\n" + bytes(4)), "float32"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(tmp_path: Path, prepared: Callable[[Path], object], told: str) -> None:
    prepared(tmp_path)
    with pytest.raises(PictureError, match=told):
        run_whole(Picture(noise(9, 9)), shown(tmp_path))


def test_without_a_folder_there_are_no_pictures_and_other_pipelines_need_none() -> None:
    with pytest.raises(PictureError, match="no folder of pictures was named"):
        shown(None)
    assert shown(None, "blur(3)") == parse("blur(3)")


def test_a_pipeline_that_was_shown_nothing_says_so() -> None:
    with pytest.raises(PictureError, match="names the picture 'logo', and no pictures are known here"):
        process(BytesSource(png(noise(9, 9))), parse("overlay(logo)"), LIMITS)


def test_a_photograph_is_laid_on_upright() -> None:
    data = jpeg(noise(12, 8))
    turned = data[:2] + exif_of(6) + data[2:]
    assert read_picture("logo", turned, LIMITS).size.width == 8


def exif_of(orientation: int) -> bytes:
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes((orientation, 0, 0, 0)) + bytes(4)
    payload = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(payload) + 2).to_bytes(2) + payload


def test_one_beyond_the_limit_is_refused_before_its_pixels_have_memory(folder: Path) -> None:
    blank = np.zeros((3_000, 3_000, 3), np.uint8)
    (folder / "blank.png").write_bytes(png(blank))
    with pytest.raises(
        PictureError, match=r"'blank' takes 25.7 MiB; 1.0 MiB are allowed \(limit: picture_bytes\)"
    ):
        shown(folder, "overlay(blank)", Limits(picture_bytes=MIB))
    (folder / "noise.png").write_bytes(png(noise(40, 40)))
    with pytest.raises(PictureError, match="The file of the picture 'noise' has"):
        shown(folder, "overlay(noise)", Limits(picture_bytes=KIB))


def test_all_that_a_pipeline_names_must_fit_together(folder: Path) -> None:
    limits = Limits(picture_bytes=3 * MIB)
    for name in ("one", "two"):
        (folder / f"{name}.png").write_bytes(png(np.zeros((800, 800, 3), np.uint8)))
    assert shown(folder, "overlay(one) | overlay(one, tile)", limits).picture_bytes == 800 * 800 * 3
    with pytest.raises(
        PictureError, match=r"The pictures of the pipeline take 3\.7 MiB; 3\.0 MiB are allowed"
    ):
        shown(folder, "overlay(one) | overlay(two)", limits)


def test_pictures_count_in_the_memory_that_an_image_is_planned_with(folder: Path) -> None:
    (folder / "logo.png").write_bytes(png(np.zeros((1_000, 1_000, 3), np.uint8)))
    image = BytesSource(png(noise(200, 200)))
    assert process(image, shown(folder), Limits(working_set=4 * MIB)).width == 200
    with pytest.raises(TooLargeError, match="limit: working_set"):
        process(image, shown(folder), Limits(working_set=3 * MIB))
    tiled = folder / "image.tif"
    tifffile.imwrite(tiled, noise(200, 200), tile=(64, 64), photometric="rgb")
    with pytest.raises(BeyondRankError):
        process(BytesSource(tiled.read_bytes()), shown(folder), Limits(block_bytes=3 * MIB))


def test_a_picture_is_decoded_once_a_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = shown(folder)
    image = Picture(noise(20, 20))
    first = run_whole(image, pipeline).colour
    monkeypatch.setattr(cv2, "imdecode", None)
    (folder / "logo.png").unlink()
    arrived = pickle.loads(pickle.dumps(pipeline))  # noqa: S301 - our own bytes
    assert np.array_equal(run_whole(image, arrived).colour, first)


@pytest.mark.parametrize("name", ["true", "2026", "a.png", "../a", "logo-2", "", "a" * 65, "logó", "a/b"])
def test_a_name_is_letters_digits_and_underscores(name: str) -> None:
    assert not is_picture_name(name)
    with pytest.raises(PipelineError):
        parse(f"overlay({name})")
