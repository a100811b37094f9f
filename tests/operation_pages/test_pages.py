"""The pages tell of every operation what is true today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.operation_pages.pages import FAMILIES, FOLDER, pages
from tests.operation_pages.pictures import PICTURES, pictured, render
from tilework.imaging import operations
from tilework.imaging.operations import registry

if TYPE_CHECKING:
    from tilework.imaging.operations import Operation

CHANGED = "The operations have changed. Look at them, then accept: make docs"

NEAR = 2.0
"""Mean difference of two renderings in levels of 255: other builds of OpenCV may encode a JPEG a little otherwise."""


def test_the_pages_say_what_the_operations_declare() -> None:
    found = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert found == pages(), CHANGED


def test_every_family_has_a_page() -> None:
    assert {operation.family for operation in registry().values()} == set(FAMILIES)


def test_no_picture_is_left_of_an_operation_that_is_no_more() -> None:
    wanted = {f"{name}.jpg" for name, operation in registry().items() if pictured(operation)}
    assert {path.name for path in PICTURES.iterdir()} == wanted, CHANGED


@pytest.mark.parametrize(
    "operation", [each for each in registry().values() if pictured(each)], ids=lambda each: each.name
)
def test_a_picture_shows_what_the_operation_makes(operation: Operation) -> None:
    operations.prepare()
    shown, made = (
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        for data in ((PICTURES / f"{operation.name}.jpg").read_bytes(), render(operation))
    )
    assert shown is not None
    assert made is not None
    assert shown.shape == made.shape, CHANGED
    assert np.abs(shown.astype(int) - made).mean() < NEAR, CHANGED
