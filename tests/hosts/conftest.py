"""One lab for all these tests: three hosts whose user has let the key in by ``tilework hosts --authorize``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.hosts.lab import Lab, forbidden, missing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lacking = missing()
    if lacking and os.environ.get("CI"):
        pytest.fail(lacking)
    reason = lacking or forbidden()
    if reason:
        pytest.skip(reason)
    with Lab(["a", "b", "c"]) as lab:
        done = lab.tilework("hosts", "a,b,c", "--authorize")
        assert done.returncode == 0, done.stderr
        yield lab
