"""A job as a DynamoDB item, and back.

Fields that hold their default are left out: most rows stay below the 1 KB of one write unit. The indexes ``by_state``,
``by_batch`` and ``by_owner`` want their keys there and not empty: ``shelf`` is made of the state and the id,
``batch_shelf`` of the batch as well, and ``owner_shelf`` of the owner, where the job has one; ``updated`` is always written.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from tilework.aws.done_units import from_sets, to_sets
from tilework.jobs import history
from tilework.jobs.job import Job, State, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from tilework.jobs.history import History

SHELVES = {State.RUNNING: 32, State.DONE: 16}
"""Parts of an index that a state is spread over, since one part takes 1,000 writes a second: each job comes to RUNNING
and leaves it, and then comes to DONE."""

FEWER_SHELVES = 4
"""Of all other states: each is one more query of a list."""

NAME_BYTES = 1024
"""Longest name of a batch or an owner that is part of an index's key as it is (DynamoDB takes 2,048 bytes); a longer one is
hashed."""

EXPIRY = "expires"
"""The attribute by which DynamoDB knows when it may delete a row (seconds since the epoch, whole); it takes a day or two."""

_DAY = 86_400

_SPARE_DAYS = 1
"""Longer than the table is said to remember: whoever misses rows goes by the times of another clock."""

_FIELDS = {field.name: field for field in fields(Job) if field.name != "units_done"}
_ALWAYS = frozenset({"updated"})


def shelf(state: State, number: int) -> str:
    """The hash key of ``by_state`` for the rows of ``state`` whose id ends up on shelf ``number``."""
    return f"{state}#{number}"


def shelf_of(job: Job) -> str:
    """The hash key of ``by_state`` for this row."""
    return shelf(job.state, shelf_number(job.state, job.id))


def batch_shelf(state: State, number: int, batch: str) -> str:
    """The hash key of ``by_batch`` for the rows of ``batch`` and ``state`` whose id ends up on shelf ``number``."""
    return f"{shelf(state, number)}#{_short('batch', batch)}"


def owner_shelf(state: State, number: int, owner: str) -> str:
    """The hash key of ``by_owner`` for the rows of ``owner`` and ``state`` whose id ends up on shelf ``number``."""
    return f"{shelf(state, number)}#{_short('owner', owner)}"


def _short(kind: str, name: str) -> str:
    return name if len(name.encode()) <= NAME_BYTES else digest(kind, name)


def shelves_of(state: State) -> int:
    """How many shelves the rows of ``state`` are spread over."""
    return SHELVES.get(state, FEWER_SHELVES)


def shelf_number(state: State, job_id: str) -> int:
    """Which of a state's shelves a row lies on, by the first digit of its id, or the first two where those are more."""
    shelves = shelves_of(state)
    return int(job_id[: 1 if shelves <= 16 else 2], 16) % shelves  # noqa: PLR2004


def to_item(job: Job, memory_days: float = 0) -> dict[str, AttributeValueTypeDef]:
    """Return the item that holds ``job``; where it is over, DynamoDB may delete it after ``memory_days`` (0: never)."""
    item: dict[str, AttributeValueTypeDef] = {"shelf": {"S": shelf_of(job)}}
    if memory_days and job.state.is_end:
        item[EXPIRY] = expiry(job.updated, memory_days)
    if job.batch:
        item["batch_shelf"] = {"S": batch_shelf(job.state, shelf_number(job.state, job.id), job.batch)}
    if job.owner:
        item["owner_shelf"] = {"S": owner_shelf(job.state, shelf_number(job.state, job.id), job.owner)}
    for name, field in _FIELDS.items():
        value = getattr(job, name)
        if field.default is MISSING or value != field.default or name in _ALWAYS:
            item[name] = _attribute(value)
    return item | to_sets(job.units_done)


def from_item(item: Mapping[str, Any]) -> Job:
    """Return the job that ``item`` holds; attributes of a newer schema are passed over."""
    values: dict[str, Any] = {"units_done": from_sets(item)}
    for name, field in _FIELDS.items():
        if name not in item:
            continue
        text = next(iter(item[name].values()))
        # exact both ways: DynamoDB keeps 38 decimal digits, and the shortest spelling of a double has 17
        values[name] = _KINDS[str(field.type)](text)
    return Job(**values)


def _attribute(value: str | float | History) -> AttributeValueTypeDef:
    if isinstance(value, tuple):
        return {"S": history.to_text(value)}
    return {"S": str(value)} if isinstance(value, str) else number(value)


def expiry(moment: float, memory_days: float) -> AttributeValueTypeDef:
    """Return when DynamoDB may delete what is remembered for ``memory_days`` from ``moment`` on."""
    return number(int(moment + (memory_days + _SPARE_DAYS) * _DAY))


def number(value: float) -> AttributeValueTypeDef:
    """Return ``value`` as a number attribute."""
    return {"N": repr(value)}


_KINDS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "State": State,
    "History": history.from_text,
}
