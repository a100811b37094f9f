"""What a host tells of itself comes back as it was told, and what anybody else may have written does no harm."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tilework.jobs.in_memory import memory_system
from tilework.jobs.signs import (
    GROUP,
    LATE,
    LOST_SECONDS,
    MOST_RANKS,
    SPANS,
    HostSign,
    HostState,
    Past,
    RankWork,
    from_text,
    tell,
    to_text,
    told,
)

AT = 1_764_000_000.0
SIGN = HostSign(
    host="ip-10-0-1-2",
    instance="i-0123456789abcdef0",
    kind="c7i.xlarge",
    spot=True,
    state=HostState.WORKING,
    since=AT - 3600,
    at=AT,
    again=15.0,
    ranks=5,
    busy=0.8,
    work=(
        RankWork(1, "decode", "a" * 32, "", AT - 1),
        RankWork(4, "kernels", "b" * 32, "0-write/17", AT - 9),
    ),
    jobs=7,
    units=1,
    waited=2.5,
    past=Past(14_700_000, (0, 55, 100), (0, 12, 431), (0, 8000, 12)),
)


def test_a_sign_comes_back_as_it_was_told() -> None:
    assert from_text(to_text(SIGN)) == SIGN


def test_a_host_of_the_usual_kind_costs_two_write_units_at_most() -> None:
    work = tuple(RankWork(rank, "kernels", "b" * 32, "", AT - 9) for rank in range(1, 6))
    past = Past(14_700_000, (100,) * SPANS, (431,) * SPANS, (8000,) * SPANS)
    names = 150
    assert len(to_text(replace(SIGN, work=work, past=past))) + names < 2048


def test_a_host_of_a_thousand_ranks_tells_of_some() -> None:
    work = tuple(RankWork(rank, "kernels", "b" * 32, "", AT - 9) for rank in range(1, 1001))
    assert len(from_text(to_text(replace(SIGN, work=work))).work) == MOST_RANKS


def test_the_table_keeps_the_last_sign_of_each_host() -> None:
    table = memory_system(lambda: AT).table
    other = replace(SIGN, host="a", instance="")
    for sign in (SIGN, replace(SIGN, state=HostState.IDLE), other):
        tell(table, sign)
    assert told(table) == [other, replace(SIGN, state=HostState.IDLE)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        *(
            json.dumps(json.loads(to_text(SIGN)) | wrong)
            for wrong in (
                {"host": 1},
                {"state": "dancing"},
                {"at": float("nan")},
                {"at": -1},
                {"at": 1e300},
                {"ranks": True},
                {"work": [[1, 2]]},
                {"work": 7},
                {"past": {"busy": ["x"]}},
                {"past": []},
            )
        ),
    ],
)
def test_what_is_no_sign_is_left_out(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_text(text)
    table = memory_system(lambda: AT).table
    table.remember("host x", text, group=GROUP)
    tell(table, SIGN)
    assert told(table) == [SIGN]


def test_texts_of_a_sign_are_short_and_can_be_sent() -> None:
    document = json.loads(to_text(SIGN)) | {"host": "x" * 5000 + "\ud800", "kind": "\ud800c7i"}
    read = from_text(json.dumps(document))
    assert (len(read.host), read.kind) == (200, "c7i")


def test_a_host_that_is_overdue_is_silent_and_in_the_end_gone() -> None:
    again = SIGN.again
    assert SIGN.state_at(AT + again) is HostState.WORKING
    assert SIGN.state_at(AT + LATE * again) is HostState.WORKING
    assert SIGN.state_at(AT + LATE * again + 1) is HostState.SILENT
    assert SIGN.state_at(AT + again + LOST_SECONDS + 1) is HostState.GONE
    assert replace(SIGN, state=HostState.GONE).state_at(AT) is HostState.GONE
