"""`tilework process` gives exactly OpenCV's pixels, and each file its own end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.cli.conftest import CommandLine
from tests.flow.pictures import decoded, encoded, jpeg, noise, png

PICTURES = [noise(70, 90, seed=seed) for seed in range(5)]
EXTRA = {"TILEWORK_EXTRA_OPERATIONS": "tests.cli.own_operations"}


@pytest.fixture
def photos(command: CommandLine) -> Path:
    """A folder of five pictures, one in a folder below."""
    folder = command.folder / "photos"
    (folder / "below").mkdir(parents=True)
    for number, picture in enumerate(PICTURES[:4]):
        (folder / f"{number}.png").write_bytes(png(picture))
    (folder / "below" / "4.png").write_bytes(png(PICTURES[4]))
    return folder


def result(path: Path) -> np.ndarray:
    return decoded(path.read_bytes())


def partials(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith(".")]


def test_a_file_comes_out_as_one_opencv_call_would_make_it(command: CommandLine) -> None:
    source = jpeg(PICTURES[0])
    (command.folder / "photo.jpg").write_bytes(source)
    command.run("process", "photo.jpg", "edges.png", "--pipeline", "blur(9) | canny(100, 200)")
    command.run("process", "photo.jpg", "smooth.jpg", "--pipeline", "blur(9)")
    smooth = cv2.GaussianBlur(decoded(source, cv2.IMREAD_COLOR), (9, 9), 0)
    assert np.array_equal(result(command.folder / "edges.png"), cv2.Canny(smooth, 100, 200))
    once = decoded(encoded(".jpg", smooth, cv2.IMWRITE_JPEG_QUALITY, 95))
    assert np.array_equal(result(command.folder / "smooth.jpg"), once)


def test_a_destination_that_ends_like_a_folder_is_one(command: CommandLine) -> None:
    (command.folder / "photo.png").write_bytes(png(PICTURES[0]))
    command.run("process", "photo.png", "new/", "--pipeline", "invert")
    assert np.array_equal(result(command.folder / "new" / "photo.png"), 255 - PICTURES[0])


def test_the_output_is_the_one_that_was_asked_for(command: CommandLine) -> None:
    (command.folder / "photo.jpg").write_bytes(jpeg(PICTURES[0]))
    lines = command.json_lines(
        "process", "photo.jpg", "new/", "--pipeline", "invert", "--output", "png", "--page", 0
    )
    assert lines["photo.jpg"]["result"] == "new/photo.png"


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_folder_keeps_its_names_in_one_process_and_in_a_world(
    command: CommandLine, photos: Path, ranks: int
) -> None:
    lines = command.json_lines("process", photos, "out", "--pipeline", "invert", "--ranks", ranks)
    out = command.folder / "out"
    for number, picture in enumerate(PICTURES):
        path = out / ("below/4.png" if number == 4 else f"{number}.png")
        assert np.array_equal(result(path), 255 - picture)
        line = lines[f"{number}.png"]
        assert (line["state"], line["code"], line["reason"]) == ("DONE", "", "")
        assert (line["width"], line["height"], line["dtype"]) == (90, 70, "uint8")
        assert Path(command.folder / line["result"]) == path
        assert line["seconds"] > 0
    assert len(list(out.rglob("*.*"))) == 5
    assert partials(command.folder) == []


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_bad_file_fails_with_a_reason_and_the_others_are_done(
    command: CommandLine, photos: Path, ranks: int
) -> None:
    (photos / "diary.txt").write_text("Dear diary")
    (photos / "empty.jpg").touch()
    lines = command.json_lines("process", photos, "out", "--pipeline", "invert", "--ranks", ranks, status=1)
    assert {name: line["code"] for name, line in lines.items() if line["state"] == "FAILED"} == {
        "diary.txt": "not_an_image",
        "empty.jpg": "empty",
    }
    assert all(line["reason"] and line["result"] is None for line in lines.values() if line["code"])
    assert sum(line["state"] == "DONE" for line in lines.values()) == 5


def test_what_an_operation_raises_is_its_files_failure(command: CommandLine, photos: Path) -> None:
    command.environment |= EXTRA
    lines = command.json_lines("process", photos / "0.png", "out.png", "--pipeline", "raise_error", status=1)
    assert lines["0.png"]["code"] == "operation_failed"
    assert "on purpose" in lines["0.png"]["reason"]


def test_a_file_that_kills_its_rank_is_failed_and_the_others_go_on_in_a_new_world(
    command: CommandLine, photos: Path
) -> None:
    command.environment |= EXTRA
    (photos / "killer.png").write_bytes(png(noise(40, 400)))
    lines = command.json_lines("process", photos, "out", "-p", "kill_wide", "--ranks", "2", status=1)
    assert lines.pop("killer.png")["code"] == "crashed"
    assert {line["state"] for line in lines.values()} == {"DONE"}
    assert len(lines) == 5
    assert partials(command.folder) == []


@pytest.mark.parametrize("ranks", [1, 2])
def test_whatever_an_image_makes_its_process_do_is_its_own_end_and_nobody_elses(
    command: CommandLine, photos: Path, ranks: int
) -> None:
    command.environment |= EXTRA
    command.environment |= {"TILEWORK_LIMIT_DECODER_SECONDS": "1", "TILEWORK_LIMIT_DEADLINE_FACTOR": "1"}
    expected = {
        101: "crashed", 102: "crashed", 103: "crashed", 104: "too_slow", 105: "too_slow",
        106: "out_of_memory", 107: "out_of_memory", 108: "out_of_memory", 109: "operation_failed",
    }  # fmt: skip
    for width in expected:
        (photos / f"{width}.png").write_bytes(png(noise(20, width)))
    lines = command.json_lines("process", photos, "out", "-p", "misbehave", "--ranks", ranks, status=1)
    codes = {int(name[:3]): lines.pop(name)["code"] for name in [f"{width}.png" for width in expected]}
    assert codes == expected
    assert {line["state"] for line in lines.values()} == {"DONE"}
    assert len(lines) == 5
    assert partials(command.folder) == []


@pytest.mark.parametrize("ranks", [1, 2])
def test_an_interrupt_keeps_what_is_done_and_leaves_nothing_half_written(
    command: CommandLine, photos: Path, ranks: int
) -> None:
    command.environment |= EXTRA
    for number in range(40):
        (photos / f"more {number}.png").write_bytes(png(PICTURES[0]))
    process = command.start("process", photos, "out", "--pipeline", "slow", "--ranks", ranks, "--json")
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    told = {first, *process.stdout}
    process.communicate(timeout=60)
    assert process.returncode == 130
    written = [path for path in (command.folder / "out").rglob("*") if path.is_file()]
    assert 1 <= len(told) == len(written) < 40
    assert partials(command.folder) == []
    for path in written:
        assert result(path).shape == (70, 90, 3)
    assert not list(command.folder.glob("tilework-*"))


@pytest.mark.parametrize(
    ("pipeline", "caret", "hint"),
    [("blur(9) | cany(1, 2)", 10, "'canny'"), ("blur(9", 6, "','"), ("blur(8)", 5, "odd")],
)
def test_a_bad_pipeline_is_wrong_use_and_shows_where(
    command: CommandLine, photos: Path, pipeline: str, caret: int, hint: str
) -> None:
    told = command.run("process", photos, "out", "--pipeline", pipeline, status=2).stderr
    assert f"\n  {pipeline}\n{' ' * (2 + caret)}^\n" in told
    assert hint in told
    assert not (command.folder / "out").exists()


def test_a_wrong_pipeline_leaves_nothing_of_the_world_that_was_begun_meanwhile(
    command: CommandLine, photos: Path
) -> None:
    before = set(command.folder.iterdir())
    command.run("process", photos, "out", "--pipeline", "blur(8)", "--ranks", 2, status=2)
    assert set(command.folder.iterdir()) == before


def test_a_source_is_never_overwritten(command: CommandLine, photos: Path) -> None:
    before = (photos / "0.png").read_bytes()
    (photos / "other name.png").hardlink_to(photos / "0.png")
    for target in (photos / "0.png", photos / "other name.png", photos):
        command.run("process", photos / "0.png", target, "--pipeline", "invert", status=2)
    command.run("process", photos, photos, "--pipeline", "invert", status=2)
    assert (photos / "0.png").read_bytes() == before


def test_no_link_makes_a_result_take_the_place_of_another_source(command: CommandLine, photos: Path) -> None:
    out = command.folder / "out"
    out.mkdir()
    kept = png(PICTURES[3])
    (out / "0.png").write_bytes(kept)
    (photos / "9.png").symlink_to(out / "0.png")
    command.run("process", photos, out, "--pipeline", "invert", status=2)
    assert (out / "0.png").read_bytes() == kept


def test_what_is_no_file_is_not_waited_for(command: CommandLine, photos: Path) -> None:
    os.mkfifo(photos / "pipe.png")
    (photos / "nowhere.png").symlink_to(photos / "not there")
    lines = command.json_lines("process", photos, "out", "--pipeline", "invert", status=1)
    assert {name for name, line in lines.items() if line["state"] == "FAILED"} == {"nowhere.png"}
    command.run("process", photos / "pipe.png", "out.png", "--pipeline", "invert", status=2)


def test_the_same_advice_is_given_once(command: CommandLine, photos: Path) -> None:
    for number in range(3):
        (photos / f"empty {number}.jpg").touch()
    told = command.run("process", photos, "out", "--pipeline", "invert", status=1).stderr
    assert told.count("FAILED") == 3
    assert told.count("Get the file from where it came from again") == 1


def test_results_below_their_sources_are_not_processed_again(command: CommandLine, photos: Path) -> None:
    for _ in range(2):
        lines = command.json_lines("process", photos, photos / "results", "--pipeline", "invert")
        assert len(lines) == 5


def test_a_name_that_would_lie_about_the_format_is_mended_but_overwrites_nothing_unasked(
    command: CommandLine, photos: Path
) -> None:
    lines = command.json_lines("process", photos / "0.png", "out.jpg", "--pipeline", "invert")
    assert lines["0.png"]["result"] == "out.png"
    assert not (command.folder / "out.jpg").exists()
    command.run("process", photos / "1.png", "out.jpg", "--pipeline", "invert", status=2)
    assert np.array_equal(result(command.folder / "out.png"), 255 - PICTURES[0])


def test_a_result_that_cannot_be_written_is_told(command: CommandLine, photos: Path) -> None:
    (command.folder / "a file").touch()
    line = command.json_lines("process", photos / "0.png", "a file/out.png", "-p", "invert", status=1)[
        "0.png"
    ]
    assert line["code"] == "unwritable"


def test_the_engine_is_reached_without_anything_of_aws(command: CommandLine, photos: Path) -> None:
    (command.folder / "boto3.py").write_text("raise ImportError('no AWS here')")
    command.environment["PYTHONPATH"] = f"{command.folder}:{command.environment['PYTHONPATH']}"
    command.run("process", photos / "0.png", "out.png", "--pipeline", "invert")
    command.run("process", photos, "out", "--pipeline", "invert", "--ranks", "2")


def test_names_that_play_with_the_terminal_are_shown_harmlessly(command: CommandLine, photos: Path) -> None:
    (photos / "red\x1b[31m\u202egpj.txt").write_text("no image")
    told = command.run("process", photos, "out", "--pipeline", "invert", status=1)
    assert r"red\x1b[31m\u202egpj.txt" in told.stderr
    assert not {"\x1b", "\u202e"} & set(told.stderr + told.stdout)


def test_a_folder_of_nothing_is_all_done(command: CommandLine) -> None:
    (command.folder / "empty").mkdir()
    began = time.monotonic()
    assert command.run("process", "empty", "out", "--pipeline", "invert", "--ranks", "2").stderr
    assert time.monotonic() - began < 20


def test_a_profile_tells_where_the_time_of_each_image_went(command: CommandLine) -> None:
    pnm = b"P6 1200 900 255\n" + noise(900, 1200).tobytes()
    (command.folder / "large.ppm").write_bytes(pnm)
    (command.folder / "small.png").write_bytes(png(PICTURES[0]))
    large = ["--tile-size", 256, "--working-set", "4MB"]
    told = command.json_lines("process", "large.ppm", "new/", "-p", "blur(9)", "--profile", *large)[
        "large.ppm"
    ]
    assert told["blocks"] > 1
    (rank,) = told["profile"]
    assert {"read", "decode", "kernels", "encode", "halve", "write"} <= rank.keys()
    assert 0 < sum(rank.values()) <= told["seconds"]
    told = command.json_lines("process", "small.png", "new/", "-p", "blur(9)", "--profile")["small.png"]
    assert [rank.keys() for rank in told["profile"]] == [{"read", "decode", "kernels", "encode", "write"}]
    assert "profile" not in command.json_lines("process", "small.png", "new/", "-p", "blur(9)")["small.png"]
