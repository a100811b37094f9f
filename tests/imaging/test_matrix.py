"""Matrices in the pipeline language: a kernel of one's own, written in one way and read back to the last bit."""

from __future__ import annotations

import json
import pickle
import re
import shlex
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilework.errors import PipelineError
from tilework.imaging.operation_facts import describe
from tilework.imaging.operations import Parameter, registry
from tilework.imaging.operations.parameters import Matrix, write
from tilework.imaging.pipeline import MAX_CANONICAL_CHARACTERS, MAX_SLUG_CHARACTERS, parse

NUMBERS = st.one_of(
    st.integers(-20, 20).map(float), st.floats(-1e6, 1e6), st.sampled_from([0.1, 1 / 9, 1e-7, 5e-324, -0.0])
)
MATRICES = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda sides: st.tuples(*[st.tuples(*[NUMBERS] * sides[1])] * sides[0])
)


def fits(matrix: Matrix) -> bool:
    return len(write(matrix)) < MAX_CANONICAL_CHARACTERS - len("filter2d()")


@settings(max_examples=150)
@given(MATRICES.filter(fits), st.sampled_from(["", " ", "\t"]))
def test_a_matrix_reads_back_to_the_last_bit(matrix: Matrix, space: str) -> None:
    rows = (f"{space},{space}".join(map(repr, row)) for row in matrix)
    pipeline = parse(f"filter2d({space}[{space}{f'{space};{space}'.join(rows)}{space}]{space})")
    given_matrix = pipeline.steps[0].arguments["kernel"]
    assert given_matrix == matrix
    again = parse(pipeline.canonical)
    assert again.canonical == pipeline.canonical
    assert again == pipeline
    assert repr(again.steps[0].arguments["kernel"]) == repr(given_matrix)
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline  # noqa: S301 - our own bytes


@settings(max_examples=50)
@given(MATRICES.filter(fits))
def test_a_matrix_goes_through_shells_addresses_and_metadata(matrix: Matrix) -> None:
    text = parse(f"filter2d({write(matrix)})").canonical
    assert re.fullmatch("[ -~]+", text), "printable ASCII, which S3 keeps in metadata as it is"
    assert text.strip() == text
    assert "  " not in text
    assert shlex.split(shlex.quote(text)) == [text]
    assert not {"'", '"', "\\", "$", "`"} & set(text), "plain quotes are enough in a shell"
    assert parse_qs(urlencode({"text": text}))["text"] == [text]
    assert json.loads(json.dumps(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (
            "filter2d([0,-1,0;-1,5,-1;0,-1,0])",
            "filter2d([0, -1, 0; -1, 5, -1; 0, -1, 0])",
        ),
        ("filter2d(kernel=[1])", "filter2d([1])"),
        ("filter2d([+1.0, .5; 1e2, -0.0], 4, 0)", "filter2d([1, 0.5; 100, 0], 4)"),
        ("filter2d([0.1111111111111111], delta=128)", "filter2d([0.1111111111111111], delta=128)"),
        ("filter2d([1e-07, 2.5e-300])", "filter2d([1e-07, 2.5e-300])"),
    ],
)
def test_a_matrix_is_written_in_one_way_only(text: str, canonical: str) -> None:
    assert parse(text).canonical == canonical


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("filter2d", 0, "filter2d needs kernel"),
        ("filter2d(3)", 9, "kernel is a matrix such as [0, 1; 1, 0], not 3"),
        ("filter2d(sharp)", 9, "kernel is a matrix such as [0, 1; 1, 0], not sharp"),
        ("filter2d([])", 10, "expected a number, found ']'"),
        ("filter2d([1, ])", 13, "expected a number, found ']'"),
        ("filter2d([1; ])", 13, "expected a number, found ']'"),
        ("filter2d([1 2])", 12, "expected ',', ';' or ']', found '2'"),
        ("filter2d([1, x])", 13, "expected a number, found 'x'"),
        ("filter2d([1, [2]])", 13, "expected a number, found '['"),
        ("filter2d([1, 2", 14, "expected ',', ';' or ']', found the end"),
        ("filter2d([1, 2; 3])", 16, "a row of 1 below one of 2: all rows are of one length"),
        ("filter2d([1; 2, 3; 4])", 13, "a row of 2 below one of 1"),
        ("filter2d([1, 2000000])", 13, "kernel is at most 1000000, not 2000000"),
        ("filter2d([1, 1e999])", 13, "kernel holds too large a number"),
        (f"filter2d([1, {'9' * 400}])", 13, "kernel holds too large a number"),
        (f"filter2d([{'1, ' * 99}1])", 9, "kernel is at most 99 x 99 (rows x columns), not 1 x 100"),
        ("filter2d([1], divisor=0)", 22, "divisor is at least 1e-06, not 0"),
        ("filter2d([1], kernel=[2])", 14, "kernel is given twice"),
        ("blur([9])", 5, "width is a whole number, not [9]"),
        ("erode(3, shape=[1])", 15, "shape is a word, not [1]"),
        ("blur(9) | ]", 10, "expected the name of an operation, found ']'"),
        ("blur(])", 5, "expected a value, found ']'"),
    ],
)
def test_an_error_in_a_matrix_points_at_the_character(text: str, position: int, reason: str) -> None:
    with pytest.raises(PipelineError) as caught:
        parse(text)
    assert reason in caught.value.reason
    assert caught.value.position == position


def test_a_kernel_too_long_for_a_pipeline_is_told_what_is_shorter() -> None:
    with pytest.raises(PipelineError, match="400 are allowed") as caught:
        parse(f"filter2d([{'; '.join([', '.join([repr(1 / 81)] * 9)] * 9)}])")
    assert "whole numbers with a divisor" in caught.value.advice
    parse(f"filter2d([{'; '.join([', '.join(['-1'] * 9)] * 9)}], 81)")


def test_a_slug_tells_kernels_of_other_signs_and_shapes_apart() -> None:
    texts = ["[0, 1; 1, 5]", "[0, -1; 1, 5]", "[0, 1, 1, 5]", "[0.1; 1.5]"]
    slugs = [parse(f"filter2d({text})").slug for text in texts]
    assert len(set(slugs)) == len(texts)
    for slug in slugs:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
        assert len(slug) <= MAX_SLUG_CHARACTERS
        assert slug.startswith("filter2d-0-1-1-5-")


def test_a_matrix_is_described_in_json() -> None:
    told = json.loads(json.dumps(describe(registry()["filter2d"])))["parameters"][0]
    assert told["type"] == "matrix"
    assert told["longest"] == [99, 99]
    assert told["example"] == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]


def test_a_matrix_may_have_to_have_a_middle() -> None:
    parameter = Parameter(name="element", type="matrix", help="An element.", odd=True)
    assert parameter.accept(((1, 2, 3),)) == ((1.0, 2.0, 3.0),)
    with pytest.raises(ValueError, match="odd number of rows and of columns, not 1 x 2"):
        parameter.accept(((1, 2),))
    for broken in ((), ((),), ((1, 2), (3,))):
        with pytest.raises(ValueError, match="rows of one length"):
            parameter.accept(broken)
