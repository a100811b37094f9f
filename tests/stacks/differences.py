"""What one template has other than another: small enough to read, and whole, since it can be applied again."""

from __future__ import annotations

import copy
from typing import Any

BELOW = " > "


def difference(old: Any, new: Any) -> dict[str, Any]:
    """How ``new`` comes of ``old``, by path: ``+ key`` and ``= key`` with what is there then, ``- key`` for what is gone.

    Lists of one length are compared item by item.
    """
    before, after = _members(old), _members(new)
    found: dict[str, Any] = {f"- {key}": None for key in before.keys() - after.keys()}
    for key, value in after.items():
        if key not in before:
            found[f"+ {key}"] = value
        elif value != before[key] and not _comparable(before[key], value):
            found[f"= {key}"] = value
        elif value != before[key]:
            below = difference(before[key], value)
            found |= {f"{key}{BELOW}{path}": change for path, change in below.items()}
    return found


def applied(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``old`` with a difference made to it."""
    new = copy.deepcopy(old)
    for path, value in changes.items():
        *way, last = path.split(BELOW)
        place: Any = new
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        sign, name = last[0], last[2:]
        if sign == "-":
            del place[name]
        else:
            place[int(name) if isinstance(place, list) else name] = value
    return new


def _comparable(old: Any, new: Any) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new)
    return isinstance(old, dict) and isinstance(new, dict)


def _members(value: Any) -> dict[str, Any]:
    return {str(at): item for at, item in enumerate(value)} if isinstance(value, list) else value
