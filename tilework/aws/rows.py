"""A job as a DynamoDB item, and back.

Fields that hold their default are left out: most rows stay below the 1 KB of one write unit. The index ``by_state``
wants its keys there and not empty: ``shelf`` is made of the state and the id, ``updated`` is always written.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from tilework.jobs.job import Job, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

SHELVES = 4
"""Parts of the index that a state is spread over, since one part takes 1,000 writes a second."""

_FIELDS = {field.name: field for field in fields(Job)}
_ALWAYS = frozenset({"updated"})


def shelf(state: State, number: int) -> str:
    """The index's hash key for the rows of ``state`` whose id ends up on shelf ``number``."""
    return f"{state}#{number}"


def shelf_of(job: Job) -> str:
    """The index's hash key for this row."""
    return shelf(job.state, int(job.id[0], 16) % SHELVES)


def to_item(job: Job) -> dict[str, AttributeValueTypeDef]:
    """Return the item that holds ``job``."""
    item: dict[str, AttributeValueTypeDef] = {"shelf": {"S": shelf_of(job)}}
    for name, field in _FIELDS.items():
        value = getattr(job, name)
        if field.default is MISSING or value != field.default or name in _ALWAYS:
            item[name] = {"S": str(value)} if isinstance(value, str) else number(value)
    return item


def from_item(item: Mapping[str, Any]) -> Job:
    """Return the job that ``item`` holds; attributes of a newer schema are passed over."""
    values: dict[str, Any] = {}
    for name, field in _FIELDS.items():
        if name not in item:
            continue
        text = next(iter(item[name].values()))
        # exact both ways: DynamoDB keeps 38 decimal digits, and the shortest spelling of a double has 17
        values[name] = _KINDS[str(field.type)](text)
    return Job(**values)


def number(value: float) -> AttributeValueTypeDef:
    """Return ``value`` as a number attribute."""
    return {"N": repr(value)}


_KINDS = {"str": str, "int": int, "float": float, "State": State}
