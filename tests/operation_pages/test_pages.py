"""The pages tell of every operation what is true today."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.operation_pages.pages import FAMILIES, FOLDER, pages
from tests.operation_pages.pictures import PICTURES, pictures
from tilework.imaging import operations
from tilework.imaging.operations import registry

CHANGED = "The operations have changed. Look at them, then accept: make docs"

NEAR = 2.0
"""Mean difference of two renderings in levels of 255: other builds of OpenCV may encode a JPEG a little otherwise."""


def test_the_pages_say_what_the_operations_declare() -> None:
    found = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert found == pages(), CHANGED


def test_every_family_has_a_page() -> None:
    assert {operation.family for operation in registry().values()} == set(FAMILIES)


def test_there_is_each_picture_and_no_other() -> None:
    assert {path.name for path in PICTURES.iterdir()} == pictures().keys(), CHANGED


@pytest.mark.parametrize("name", pictures())
def test_a_picture_shows_what_is_made_today(name: str) -> None:
    operations.prepare()
    shown, made = (
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        for data in ((PICTURES / name).read_bytes(), pictures()[name]())
    )
    assert shown is not None
    assert made is not None
    assert shown.shape == made.shape, CHANGED
    assert np.abs(shown.astype(int) - made).mean() < NEAR, CHANGED
