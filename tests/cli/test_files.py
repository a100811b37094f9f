"""Two files of a folder never meet in one result."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from tests.flow.pictures import jpeg, noise, png
from tilework.cli.files import errands_between, files_below
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse

JPEG, PNG = jpeg(noise(8, 8)), png(noise(8, 8))
MASK, SAME = parse("canny(100, 200)"), parse("invert")


def names(folder: Path, files: dict[str, bytes], *, mask: bool = True) -> dict[str, str]:
    for name, body in files.items():
        (folder / name).write_bytes(body)
    errands = errands_between(
        list(files_below(folder)), folder, Path("out"), MASK if mask else SAME, Limits()
    )
    return {one.source.name: one.target.name for one in errands}


def test_a_result_is_called_as_its_source_with_the_suffix_of_what_it_is(tmp_path: Path) -> None:
    files = {"a.jpg": JPEG, "b.JPEG": JPEG, "c.png": PNG, "d": JPEG, "scan.v2": PNG}
    expected = {"a.jpg": "a.png", "b.JPEG": "b.png", "c.png": "c.png", "d": "d.png", "scan.v2": "scan.v2.png"}
    assert names(tmp_path, files) == expected
    kept = {"a.jpg": "a.jpg", "b.JPEG": "b.JPEG", "c.png": "c.png", "d": "d.jpg", "scan.v2": "scan.v2.png"}
    assert names(tmp_path, files, mask=False) == kept


def test_a_depth_that_the_format_cannot_hold_changes_the_suffix(tmp_path: Path) -> None:
    for name, body in {"a.jpg": JPEG, "c.png": PNG}.items():
        (tmp_path / name).write_bytes(body)
    for text, expected in {
        "convert(uint16)": ["a.png", "c.png"],
        "convert(float32)": ["a.tif", "c.tif"],
    }.items():
        errands = errands_between(list(files_below(tmp_path)), tmp_path, Path("out"), parse(text), Limits())
        assert [errand.target.name for errand in errands] == expected


def test_a_file_that_is_not_what_its_name_says_gives_a_result_that_is(tmp_path: Path) -> None:
    assert names(tmp_path, {"really png.jpg": PNG}, mask=False) == {"really png.jpg": "really png.png"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.jpg": JPEG, "a.png": PNG}, {"a.jpg": "a.jpg.png", "a.png": "a.png"}),
        ({"a.jpg": JPEG, "a.jpeg": JPEG}, {"a.jpg": "a.jpg.png", "a.jpeg": "a.jpeg.png"}),
        (
            {"a.jpg": JPEG, "a.png": PNG, "a.jpg.png": PNG},
            {"a.jpg": "a.jpg-2.png", "a.png": "a.png", "a.jpg.png": "a.jpg.png"},
        ),
    ],
)
def test_files_that_would_meet_are_kept_apart(
    tmp_path: Path, files: dict[str, bytes], expected: dict[str, str]
) -> None:
    assert names(tmp_path, files) == expected


def test_no_choice_of_names_makes_two_results_meet(tmp_path: Path) -> None:
    every = ["a", "a.jpg", "a.png", "a.jpg.png", "a.png.jpg", "a.jpg-2.png", "a.jpeg"]
    for number, some in enumerate(permutations(every, 4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for mask in (True, False):
            found = names(folder, {name: (JPEG, PNG)[i % 2] for i, name in enumerate(some)}, mask=mask)
            assert len(set(found.values())) == len(some)


def test_hidden_files_and_links_to_folders_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_bytes(PNG)
    (tmp_path / "seen.png").write_bytes(PNG)
    (tmp_path / "round").symlink_to(tmp_path)
    assert [path.name for path in files_below(tmp_path)] == ["seen.png"]
