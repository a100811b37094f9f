"""`tilework batch`, and what `submit` notes for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_submit_and_jobs import PHOTO

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


@pytest.mark.usefixtures("judge")
def test_a_batch_is_noted_with_its_size_and_told_as_a_whole(joined: CommandLine) -> None:
    (joined.folder / "good.png").write_bytes(PHOTO)
    (joined.folder / "bad.png").write_bytes(b"no image")
    submitted = joined.run(
        "submit", "good.png", "bad.png", "-p", "invert", "--batch", "süden 1", "--wait", status=1
    )
    assert "süden 1: done 1, failed 1 of 2" in submitted.stderr
    whole = json.loads(joined.run("batch", "süden 1", "--json").stdout)
    assert (whole["size"], whole["states"]["DONE"], whole["ended"], whole["over"]) == (2, 1, 2, True)
    assert "done 1, failed 1 of 2" in joined.run("batch", "süden 1", "--wait", status=1).stdout
    assert "süden 1" in joined.run("batch").stdout
    again = joined.run("submit", "good.png", "-p", "invert", "--batch", "süden 1")
    assert "is there already" in again.stderr


def test_a_batch_that_nobody_knows_is_told_so(joined: CommandLine) -> None:
    assert "Nothing is known of a batch 'none'" in joined.run("batch", "none", status=2).stderr
    assert "No batch was noted yet." in joined.run("batch").stderr
