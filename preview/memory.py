"""What is kept of images in one budget of bytes: those that were asked for last, each made once however many ask at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Held(Protocol):
    """Something that takes memory, and may take more with use."""

    @property
    def bytes(self) -> int:
        """How much it takes now."""
        ...


T = TypeVar("T", bound=Held)


@dataclass(slots=True)
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: int = 0


class Memory:
    """At most ``most`` things of ``room`` bytes together; the one asked for last stays in any case. Thread-safe.

    What is kept under a key is always of one type, which goes with that of the key.
    """

    def __init__(self, room: int, most: int) -> None:
        self._room = room
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Held] = OrderedDict()
        self._turns: dict[Hashable, _Turn] = {}

    def get(self, key: Hashable) -> Held | None:
        """What is kept under ``key``."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def take(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under ``key``, or what ``make`` makes. Raises what that raises, and then keeps nothing."""
        found = self.get(key)
        if found is not None:
            return cast("T", found)
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.waiting += 1
        try:
            with turn.lock:
                found = self.get(key)
                if found is None:
                    found = make()
                    self.put(key, found)
            return cast("T", found)
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    self._turns.pop(key, None)

    def put(self, key: Hashable, held: Held) -> None:
        """Keep something under ``key``."""
        with self._lock:
            self._kept[key] = held
            self._kept.move_to_end(key)
        self.trim()

    def trim(self) -> None:
        """Forget what was not asked for the longest time, until the rest fits; what is kept grows when it is used."""
        with self._lock:
            sizes = {key: held.bytes for key, held in self._kept.items()}
            total = sum(sizes.values())
            while len(self._kept) > 1 and (total > self._room or len(self._kept) > self._most):
                key, _ = self._kept.popitem(last=False)
                total -= sizes[key]

    @property
    def bytes(self) -> int:
        """What all that is kept takes."""
        with self._lock:
            return sum(held.bytes for held in self._kept.values())
