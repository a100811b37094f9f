"""A host's proxy of faults that also notes what is put where results lie."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.faults.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from tests.faults.fault_proxy import Asked, Fault


@dataclass(slots=True)
class Puts:
    """What was asked to be put under each key of a result, whether it was stored or not: hashes of the bodies."""

    bucket: str
    bodies: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, asked: Asked) -> None:
        """Note a request, if it puts a whole result."""
        beginning = f"/{self.bucket}/results/"
        if asked.operation == "PUT" and asked.path.startswith(beginning) and not asked.query:
            key = unquote(asked.path.removeprefix(f"/{self.bucket}/"))
            self.bodies[key].add(hashlib.sha256(asked.body).hexdigest())

    def contradictions(self) -> list[str]:
        """Results that two attempts made differently."""
        return sorted(key for key, bodies in self.bodies.items() if len(bodies) > 1)


class WatchedProxy(FaultProxy):
    """What a host takes for AWS."""

    def __init__(self, upstream: str, puts: Puts) -> None:
        super().__init__(upstream)
        self._puts = puts

    def fault_of(self, asked: Asked) -> Fault | None:
        """What is to befall a request, which is noted."""
        self._puts.note(asked)
        return super().fault_of(asked)
