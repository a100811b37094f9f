"""The files of others that the page loads: each is listed with its licence, and is the one that is listed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "master" / "static" / "vendor"
LISTED = re.compile(r"`([\w./-]+)` \| `([0-9a-f]{64})`")


def test_every_file_of_others_is_the_one_that_is_listed() -> None:
    listed = dict(LISTED.findall((VENDOR / "README.md").read_text()))
    files = [path for path in VENDOR.rglob("*") if path.is_file() and path.name != "README.md"]
    hashes = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
    assert hashes == listed


def test_every_package_has_its_licence() -> None:
    folders = [path for path in VENDOR.iterdir() if path.is_dir()]
    assert folders
    assert all((folder / "LICENSE").is_file() for folder in folders)
