"""The pictures in the documents are there, small, and those that are made."""

from __future__ import annotations

import re

from PIL import Image

from tests.screenshots.__main__ import MOST_BYTES, PICTURES
from tests.screenshots.views import VIEWS
from tests.test_docs import DOCUMENTS

SHOWN = re.compile(r"!\[(?P<told>[^\]]*)\]\((?P<path>[^)]+)\)")


def test_every_picture_in_the_documents_is_there_and_is_told_to_whom_cannot_see_it() -> None:
    for document in DOCUMENTS:
        for picture in SHOWN.finditer(document.read_text()):
            assert (document.parent / picture["path"]).is_file(), (document.name, picture["path"])
            assert len(picture["told"]) >= 10, (document.name, picture["path"])


def test_every_screenshot_is_of_a_view_that_is_taken_and_small_enough_for_a_slow_line() -> None:
    files = sorted(PICTURES.iterdir())
    assert {file.stem for file in files} == set(VIEWS)
    for file in files:
        assert file.stat().st_size <= MOST_BYTES
        with Image.open(file) as picture:
            assert picture.format == "WEBP"


def test_every_screenshot_is_shown_somewhere() -> None:
    texts = [document.read_text() for document in DOCUMENTS]
    shown = {path.rsplit("/", 1)[-1] for text in texts for _, path in SHOWN.findall(text)}
    assert {file.name for file in PICTURES.iterdir()} <= shown
