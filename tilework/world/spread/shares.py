"""Which hosts a world is to have, as people write them: ``a,b:4``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOST = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?::(?P<ranks>[1-9][0-9]{0,3}))?")

ADVICE = "Name each host once, with commas between, and how many ranks it is to have: a,b:4,c"


@dataclass(frozen=True, slots=True)
class HostShare:
    """A host by the name that ssh knows it by, and how many ranks compute there."""

    name: str
    ranks: int


def own_names(hostname: str) -> frozenset[str]:
    """What a host that calls itself ``hostname`` may be called among the shares."""
    return frozenset({hostname, hostname.partition(".")[0], "localhost"})


def own_ranks(shares: Sequence[HostShare], hostname: str) -> int:
    """Ranks that compute on the host itself."""
    return sum(share.ranks for share in shares if share.name in own_names(hostname))


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
