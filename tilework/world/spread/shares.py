"""Which hosts a world is to have, as people write them: ``a,b:4``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tilework.errors import SettingsError

_HOST = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?::(?P<ranks>[1-9][0-9]{0,3}))?")

ADVICE = "Name each host once, with commas between, and how many ranks it is to have: a,b:4,c"


@dataclass(frozen=True, slots=True)
class HostShare:
    """A host by the name that ssh knows it by, and how many ranks compute there."""

    name: str
    ranks: int


def parse_hosts(text: str, usual: int) -> tuple[HostShare, ...]:
    """The hosts of ``a,b:4``: ``usual`` ranks where no number is said. Raises SettingsError."""
    shares = []
    for part in text.split(","):
        found = _HOST.fullmatch(part.strip())
        if found is None:
            raise SettingsError(f"{part.strip()!r} is no host.", advice=ADVICE)
        shares.append(HostShare(found["name"], int(found["ranks"] or usual)))
    names = [share.name for share in shares]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"Host {twice[0]} is named twice.", advice=ADVICE)
    return tuple(shares)
