"""`tilework process` of results that are no image: files of JSON and CSV, small and large alike."""

from __future__ import annotations

import csv
import io
import json

import cv2
import numpy as np

from tests.cli.conftest import CommandLine
from tests.flow.pictures import noise, png
from tests.imaging.tiffs import written

SMALL = ("--tile-size", 256, "--working-set", "4MB")
ARRAY = cv2.GaussianBlur(noise(900, 1000, 1), (9, 9), 0)
MASK = np.where(ARRAY > 148, 255, 0).astype(np.uint8)


def rows_by_opencv(mask: np.ndarray) -> list[list[float]]:
    _, _, sums, centres = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_WU)
    return [[label, *sums[label].tolist(), *centres[label].tolist()] for label in range(1, len(sums))]


def test_a_file_worked_on_in_blocks_gives_the_report_that_one_call_gives(command: CommandLine) -> None:
    (command.folder / "mask.tif").write_bytes(written(MASK, tile=(128, 128), compression="zlib"))
    pipeline = ("--pipeline", "components() | output(json)", "--ranks", 3)
    large = command.json_lines("process", "mask.tif", "large.json", *pipeline, *SMALL)["mask.tif"]
    assert large["blocks"] > 1
    assert large["result"].endswith("large.json")
    small = command.json_lines("process", "mask.tif", "small.json", *pipeline)["mask.tif"]
    assert small["blocks"] == 1
    body = (command.folder / "large.json").read_bytes()
    assert body == (command.folder / "small.json").read_bytes()
    expected = rows_by_opencv(MASK)
    assert len(expected) > 100
    assert [list(row.values()) for row in json.loads(body)["rows"]] == expected
    assert sorted(path.name for path in command.folder.iterdir()) == ["large.json", "mask.tif", "small.json"]


def test_a_folder_of_tables_has_the_names_of_its_images(command: CommandLine) -> None:
    (command.folder / "in").mkdir()
    for name in ("a.png", "b.png", "b.jpg"):
        (command.folder / "in" / name).write_bytes(png(MASK[:80, :90]))
    lines = command.json_lines("process", "in", "out", "--pipeline", "components(4)", "--output", "csv")
    assert {name: line["result"] for name, line in lines.items()} == {
        "a.png": "out/a.csv", "b.png": "out/b.png.csv", "b.jpg": "out/b.jpg.csv"
    }  # fmt: skip
    table = list(csv.reader(io.StringIO((command.folder / "out" / "a.csv").read_text())))
    assert table[0] == ["label", "left", "top", "width", "height", "area", "centroid_x", "centroid_y"]
    assert len(table) == cv2.connectedComponents(MASK[:80, :90], connectivity=4)[0]


def test_a_name_that_would_lie_about_a_report_is_mended(command: CommandLine) -> None:
    (command.folder / "photo.png").write_bytes(png(noise(40, 50)))
    told = command.run("process", "photo.png", "photo.csv", "--pipeline", "histogram() | output(json)")
    assert "photo.json" in told.stderr
    assert json.loads((command.folder / "photo.json").read_text())["data"]["pixels"] == 2000


def test_an_image_of_labels_is_foreseen_to_be_a_tiff(command: CommandLine) -> None:
    (command.folder / "mask.png").write_bytes(png(MASK[:80, :90]))
    lines = command.json_lines("process", "mask.png", "new/", "--pipeline", "components()")
    assert lines["mask.png"]["result"] == "new/mask.tif"


def test_a_report_of_what_reports_nothing_is_wrong_use_and_shows_where(command: CommandLine) -> None:
    (command.folder / "photo.png").write_bytes(png(noise(40, 50)))
    told = command.run("process", "photo.png", "x.json", "--pipeline", "blur(9) | output(json)", status=2)
    assert "lur reports nothing for output(json)" in told.stderr
    assert "components" in told.stderr


def test_an_operation_tells_what_it_reports(command: CommandLine) -> None:
    assert "output(json) or output(csv)" in command.run("operations", "components").stdout
    told = json.loads(command.run("operations", "histogram", "--json").stdout)
    assert (told["reports"], told["columns"]) == (
        ["json", "csv"], ["channel", "bin", "low", "high", "count"]
    )  # fmt: skip
