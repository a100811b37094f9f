"""What is proposed for a failed job: only what could ever help."""

from __future__ import annotations

import re
from pathlib import Path

from tilework.imaging.operations import registry
from tilework.remedies import HOPELESS, OF_THE_PIPELINE, Remedy, explained, may_succeed, remedies

CODES = re.compile(r"`([a-z_]+)`")


def test_every_code_that_is_told_apart_is_one_of_the_tree() -> None:
    assert registry()
    assert set(explained()) >= HOPELESS | OF_THE_PIPELINE
    assert not HOPELESS & OF_THE_PIPELINE


def test_a_file_that_cannot_be_read_is_never_to_be_tried_again_and_all_else_may_be() -> None:
    assert remedies("damaged") == ()
    assert remedies("bad_pipeline") == (Remedy.ANOTHER_PIPELINE,)
    for code in ("crashed", "no_attempts_left", "access_denied", "bad_presets", "of_a_plugin_of_tomorrow"):
        assert may_succeed(code), code


def test_what_a_code_means_is_a_sentence_without_markup() -> None:
    for told in explained().values():
        assert "`" not in told.sentence
        assert told.sentence.endswith("."), told
        assert told.advice


def test_the_table_by_symptom_says_the_same() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "troubleshooting.md").read_text()
    rows = [row.split("|") for row in text.splitlines() if row.startswith("| `")]
    retried = {code for row in rows if "tilework retry" in row[3] for code in CODES.findall(row[1])}
    assert retried
    assert all(map(may_succeed, retried))
