"""The other hosts that worlds may have, over the life of many worlds: reached, watched, lost, and found again."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

from tilework.errors import HostsError
from tilework.world.spread import launcher_shell
from tilework.world.spread.agent import version
from tilework.world.spread.crew import Crew, Member
from tilework.world.spread.link import HostLink
from tilework.world.spread.messages import BEAT_SECONDS, Beat, Heard, Hello, See, Seen
from tilework.world.spread.networks import network_of
from tilework.world.spread.shares import own_names, own_ranks
from tilework.world.spread.ssh import ssh_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from tilework.world.spread.shares import HostShare

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How often a host that is not there is tried again."""

QUIET_SECONDS = 600.0
"""A host that is lost again sooner than that after it came is tried again half as often each time, down to this: one
that comes and goes would cost the others more than it gives."""

GATHER_SECONDS = 20.0
"""How long the first world waits for its hosts: longer than any of them may take to be given up."""

_SPLIT = re.compile(r"[\s:]")
"""What parts the words of Open MPI's plm_ssh_agent, and one such command from the next; nothing quotes it."""


class Entry(NamedTuple):
    """How a host looks from here; ``fault`` says what keeps it out."""

    name: str
    there: bool
    cores: int
    address: str
    fault: str


@dataclass(slots=True)
class _Place:
    """One of the other hosts, there or not."""

    share: HostShare
    link: HostLink | None = None
    hello: Hello | None = None
    accepted: bool = False
    accepted_at: float = 0.0
    next_try: float = 0.0
    losses: int = 0
    told: str = ""
    crew: Crew | None = field(default=None, repr=False)

    def pause(self, *, lost: bool) -> float:
        """Seconds until it is to be tried again; ``lost`` says that it was there until now."""
        if lost:
            settled = time.monotonic() - self.accepted_at > QUIET_SECONDS
            self.losses = 1 if settled else self.losses + 1
        return min(RETRY_SECONDS * 2.0 ** max(0, self.losses - 1), QUIET_SECONDS)


