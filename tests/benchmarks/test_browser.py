"""What is measured of the page in a browser is measured, at toy size: the figures mean nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import main
from benchmarks.scope import SMALL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.page
def test_the_page_is_measured_in_a_browser(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    main(
        ["--small", "--page", str(page), "--results", str(tmp_path / "r.json"), "--sections", "preview,list"]
    )
    written = page.read_text()
    assert "| `clahe(n)` | exact |" in written
    assert f"screens of {SMALL.listed} jobs" in written
