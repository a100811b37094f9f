"""The units of a stage that are done, in a row of DynamoDB.

They lie in sets of binary values of one byte, 256 units a set (``done.00`` to ``done.31``): a set can be added to
without reading it. A set that is full is folded into one byte of the set ``done.all``. Units are done more or less in
their order, so that a row stays small however many there are, and with it the price of every addition.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

UNITS_A_SET = 256
"""Units that one byte can tell apart."""

_DONE = "done."
_ALL = f"{_DONE}all"


def to_sets(units: Collection[int]) -> dict[str, AttributeValueTypeDef]:
    """Return the sets that hold ``units``, by the names of their attributes."""
    parts = {
        part: list(members) for part, members in groupby(sorted(set(units)), lambda unit: unit // UNITS_A_SET)
    }
    full = [part for part, members in parts.items() if len(members) == UNITS_A_SET]
    sets = {_name(part): _bytes(members) for part, members in parts.items() if part not in full}
    return sets | ({_ALL: _bytes(full)} if full else {})


def from_sets(item: Mapping[str, Any]) -> frozenset[int]:
    """Return the units that the sets of ``item`` hold."""
    full = {part[0] for part in item.get(_ALL, {"BS": []})["BS"]}
    found = {unit for part in full for unit in range(UNITS_A_SET * part, UNITS_A_SET * (part + 1))}
    for part, members in _sets(item).items():
        found.update(UNITS_A_SET * part + member[0] for member in members)
    return frozenset(found)


def full_sets(item: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the sets of ``item`` that can be folded."""
    return [part for part, members in _sets(item).items() if len(members) == UNITS_A_SET]


@dataclass(frozen=True, slots=True)
class StageRow:
    """The row of a job, while it is RUNNING in just this epoch and stage: as requests that change nothing else."""

    table: str
    job_id: str
    epoch: int
    stage: str

    def addition(self, units: Collection[int], now: float) -> dict[str, Any]:
        """The request that adds ``units``, and tells the row as it is then."""
        sets = list(enumerate(to_sets(units).items()))
        return self._request(
            "SET touched = :now ADD serial :one" + "".join(f", #u{number} :u{number}" for number, _ in sets),
            {f"#u{number}": name for number, (name, _) in sets},
            {":now": {"N": repr(now)}, ":one": {"N": "1"}}
            | {f":u{number}": held for number, (_, held) in sets},
        ) | {"ReturnValues": "ALL_NEW"}

    def folding(self, parts: Collection[int]) -> dict[str, Any]:
        """The request that folds full sets; it changes how the row is written, not what it says."""
        names = {f"#f{part}": _name(part) for part in parts}
        return self._request(
            f"REMOVE {', '.join(names)} ADD #all :all", names | {"#all": _ALL}, {":all": _bytes(parts)}
        )

    def _request(self, update: str, names: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
        # an epoch of 0 is a default, and so not in the item
        same = "#epoch = :epoch" if self.epoch else "attribute_not_exists(#epoch)"
        told = {":running": {"S": State.RUNNING.value}, ":stage": {"S": self.stage}}
        told |= {":epoch": {"N": str(self.epoch)}} if self.epoch else {}
        return {
            "TableName": self.table,
            "Key": {"id": {"S": self.job_id}},
            "UpdateExpression": update,
            "ConditionExpression": f"#state = :running AND #stage = :stage AND {same}",
            "ExpressionAttributeNames": {**names, "#state": "state", "#stage": "stage", "#epoch": "epoch"},
            "ExpressionAttributeValues": {**values, **told},
        }


def _name(part: int) -> str:
    return f"{_DONE}{part:02d}"


def _bytes(numbers: Iterable[int]) -> AttributeValueTypeDef:
    return {"BS": [bytes([number % UNITS_A_SET]) for number in numbers]}


def _sets(item: Mapping[str, Any]) -> dict[int, Collection[bytes]]:
    return {
        int(name.removeprefix(_DONE)): held["BS"]
        for name, held in item.items()
        if name.startswith(_DONE) and name != _ALL
    }
