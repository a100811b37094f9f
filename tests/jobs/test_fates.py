"""One table tells what each failure costs; hosts go by it, and docs/failures.md prints it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tilework.aws.connect import ATTEMPTS
from tilework.aws.failures import GONE, NOT_DEPLOYED, PASSING, THROTTLED, UPLOAD_OVER
from tilework.errors import TileworkError
from tilework.jobs.fates import Fate, fate_of, kinds
from tilework.jobs.job import Ask, Drop
from tilework.jobs.transitions import MAX_ATTEMPTS, MAX_LOSSES, Claimant, first_claim, released

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "failures.md"

INTRODUCTION = f"""\
# Failures, and what they cost

Every failure has a code, which the job's row, the page and `tilework export` tell with a sentence and advice. Three things
may be tried again, one within the other:

1. **The request.** Whatever a service or the wire fails with is tried up to {ATTEMPTS} times by the client, with back-off
   and jitter up to some seconds, within the attempt. So a single 500 or a cut connection costs a job nothing but time.
2. **The attempt.** What still fails then, or fails in the work itself, ends the attempt. The table below tells what that
   costs; a pause before the next doubles up to a minute, with jitter. A unit of a large image has five attempts of its
   own; where the table says that a failure is a loss, it costs a unit only one of its message's receives.
3. **The message.** What is received twenty times without an end becomes a dead letter. The keeper fails its job if no
   attempts are left, with the last reason, else it counts a loss and sends it again.

A process that ends under its work is no failure yet ([concepts](concepts.md#attempts-and-losses)): the job goes again. A
job that ends for that, or for want of attempts, leaves its message among the dead letters, with the reason.

## What each failure costs

| code | what it is | then |
|---|---|---|
"""

CODES = """
## What the services say

An answer whose code is none of these counts by its status: 429 is throttling, 500 and more pass, 403 is `access_denied`,
what is left is `refused`. What comes from the wire (refused, cut, silent) passes.

| code of the service | failure |
|---|---|
"""

OF_NO_JOB = {
    *(
        "bad_cursor",
        "bad_metadata",
        "no_such_tile",
        "no_tiles",
        "still_worked_on",
        "tile_not_made",
        "tile_not_shown",
    ),
    *("unreadable_file", "unwritable", "wrong_state"),
    *("cannot_start", "setup_failed", "unfit"),
}
"""Told to whoever asks for something, or starts something; no job meets them."""


def rendered() -> str:
    rows: dict[str, str] = {}
    for kind in kinds():
        if kind.__module__ == "tilework.errors" and kind.code not in OF_NO_JOB:
            sentence = re.sub(
                r"(:\w+:)?`+([^`]+)`+", r"`\2`", " ".join(str(kind.__doc__).split("\n\n")[0].split())
            )
            rows.setdefault(kind.code, f"| `{kind.code}` | {sentence} | {fate_of(kind).value} |\n")
    said = [("throttled", THROTTLED), ("service_unavailable", PASSING), ("version_gone", GONE)]
    said += [("upload_over", UPLOAD_OVER), ("bad_settings", NOT_DEPLOYED)]
    codes = [f"| {listed(names)} | `{code}` |\n" for code, names in said]
    return INTRODUCTION + "".join(rows[code] for code in sorted(rows)) + CODES + "".join(codes)


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def test_the_documented_table_is_what_the_code_does() -> None:
    written = rendered()
    if os.environ.get("UPDATE_SNAPSHOTS"):
        DOCUMENT.write_text(written)
    assert written == DOCUMENT.read_text(), (
        "The table has changed. Look at it, then accept it: UPDATE_SNAPSHOTS=1 python -m pytest tests/jobs/test_fates.py"
    )


def test_kinds_that_share_a_code_share_a_fate() -> None:
    fates: dict[str, set[Fate]] = {}
    for kind in kinds():
        fates.setdefault(kind.code, set()).add(fate_of(kind))
    assert {code: found for code, found in fates.items() if len(found) > 1} == {}


def test_the_table_says_five_and_twenty_as_the_code_counts() -> None:
    words = {5: "five", 20: "twenty"}
    assert words[MAX_ATTEMPTS] in Fate.ATTEMPT.value
    assert words[MAX_LOSSES] in Fate.LOSS.value


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind.__module__ == "tilework.errors"])
def test_what_an_attempt_costs_in_the_row_is_what_the_table_says(kind: type[TileworkError]) -> None:
    claimant = Claimant("host", "message", 60.0)
    row = first_claim(Ask(Drop("b", "k", "v")), "invert()", 1, claimant, 1_000.0)
    given_back = released(row, 1_001.0, kind("It failed."))
    cost = {Fate.ATTEMPT: (1, 0), Fate.LOSS: (0, 1)}.get(fate_of(kind), (0, 0))
    assert (given_back.attempts, given_back.losses) == cost


def test_no_code_is_both_throttling_and_something_else() -> None:
    lists = (THROTTLED, PASSING, GONE, UPLOAD_OVER, NOT_DEPLOYED)
    assert sum(map(len, lists)) == len(frozenset().union(*lists))
