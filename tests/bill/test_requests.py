"""What the reckoning takes for granted about a photo's way, held against the rows and queues themselves."""

from __future__ import annotations

from dataclasses import replace

from tests.worker_image.test_claims import Host
from tests.worker_image.test_endings import WORKED, claimed
from tilework.aws.rows import to_item
from tilework.bill.work import NOTICES_AT_ONCE
from worker_image.endings import Endings

WRITE_UNIT = 1024


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
