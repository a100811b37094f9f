"""A queue of messages with SQS's promises: at least once, any order, invisible while somebody works on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BATCH = 10
"""Messages a receive or a batched delete takes at most (SQS quota)."""


@dataclass(frozen=True, slots=True)
class Message:
    """A received message. ``receipt`` is this receive's handle; ``receives`` counts all receives so far (from 1).

    ``sent`` is when it was first enqueued (seconds since the epoch); ``attributes`` are text message attributes.
    One with an empty ``receipt`` was sent by who holds it, and not received: it can be neither hidden nor deleted.
    """

    id: str
    body: str
    receipt: str
    receives: int
    sent: float
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many messages wait: visible, in flight, delayed; ``oldest`` is the oldest one's age in seconds, or None
    where the queue cannot tell."""  # noqa: D205,D209

    visible: int
    in_flight: int
    delayed: int
    oldest: float | None

    @property
    def total(self) -> int:
        """All messages, whoever may see them."""
        return self.visible + self.in_flight + self.delayed


class Queue(Protocol):
    """What Tilework needs of a queue. All methods raise ``ServiceError`` where the service fails for now."""

    def send(self, body: str, *, attributes: Mapping[str, str] | None = None, delay: float = 0.0) -> str:
        """Send one message, visible after ``delay`` seconds (at most 900); returns its id."""
        ...

    def send_all(self, bodies: Sequence[str]) -> None:
        """Send any number of messages, ten in a request and several requests at once, in no order.

        Raises ServiceError where some were not sent; others may have been.
        """
        ...

    def receive(
        self, limit: int = BATCH, wait: float = 0.0, visibility: float | None = None
    ) -> list[Message]:
        """Receive up to ``limit`` (1 to 10) messages, waiting up to ``wait`` seconds (at most 20) for the first.

        They stay invisible for ``visibility`` seconds (default: the queue's own).
        """
        ...

    def set_visibility(self, message: Message, seconds: float) -> bool:
        """Make the message visible again ``seconds`` from now (0 to 43,200); False where the receipt has expired."""
        ...

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete the messages (any number; batched). A message that is gone already is no error."""
        ...

    def backlog(self) -> Backlog:
        """How many messages there are, roughly."""
        ...
