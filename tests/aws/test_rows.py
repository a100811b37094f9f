"""A job survives the way into a DynamoDB item and back."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as some

from tilework.aws.rows import batch_shelf, from_item, owner_shelf, shelf_of, shelves_of, to_item
from tilework.jobs.history import Deed, Entry, Outcome
from tilework.jobs.job import Job, State, digest

TIMES = some.floats(min_value=0, max_value=1e12)
COUNTS = some.integers(min_value=0, max_value=2**31)
ENTRIES = some.builds(
    Entry,
    some.sampled_from(Deed),
    TIMES,
    end=TIMES,
    number=COUNTS,
    host=some.text(),
    rank=COUNTS,
    outcome=some.none() | some.sampled_from(Outcome),
    code=some.text(),
    reason=some.text(),
)
KINDS = {
    "History": some.lists(ENTRIES, max_size=4).map(tuple),
    "str": some.text(),
    "int": some.integers(min_value=0, max_value=2**62),
    "float": TIMES,
    "State": some.sampled_from(State),
    "frozenset[int]": some.frozensets(some.integers(min_value=0, max_value=8191), max_size=40),
}
FIELDS = {field.name: KINDS[str(field.type)] for field in fields(Job)}
IDS = some.text().map(digest)


@given(some.builds(Job, **(FIELDS | {"id": IDS})))
def test_a_row_comes_back_as_it_was(job: Job) -> None:
    assert from_item(to_item(job)) == job


@given(IDS, some.sampled_from(State))
def test_a_row_lies_on_a_shelf_of_its_state(identity: str, state: State) -> None:
    name, _, number = shelf_of(Job(identity, "b", "k", "v", state)).partition("#")
    assert name == state
    assert int(number) in range(shelves_of(state))


def test_a_batch_of_any_name_fits_the_key_of_its_index_and_a_row_without_one_is_in_none() -> None:
    for name in ("b", "#", "ü" * 1000, "x" * 2048):
        assert len(batch_shelf(State.CANCELLED, 3, name).encode()) <= 2048
    assert batch_shelf(State.DONE, 0, "x" * 2047) != batch_shelf(State.DONE, 0, "x" * 2048)
    assert "batch_shelf" not in to_item(Job(digest("a"), "bucket", "key", "v1", State.QUEUED))


def test_any_owner_fits_into_a_key_and_none_has_none() -> None:
    for name in ("zoe", "ü" * 5000):
        assert len(owner_shelf(State.CANCELLED, 3, name).encode()) <= 2048
        row = Job(digest("a"), "bucket", "key", "v1", State.QUEUED, owner=name)
        assert to_item(row)["owner_shelf"] == {"S": owner_shelf(State.QUEUED, int(row.id[0], 16) % 4, name)}
    assert "owner_shelf" not in to_item(Job(digest("a"), "bucket", "key", "v1", State.QUEUED))


def test_a_bare_row_takes_no_more_than_it_says() -> None:
    item = to_item(Job(digest("a"), "bucket", "key", "v1", State.QUEUED))
    assert set(item) == {"id", "shelf", "bucket", "key", "version", "state", "updated"}


def test_what_a_newer_version_wrote_is_passed_over() -> None:
    job = Job(digest("a"), "bucket", "key", "v1", State.QUEUED, updated=1.0)
    assert from_item(to_item(job) | {"tomorrow": {"S": "x"}}) == job
