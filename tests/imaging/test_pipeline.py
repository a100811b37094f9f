from __future__ import annotations

import pickle
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilework.errors import PipelineError, TileworkError, UnsupportedPixelsError
from tilework.imaging.operations import Parameter, Pixels, registry
from tilework.imaging.operations.parameters import write
from tilework.imaging.pipeline import MAX_CANONICAL_CHARACTERS, MAX_SLUG_CHARACTERS, framed, parse
from tilework.imaging.windows import Size, Window


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Everything a parameter accepts."""
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.type == "bool":
        return st.booleans()
    if parameter.type == "float":
        return st.floats(parameter.minimum, parameter.maximum)
    numbers = st.integers(int(parameter.minimum or 0), int(parameter.maximum or 100))
    return numbers.map(lambda value: value | 1) if parameter.odd else numbers


@st.composite
def steps(draw: st.DrawFn) -> str:
    """A step in any of its spellings: a few arguments by position, some of the others by name."""
    operation = registry()[draw(st.sampled_from(["blur", "canny", "dilate", "erode", "invert"]))]
    count = len(operation.parameters)
    by_position = draw(st.integers(0, count))
    space = draw(st.sampled_from(["", " ", "\t "]))
    written = []
    for index, parameter in enumerate(operation.parameters):
        name = "" if index < by_position else f"{space}{parameter.name}{space}={space}"
        if not name or parameter.required or draw(st.booleans()):
            value = draw(values(parameter))
            written.append(name + write(min(value, 8) if parameter.name == "iterations" else value))
    return f"{space}{operation.name}{space}({space}{f'{space},{space}'.join(written)}{space})"


pipelines = st.lists(steps(), min_size=1, max_size=4).map(" | ".join)


@given(pipelines)
def test_canonical_text_parses_back_to_itself(text: str) -> None:
    pipeline = parse(text)
    again = parse(pipeline.canonical)
    assert again.canonical == pipeline.canonical
    assert again == pipeline
    assert [dict(step.arguments) for step in again.steps] == [dict(step.arguments) for step in pipeline.steps]


@given(pipelines)
def test_a_pipeline_survives_pickling(text: str) -> None:
    pipeline = parse(text)
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline  # noqa: S301 -- our own bytes


@given(pipelines)
def test_a_slug_is_short_and_safe_in_file_names(text: str) -> None:
    slug = parse(text).slug
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= MAX_SLUG_CHARACTERS


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("blur(9)|canny(100,200)", "blur(9) | canny(100, 200)"),
        ("blur(9, 9, 0)", "blur(9)"),
        ("blur(height=5, width=9)", "blur(9, 5)"),
        ("blur(9, sigma=.5)", "blur(9, sigma=0.5)"),
        ("canny(high=2e2, low=100.0)", "canny(100, 200)"),
        ("canny(1, 2, 3, false)", "canny(1, 2)"),
        ("canny(1, 2, l2gradient=true)", "canny(1, 2, l2gradient=true)"),
        ("erode", "erode(3)"),
        ("erode()", "erode(3)"),
        ("dilate(5, 1, cross)", "dilate(5, shape=cross)"),
        ("invert", "invert()"),
    ],
)
def test_one_pipeline_is_written_in_one_way_only(text: str, canonical: str) -> None:
    assert parse(text).canonical == canonical


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("blur(9) | cany(1, 2)", 10, "did you mean 'canny'?"),
        ("Invert", 0, "did you mean 'invert'?"),
        ("xyzzy", 0, f"there are {', '.join(sorted(registry()))}"),
        ("blur(wdth=9)", 5, "did you mean 'width'?"),
        ("blur", 0, "blur needs width"),
        ("canny(100)", 0, "canny needs high"),
        ("blur(8)", 5, "width is an odd number, not 8"),
        ("blur(-1)", 5, "width is at least 1, not -1"),
        ("blur(1001)", 5, "width is at most 999, not 1001"),
        ("blur(9.5)", 5, "width is a whole number, not 9.5"),
        ("blur(true)", 5, "width is a whole number, not true"),
        ("canny(1, 2, 4)", 12, "aperture is one of 3, 5, 7, not 4"),
        ("canny(1, 2, l2gradient=1)", 23, "l2gradient is true or false, not 1"),
        ("canny(1e999, 2)", 6, "low is too large a number"),
        (f"canny({'9' * 400}, 2)", 6, "low is too large a number"),
        ("erode(3, shape=rekt)", 15, "shape is one of rect, cross, ellipse, not rekt"),
        ("invert | erode(255, 9)", 9, "reach across 2,286 pixels; 2,048 are allowed"),
        ("blur(9, width=9)", 8, "width is given twice"),
        ("blur(width=9, 5)", 14, "expected a named argument"),
        ("invert(3)", 7, "too many arguments for invert()"),
        ("blur(9", 6, "expected ',' or ')', found the end"),
        ("blur(9,)", 7, "expected a value"),
        ("blur(width=)", 11, "expected a value for width"),
        ("blur(9x)", 6, "expected ',' or ')', found 'x'"),
        ("blur(9) invert()", 8, "expected '|' between operations"),
        ("blur(9) |", 9, "expected the name of an operation"),
        ("| invert", 0, "expected the name of an operation"),
        ("blur(9)!", 7, "unexpected character '!'"),
        ("blur(9);", 7, "expected '|' between operations, found ';'"),
        ("invert | \N{SNOWMAN}", 9, r"unexpected character '\u2603'"),
    ],
)
def test_an_error_points_at_the_character_and_says_what_is_wanted(
    text: str, position: int, reason: str
) -> None:
    with pytest.raises(PipelineError) as caught:
        parse(text)
    assert caught.value.position == position
    assert reason in caught.value.reason


@given(st.one_of(st.text(max_size=40), st.text("blurcanyinvet(),|=0123456789. ", max_size=40)))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        parse(text)
    except TileworkError as error:
        assert isinstance(error, PipelineError)  # noqa: PT017 -- most texts of this kind raise nothing
        assert 0 <= (error.position or 0) <= len(text)  # noqa: PT017


def test_a_pipeline_longer_than_its_rows_can_hold_is_refused() -> None:
    longest = " | ".join(["erode(3)"] * 36)
    assert len(parse(longest).canonical) <= MAX_CANONICAL_CHARACTERS
    with pytest.raises(PipelineError, match="400 are allowed"):
        parse(longest + " | erode(3) | erode(3)")
    with pytest.raises(PipelineError, match="too long"):
        parse("invert" + " " * 5000)


def test_a_cut_slug_still_tells_pipelines_apart() -> None:
    slugs = {parse(" | ".join(["blur(9)"] * 10 + [last])).slug for last in ("erode(3)", "erode(5)")}
    assert len(slugs) == 2


@pytest.mark.parametrize(
    ("text", "mask"), [("canny(1, 2)", True), ("canny(1, 2) | dilate", True), ("blur(3)", False)]
)
def test_what_comes_from_a_mask_counts_as_one(text: str, mask: bool) -> None:
    assert parse(text).makes_mask is mask


def test_windows_add_their_margins_backwards_and_end_at_the_true_edge() -> None:
    sites = parse("blur(9) | erode(3, 2)").sites(Window(0, 50, 10, 60), Size(100, 62), Pixels("uint8", 3))
    assert [site.source for site in sites] == [Window(0, 44, 16, 62), Window(0, 48, 12, 62)]
    assert [site.output for site in sites] == [Window(0, 48, 12, 62), Window(0, 50, 10, 60)]


def test_windows_of_a_chain_with_canny_reach_as_far_as_its_thinning_and_the_blur() -> None:
    sites = parse("blur(9) | canny(1, 2) | invert").sites(
        Window(0, 0, 5, 5), Size(40, 30), Pixels("uint8", 1)
    )
    assert [site.source for site in sites] == [Window(0, 0, 11, 11), Window(0, 0, 7, 7), Window(0, 0, 5, 5)]


def test_windows_of_other_than_bytes_keep_to_a_grid_of_64_columns_and_8_rows() -> None:
    site = parse("blur(9)").sites(Window(70, 10, 120, 20), Size(1000, 1000), Pixels("float32", 1))[0]
    assert site.source == Window(64, 0, 128, 24)


@pytest.mark.parametrize(
    ("text", "pixels"),
    [("canny(1, 2)", Pixels("uint16", 1)), ("blur(9) | canny(1, 2)", Pixels("float32", 3))],
)
def test_an_operation_refuses_depths_it_does_not_take(text: str, pixels: Pixels) -> None:
    with pytest.raises(
        UnsupportedPixelsError, match=f"canny takes uint8 pixels, and these are {pixels.dtype}"
    ):
        parse(text).kinds(pixels)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("page(2)|blur( 9 )|output( png )", "page(2) | blur(9) | output(png)"),
        ("output(webp)", "output(webp)"),
        ("page(0) | invert", "page(0) | invert()"),
    ],
)
def test_page_and_output_frame_the_operations(text: str, canonical: str) -> None:
    assert parse(text).canonical == canonical
    assert parse(canonical) == parse(text)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("blur(9) | page(1)", 10, "page comes first"),
        ("output(png) | blur(9)", 14, "nothing can follow output"),
        ("output(gif)", 7, "one of png, jpeg, tiff, webp, "),
        ("page(-1) | invert", 5, "at least 0"),
        ("page | invert", 0, "page needs its number"),
        ("outptu(png)", 0, "did you mean 'output'"),
    ],
)
def test_a_wrong_frame_is_pointed_at(text: str, position: int, words: str) -> None:
    with pytest.raises(PipelineError, match=words) as caught:
        parse(text)
    assert caught.value.position == position


def test_what_stands_beside_a_pipeline_overrules_its_frame() -> None:
    pipeline = parse("page(1) | blur(9) | output(png)")
    assert framed(pipeline, page=None, output=None) == pipeline
    assert framed(pipeline, page="0", output="tiff").canonical == "page(0) | blur(9) | output(tiff)"
    assert framed(parse("invert"), page=None, output="jpeg").canonical == "invert() | output(jpeg)"
    assert framed(pipeline, page=None, output="TIF").output == "tiff"
    with pytest.raises(PipelineError, match=r"page=first beside the pipeline .* whole number"):
        framed(pipeline, page="first", output=None)
    with pytest.raises(
        PipelineError, match=r"output=gif beside the pipeline .* one of png, jpeg, tiff, webp"
    ):
        framed(pipeline, page=None, output="gif")


def test_reading_and_describing_pipelines_needs_neither_opencv_nor_numpy() -> None:
    program = (
        "import sys; sys.modules['cv2'] = sys.modules['numpy'] = None\n"
        "from tilework.imaging.pipeline import parse\n"
        "from tilework.imaging.operation_facts import describe, facts\n"
        "from tilework.imaging.operations import registry\n"
        "from tilework.imaging.formats import Format\n"
        "from tilework.imaging.plan import wanted_format\n"
        "from tilework.imaging.limits import Limits\n"
        "[(describe(operation), facts(operation)) for operation in registry().values()]\n"
        "print(parse('blur(9)|canny(1,2)'), wanted_format(Format.JPEG, parse('invert')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "blur(9) | canny(1, 2) jpeg\n", done.stderr
