"""The pages tell of every operation what is true today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.operation_pages.pages import FAMILIES, FOLDER, pages
from tests.operation_pages.pictures import PICTURES, pictures
from tests.operation_pages.thumbnails import OPERATIONS, PRESETS, thumbnails
from tilework.imaging import operations
from tilework.imaging.operations import registry

if TYPE_CHECKING:
    from pathlib import Path

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


def test_the_page_has_a_small_picture_of_each_and_all_of_a_folder_are_few_bytes() -> None:
    found = {path for folder in (PRESETS, OPERATIONS) for path in folder.iterdir()}
    assert found == thumbnails().keys(), CHANGED
    assert sum(path.stat().st_size for path in PRESETS.iterdir()) < 60_000
    assert sum(path.stat().st_size for path in OPERATIONS.iterdir()) < 60_000


@pytest.mark.parametrize("path", thumbnails(), ids=lambda path: path.stem)
def test_a_small_picture_shows_what_is_made_today(path: Path) -> None:
    operations.prepare()
    held, made = (
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        for data in (path.read_bytes(), thumbnails()[path]())
    )
    assert held is not None
    assert made is not None
    assert held.shape == made.shape, CHANGED
    assert np.abs(held.astype(int) - made).mean() < NEAR, CHANGED


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
