"""Which pipeline a drop goes through: its metadata, else its folder's preset, else the default; in this order."""

from __future__ import annotations

import pytest

from tilework.errors import PipelineError, PresetsError
from tilework.imaging.pipeline import parse
from tilework.jobs.preset_file import MOST_BYTES, read_presets, shipped_presets
from tilework.jobs.presets import Preset, Presets, choose

PRESETS = Presets.shipped({"edges": "canny(100, 200)", "smooth": "blur(9)"})


def chosen(key: str, **metadata: str) -> str:
    return choose(key, metadata, lambda: PRESETS, "blur(3)").canonical


def nobody_asks() -> Presets:
    raise AssertionError("the presets were read for a drop that names none")


def test_metadata_comes_before_the_folder_and_the_folder_before_the_default() -> None:
    assert chosen("drop/edges/a.jpg", pipeline="invert") == "invert()"
    assert chosen("drop/edges/a.jpg") == "canny(100, 200)"
    assert chosen("a.jpg") == "blur(3)"


def test_presets_are_read_only_where_a_folder_names_one() -> None:
    assert choose("drop/x/a.jpg", {"pipeline": "invert"}, nobody_asks, "blur(3)").canonical == "invert()"
    assert choose("photos/a.jpg", {}, nobody_asks, "blur(3)").canonical == "blur(3)"


def test_a_folder_without_a_preset_is_refused_with_the_nearest_name_and_what_to_do() -> None:
    with pytest.raises(PipelineError, match="did you mean 'edges'") as refused:
        chosen("drop/edge/a.jpg")
    assert "tilework presets" in refused.value.advice


def test_an_empty_pipeline_in_the_metadata_is_not_silently_the_default() -> None:
    with pytest.raises(PipelineError):
        chosen("a.jpg", pipeline="")


def test_every_shipped_preset_is_a_pipeline_in_canonical_form() -> None:
    presets = shipped_presets()
    assert presets
    for text in presets.values():
        assert parse(text).canonical == text


@pytest.mark.parametrize(
    ("metadata", "pipeline"),
    [
        ({"pipeline": "invert", "output": "tiff"}, "invert() | output(tiff)"),
        ({"page": "3"}, "page(3) | blur(9)"),
        ({"pipeline": "page(1) | invert", "page": "0", "output": "png"}, "page(0) | invert() | output(png)"),
    ],
)
def test_a_drop_may_ask_for_a_page_and_an_output(metadata: dict[str, str], pipeline: str) -> None:
    assert choose("photo.tif", metadata, Presets, "blur(9)").canonical == pipeline


@pytest.mark.parametrize("metadata", [{"output": "gif"}, {"page": "first"}, {"page": "-1"}])
def test_a_page_or_output_that_there_is_none_of_is_a_bad_pipeline(metadata: dict[str, str]) -> None:
    with pytest.raises(PipelineError):
        choose("photo.tif", metadata, Presets, "blur(9)")


def test_the_buckets_presets_go_before_the_shipped_ones() -> None:
    both = read_presets(b'[presets]\nedges = "invert"\nown = "dilate(3)"', "own.toml").over(PRESETS)
    assert [both.pipeline(name).canonical for name in ("edges", "own", "smooth")] == [
        "invert()",
        "dilate(3)",
        "blur(9)",
    ]
    assert both.by_name["smooth"].shipped
    assert not both.by_name["edges"].shipped


# --- a file of presets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'[presets]\nx = "blur(9)"\ny "invert"\n', "(at line 3, column 3)"),
        (b'[presets]\nx = "blur(9)\n', "(at line 2, column 13)"),
        (b'[presets]\nx = "blur(9)"\nx = "invert"\n', "(at line 3, column 13)"),
        (b'[presets]\nx = "blur(9)"\n# caf\xe9\n', "at line 3, byte 29"),
        (b"\xff\xfe[\0p\0", "at line 1"),
        (b'x = "blur(9)"\n', "[presets]"),
        (b'presets = "blur(9)"\n', "[presets]"),
        (b"", "[presets]"),
        (b'y = "invert"\n[presets]\nx = "blur(9)"\n', "'y'"),
        (b"[presets]\nx = " + b"[" * 5_000, "own.toml"),
        (b"[presets]\nx = " + b"9" * 5_000, "own.toml"),
        (b"#" * (MOST_BYTES + 1), str(MOST_BYTES)),
    ],
)
def test_a_file_that_cannot_be_read_says_where(body: bytes, place: str) -> None:
    found = read_presets(body, "own.toml")
    assert found.fault.startswith("The file own.toml ")
    assert place in found.fault
    assert len(found.fault) < 400
    with pytest.raises(PresetsError) as refused:
        found.over(PRESETS).pipeline("z")
    assert place in refused.value.reason
    assert "tilework presets --check" in refused.value.advice


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('x = "blurr(9)"', "did you mean 'blur'? (at character 1)"),
        ('x = "invert | blur(9"', "(at character 16)"),
        ('x = ""', "is empty"),
        ("x = 9", "a text in quotes, not a number"),
        ("x = true", "not true or false"),
        ('x.y = "invert"', "not a table"),
        ('x = ["invert"]', "not a list"),
        ('"x/y" = "invert"', "slash"),
        ('"" = "invert"', "character"),
    ],
)
def test_a_preset_that_cannot_be_understood_is_told_by_name_and_place_and_hurts_no_other(
    line: str, place: str
) -> None:
    found = read_presets(f'[presets]\ngood = "blur(5)"\n{line}\n'.encode(), "own.toml")
    assert found.pipeline("good").canonical == "blur(5)"
    (fault,) = found.faults
    (bad,) = [preset for preset in found.by_name.values() if preset.fault]
    assert f"The preset {bad.name!r} in own.toml: " in fault
    assert place in fault
    with pytest.raises(PresetsError, match=r"own\.toml"):
        found.pipeline(bad.name)


def test_a_broken_file_leaves_the_shipped_presets_as_they_are() -> None:
    both = read_presets(b"[presets\n", "own.toml").over(PRESETS)
    assert both.pipeline("edges").canonical == "canny(100, 200)"
    assert both.faults == [both.fault]


def test_a_file_as_windows_writes_it_is_read() -> None:
    found = read_presets(b'\xef\xbb\xbf[presets]\r\n"gr\xc3\xbcn 1" = "blur(9)"\r\n', "own.toml")
    assert found == Presets({"grün 1": Preset("grün 1", "blur(9)")})


def test_a_name_that_plays_with_a_terminal_is_told_harmlessly() -> None:
    for fault in read_presets('[presets]\n"\\u001b[31m\u202e" = 3'.encode(), "own.toml").faults:
        assert fault.isprintable()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cell-mask", "blur(9) | otsu()"),
        ("median(3) | cell-mask() | invert()", "median(3) | blur(9) | otsu() | invert()"),
        ("cell-mask(3)", None),
        ("cell-mas", None),
        ("blurr(3)", None),
    ],
)
def test_a_preset_that_is_named_as_if_it_were_an_operation_is_known_for_what_is_meant(
    text: str, meant: str | None
) -> None:
    presets = Presets.shipped({"cell-mask": "blur(9) | otsu()"})
    with pytest.raises(PipelineError) as refused:
        parse(text)
    found = presets.meant(text, refused.value.position)
    assert (found and found.text) == meant
