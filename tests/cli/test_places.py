"""Whatever keys are called, results end in files of their own, inside the folder and nowhere else."""

from __future__ import annotations

import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from tilework.cli.fetch import Folder, Line
from tilework.cli.places import OWN, Parts, Places, Wanted, is_safe
from tilework.errors import UnwritableError
from tilework.imaging.result_kinds import suffix_of
from tilework.jobs.in_memory import MemoryStore
from tilework.jobs.job import digest
from tilework.shown import JOINERS

NASTY = ("", ".", "..", "...", "a", "A", "a.jpg", "A.JPG", "a.png", "é.jpg", "e\u0301.jpg", "\x00", "\x1b[31m", "\u202e",
         "~", "C:", "\\..\\x", "a. ", OWN, OWN.upper(), "ß", "SS", "ﬁ", "x" * 300, "🦊" * 100, " ", "-rf", "con")  # fmt: skip
KEYS = some.lists(some.sampled_from(NASTY) | some.text(max_size=6), min_size=1, max_size=6).map("/".join)
SETS = some.lists(
    KEYS.filter(lambda key: 0 < len(key.encode("utf-8", "replace")) <= 1024), max_size=12, unique=True
)
SUFFIXES = some.sampled_from([".jpg", ".png", ".tif", ".json", ".csv", ".dzi.tar"])


def nothing(_: Parts) -> str:
    return ""


def places(keys: list[str], suffix: str = ".png", prefix: str = "", **placed: Parts) -> dict[str, Parts]:
    wanted = [Wanted(key, digest(key), suffix) for key in keys]
    return Places(placed, nothing).assign(wanted, prefix)


def alike(parts: Parts) -> Parts:
    """What a file system that ignores case and normal forms takes a path for."""
    return tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)


@settings(max_examples=300, deadline=None)
@given(SETS, SUFFIXES)
@example(["a", "a/b", "A/b", "a/b/c", "a/b/"], ".png")
@example(["../../etc/passwd", "/etc/passwd", "..", "a/../../b", "//", "/"], ".png")
def test_every_key_has_a_place_of_its_own_inside_that_no_file_system_mistakes(
    keys: list[str], suffix: str
) -> None:
    found = places(keys, suffix)
    assert set(found) == set(keys)
    files = [alike(parts) for parts in found.values()]
    assert len(set(files)) == len(files)
    folders = {parts[:depth] for parts in files for depth in range(1, len(parts))}
    assert not folders & set(files)
    for parts in found.values():
        assert is_safe(parts)
        assert parts[0].casefold() != OWN
        for part in parts:
            assert len(part.encode()) <= 255
            assert not [
                each
                for each in part
                if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and each not in JOINERS
            ]


@settings(max_examples=60, deadline=None)
@given(SETS)
def test_all_of_them_can_be_written_side_by_side_and_are_inside(keys: list[str]) -> None:
    outputs = MemoryStore("out")
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name) / "results")
        folder.open()
        outside = set(Path(name).iterdir())
        found = Places({}, folder.in_the_way).assign([Wanted(key, digest(key), ".png") for key in keys], "")
        for key, parts in found.items():
            outputs.create(digest(key), key.encode(), metadata={}, content_type="image/png")
            folder.fetch(outputs, Line(key, digest(key), digest(key), parts))
        assert set(Path(name).iterdir()) == outside
        for key, parts in found.items():
            assert (Path(name) / "results").joinpath(*parts).read_bytes() == key.encode()
        assert {line.key for line in folder.open().values()} == set(keys)


@settings(max_examples=100, deadline=None)
@given(SETS, SETS)
def test_what_was_placed_stays_where_it_is_when_more_comes(first: list[str], more: list[str]) -> None:
    before = places(first)
    wanted = [Wanted(key, digest(key), ".png") for key in dict.fromkeys([*more, *first])]
    after = Places(before, nothing).assign(wanted, "")
    assert {key: after[key] for key in before} == before
    files = [alike(parts) for parts in after.values()]
    assert len(set(files)) == len(files)
    folders = {parts[:depth] for parts in files for depth in range(1, len(parts))}
    assert not folders & set(files)


