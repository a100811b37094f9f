"""What the reckoning takes for granted about a photo's way, held against the rows and queues themselves."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

from tests.worker_image.test_claims import Host
from tests.worker_image.test_endings import WORKED, claimed
from tilework.aws.rows import shelves_of, to_item
from tilework.bill.pages import BUSY_LISTS, LIST_READ_UNITS, PULSES, QUIET_LISTS
from tilework.bill.work import NOTICES_AT_ONCE
from tilework.jobs.job import State
from worker_image.endings import Endings

WRITE_UNIT = 1024
READ_UNIT = 4096
STATIC = Path(__file__).resolve().parents[2] / "master" / "static"


def size(item: object) -> int:
    """Bytes of an item as DynamoDB counts them, its members' names among them, and then some."""
    if isinstance(item, dict):
        return sum(len(str(name).encode()) + size(value) for name, value in item.items())
    if isinstance(item, list):
        return 3 + sum(1 + size(value) for value in item)
    return len(str(item).encode())


def test_a_photos_row_fits_into_one_write_unit_from_claim_to_end() -> None:
    host = Host()
    held = claimed(host)
    endings = Endings(host.system, host.life, host.outbox, "host-1", let_go=lambda _: None)
    running = host.row(held.job)
    endings.done(held, WORKED)
    named = {
        "bucket": "tilework-dev-storageinput124fa7a1-abcdefghijkl",
        "key": "submitted/summer-school-2026/day-03/IMG_20260714_101010.jpg",
        "version": "v" * 32,
        "lease_owner": "ip-10-0-17-204.ec2.internal/i-0123456789abcdef0",
        "result_key": "results/submitted/summer-school-2026/day-03/IMG_20260714_101010.jpg/0123456789abcdef.jpg",
    }
    for row in (running, host.row(held.job)):
        assert size(to_item(replace(row, **named))) < WRITE_UNIT


def test_the_keeper_folds_as_many_notices_in_a_call_as_the_stack_hands_it() -> None:
    from stacks.master_service import NOTICES_AT_ONCE as HANDED

    assert NOTICES_AT_ONCE == HANDED


def test_a_page_asks_as_often_as_its_hour_is_reckoned() -> None:
    looks = (STATIC / "polling.js").read_text()
    told = re.search(r"PACE = wanted \? \{ busy: (\d+), quiet: \d+, longest: (\d+) \}", looks)
    pulse = re.search(r"EVERY = wanted \? (\d+)", (STATIC / "pulse.js").read_text())
    assert told
    assert pulse
    paces = [3_600_000 / int(pace) for pace in (*told.groups(), *pulse.groups())]
    assert paces == [BUSY_LISTS, QUIET_LISTS, PULSES]


def test_a_list_is_reckoned_with_a_query_of_each_part_of_each_state() -> None:
    least = sum(map(shelves_of, State)) / 2
    # as many rows of DONE as are asked of each part at once, of a kilobyte each
    rows = 2 * 101 // shelves_of(State.DONE) + 8
    full = least + shelves_of(State.DONE) * (math.ceil(rows * WRITE_UNIT / READ_UNIT) - 1) / 2
    assert least < LIST_READ_UNITS <= full