class Hosts:
    """Those of ``shares``; ``key`` opens the other ones, ``tell`` hears sentences of who is lost and who is back.

    A share by this host's own name is this host's. Raises HostsError for root, whose ranks on other hosts would be
    root's as well, and where this Python or Tilework lies under a path that Open MPI does not get along with.
    """

    def __init__(
        self, shares: Sequence[HostShare], key: Path, tell: Callable[[str], None] = log.warning
    ) -> None:
        if os.geteuid() == 0:
            raise HostsError("A world over several hosts is nothing for root.")
        self.hostname = socket.gethostname()
        here = own_names(self.hostname)
        self._own = own_ranks(shares, self.hostname)
        self._places = {share.name: _Place(share) for share in shares if share.name not in here}
        self._key = key
        crooked = [path for path in (sys.executable, launcher_shell.__file__) if _SPLIT.search(path)]
        if self._places and crooked:
            raise HostsError(
                f"Open MPI starts nothing on other hosts by {crooked[0]!r}, for it splits paths at spaces and colons.",
                advice="Have Tilework and its Python under a path without either, the same on all hosts.",
            )
        if self._places and not key.exists():
            raise HostsError(
                f"There is no key {key} to other hosts: `tilework hosts a,b,c --authorize` makes it."
            )
        self._tell = tell
        self._required: tuple[str, ...] = ()
        self._changed = threading.Condition(threading.RLock())
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="hosts", daemon=True)
        self.bulletin: Callable[[], bytes] | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Begin to reach them."""
        self._thread.start()

    def close(self) -> None:
        """Let all of them go."""
        self._closing.set()
        self._thread.join()
        with self._changed:
            links = [place.link for place in self._places.values() if place.link is not None]
        for link in links:
            link.drop("it is not needed any more")
        for link in links:
            link.join()

    def require(self, paths: Sequence[Path]) -> None:
        """Accept only hosts that see ``paths``. Raises HostsError where one of those that are there does not."""
        with self._changed:
            self._required = tuple(map(str, paths))
            there = [place for place in self._places.values() if place.accepted]
            for place in there:
                place.accepted = False
                self._ask(place)
        self._await_all()
        blind = [f"{place.share.name} ({place.told})" for place in there if not place.accepted]
        if blind:
            raise HostsError(f"Not all hosts see the files: {', '.join(blind)}.")

    def crew(self) -> Crew:
        """Those for the next world: all that are there. Raises HostsError where nobody is left to compute."""
        self._await_all()
        with self._changed:
            there = [place for place in self._places.values() if place.accepted]
            members, first = [], 1 + self._own
            for place in there:
                if place.link is not None and place.hello is not None:
                    ranks = range(first, first + place.share.ranks)
                    members.append(Member(place.link, place.hello, ranks))
                    first = ranks.stop
            if first == 1:
                reasons = "; ".join(f"{place.share.name}: {place.told}" for place in self._places.values())
                raise HostsError(f"None of the hosts can be reached. {reasons}.")
            crew = Crew(self.hostname, self._own, members)
            for place in there:
                place.crew = crew
            return crew

    @property
    def missed(self) -> bool:
        """Whether a host is there that the latest crew is without."""
        with self._changed:
            return any(place.accepted and place.crew is None for place in self._places.values())

    @property
    def hostnames(self) -> tuple[str, ...]:
        """What those of the latest crew call themselves."""
        with self._changed:
            return tuple(
                place.hello.hostname for place in self._places.values() if place.crew and place.hello
            )

    @property
    def others(self) -> tuple[str, ...]:
        """The names of all but this host."""
        return tuple(self._places)

    def try_again(self) -> None:
        """Try at once those that are not there, and forget why they were not."""
        with self._changed:
            for place in self._places.values():
                if not place.accepted:
                    place.next_try, place.told = 0.0, ""

    def roll(self) -> list[Entry]:
        """All but this host, once each is there or has been given up."""
        self._await_all()
        with self._changed:
            return [
                Entry(
                    place.share.name, place.accepted,
                    place.hello.cores if place.hello else 0,
                    place.hello.address if place.hello else "",
                    "" if place.accepted else place.told or "it has not answered",
                )
                for place in self._places.values()
            ]  # fmt: skip

    # --- the thread of all hosts -------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            now = time.monotonic()
            with self._changed:
                for place in self._places.values():
                    if place.link is not None:
                        place.link.tick()
                    elif now >= place.next_try:
                        self._try(place)
            if self._closing.wait(BEAT_SECONDS):
                return

    def _try(self, place: _Place) -> None:
        name = place.share.name
        try:
            place.link = HostLink(name, ssh_command(name, self._key), self._hear, self._ended)
        except (OSError, RuntimeError) as error:
            # no descriptor, memory, process or thread is left to this host for it, now
            self._do_without(place, f"this host cannot start its ssh: {error}", lost=False)

    # --- the threads of the links ------------------------------------------------------------------------------------

    def _hear(self, link: HostLink, message: object) -> None:
        with self._changed:
            place = self._places[link.name]
            if isinstance(message, Hello):
                place.hello = message
                fault = self._fault(place, message)
                if fault:
                    link.drop(fault)
                else:
                    self._ask(place)
            elif isinstance(message, Seen):
                self._seen(place, link, message)
            crew = place.crew
        if isinstance(message, Beat):
            words = self.bulletin() if self.bulletin is not None else None
            link.send(Heard(message.stamp, words))
        if crew is not None:
            crew.hear(link, message)

    def _ask(self, place: _Place) -> None:
        if place.link is not None:
            place.link.send(See(self._required))

    def _seen(self, place: _Place, link: HostLink, seen: Seen) -> None:
        if seen.missing:
            link.drop(f"it does not see {seen.missing[0]}")
        else:
            place.accepted, place.accepted_at = True, time.monotonic()
            if place.told:
                self._tell(f"Host {link.name} is back.")
            place.told = ""
        self._changed.notify_all()

    def _fault(self, place: _Place, hello: Hello) -> str:
        """Why a host cannot be in a world of ours, or nothing."""
        others = {
            other.hello.hostname
            for other in self._places.values()
            if other is not place and other.hello is not None and other.link is not None
        }
        if hello.version != version():
            return f"it has {hello.version}, and this host {version()}"
        if hello.uid == 0:
            return "its user is root"
        if hello.hostname == self.hostname:
            return "it has the name of this host; name this host by it, or give that one another"
        if hello.hostname in others:
            return f"another one is called {hello.hostname} as well"
        if not hello.network or not network_of(hello.starter):
            return f"MPI needs a direct way to it, and it sees {hello.starter} from {hello.address}"
        return ""

    def _ended(self, link: HostLink) -> None:
        with self._changed:
            place = self._places[link.name]
            crew, place.crew = place.crew, None
            was, place.accepted = place.accepted, False
            place.link = place.hello = None
            self._do_without(place, link.reason, lost=was)
        if crew is not None:
            crew.lose(link)

    def _do_without(self, place: _Place, reason: str, *, lost: bool) -> None:
        """Say so, once, and try it again later."""
        place.next_try = time.monotonic() + place.pause(lost=lost)
        if not place.told and not self._closing.is_set():
            self._tell(f"Host {place.share.name} is {'lost' if lost else 'left out'}: {reason}.")
        place.told = reason
        self._changed.notify_all()

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _await_all(self) -> None:
        """Until each host is accepted or has been given up."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(place.accepted or place.told for place in self._places.values()), GATHER_SECONDS
            )