def test_folders_are_those_of_the_keys_from_the_last_slash_of_the_prefix_on() -> None:
    keys = ["submitted/photos/day 1/a.png", "submitted/photos/b.png"]
    assert set(places(keys, prefix="submitted/").values()) == {
        ("photos", "day 1", "a.png"),
        ("photos", "b.png"),
    }
    assert set(places(keys, prefix="submitted/pho").values()) == {
        ("photos", "day 1", "a.png"),
        ("photos", "b.png"),
    }
    assert set(places(keys, prefix="submitted/photos/").values()) == {("day 1", "a.png"), ("b.png",)}


def test_a_result_is_called_as_its_source_with_the_suffix_of_what_it_is() -> None:
    assert places(["a.jpg"]) == {"a.jpg": ("a.png",)}
    assert places(["a.jpeg"], ".jpg") == {"a.jpeg": ("a.jpeg",)}
    assert places(["scan.v2"]) == {"scan.v2": ("scan.v2.png",)}
    assert places(["a.jpg", "a.png"]) == {"a.png": ("a.png",), "a.jpg": ("a.jpg.png",)}


def test_a_report_is_called_as_its_image_and_a_file_of_reports_kind_keeps_its_name() -> None:
    assert places(["a.png", "b.json", "c"], ".json") == {
        "a.png": ("a.json",),
        "b.json": ("b.json",),
        "c": ("c.json",),
    }


def test_where_two_would_meet_one_bears_digits_of_its_job() -> None:
    found = places(["a.png", "A.png"])
    assert found == {"a.png": ("a.png",), "A.png": (f"A-{digest('A.png')[:8]}.png",)}


def test_nothing_that_lay_there_before_is_overwritten_or_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "mine.png").write_text("mine")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    here = Folder(folder)
    keys = ["mine.png", "link/a.png"]
    found = Places({}, here.in_the_way).assign([Wanted(key, digest(key), ".png") for key in keys], "")
    assert found == {"mine.png": (f"mine-{digest('mine.png')[:8]}.png",), "link/a.png": ("link_", "a.png")}
    for escape in (("link", "a.png"), ("..", "a.png"), ("",), ("a/b",)):
        with pytest.raises(UnwritableError, match="outside"):
            here.path(escape)


def test_half_of_a_result_is_gone_on_with_and_a_list_that_was_cut_off_is_read_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    outputs, body = MemoryStore("out"), bytes(range(256)) * 10
    outputs.create("r", body, metadata={}, content_type="image/png")
    here = Folder(tmp_path)
    here.open()
    line = Line("a.png", "ab" * 16, "r", ("a.png",))
    (tmp_path / OWN / f"{line.job}.part").write_bytes(body[:1000])
    reads: list[int] = []
    read = outputs.read

    def noting(key: str, version: str | None, start: int, stop: int) -> bytes:
        reads.append(start)
        return read(key, version, start, stop)

    outputs.read = noting  # type: ignore[method-assign]
    here.fetch(outputs, line)
    assert reads == [1000]
    assert (tmp_path / "a.png").read_bytes() == body
    assert here.has(line)
    with (tmp_path / OWN / "fetched.jsonl").open("a") as written:
        written.write('{"key": "b.png", "job": "x", "result": "r", "parts": ["..", "b.png"]}\n{"key": "c')
    assert here.open() == {"a.png": line}


def test_an_archive_of_tiles_keeps_the_whole_end_of_its_name() -> None:
    assert suffix_of("results/photo-0123.dzi.tar") == ".dzi.tar"
    assert suffix_of("results/photo.x-0123.png") == ".png"
    assert places(["shots/photo.png"], ".dzi.tar") == {"shots/photo.png": ("shots", "photo.dzi.tar")}
