"""A run: a system and two hosts, a stream of drops, a blow every three seconds, quiet, and the balance."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from tests.chaos import corpus, hosts, remains, weather
from tests.chaos.balance import QUEUES, Balance, reckon
from tests.chaos.blows import Blows, Later
from tests.chaos.ledger import Ledger
from tests.chaos.orders import Orders
from tests.chaos.pauses import longest_pause
from tests.chaos.stream import Stream
from tests.chaos.wire import Puts, WatchedProxy
from tests.flow.running_system import RunningSystem, boto
from tests.flow.running_system import start as start_system

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.chaos.hosts import Host

NAMES = ["ahab", "bligh"]
EVERY_SECONDS = 3.0
LOOK_SECONDS = 0.05

TRIES = 4
"""Draws of what to do until there is something to do it to."""

QUIET_SECONDS = 300.0
"""Within which everything must be over once nothing is done to it any more."""

STOP_SECONDS = 120.0

SETTINGS = {
    "TILEWORK_EXTRA_OPERATIONS": "tests.flow.own_operations",
    "TILEWORK_LIMIT_DECODER_SECONDS": "2",
    "TILEWORK_LIMIT_BLOCK_BYTES": str(corpus.BLOCK_BYTES),
    "TILEWORK_LEASE_SECONDS": f"{hosts.LEASE_SECONDS:g}",
    "TILEWORK_NOTICE_WAIT_SECONDS": "1",
}
"""Of every program: short leases, so that a minute holds many of them, and blocks that make many units."""


WEATHER = "a service fails"

Act: TypeAlias = "Callable[[Random], str]"
Group: TypeAlias = "tuple[int, Mapping[str, tuple[int, Act]]]"
"""A weight, and acts by name, each with its own weight within the group."""


def draw(groups: list[Group], random: Random) -> tuple[str, Act]:
    """What is to be done next."""
    ((_, acts),) = random.choices(groups, [weight for weight, _ in groups])
    (name,) = random.choices(list(acts), [weight for weight, _ in acts.values()])
    return name, acts[name][1]


@dataclass(slots=True)
class Report:
    """What a run has come to."""

    seed: str
    balance: Balance
    struck: Counter[str]
    starts: int
    pause: float
    ordinary_pause: float
    seconds: float
    quiet_seconds: float

    def lines(self) -> list[str]:
        """As it is printed."""
        struck = [f"{count:>5}  {name}" for name, count in sorted(self.struck.items()) if count]
        pause, ordinary = f"{self.pause:.1f} s", f"{self.ordinary_pause:.1f} s"
        return [
            "", f"what was done, {self.struck.total()} in all:", *struck,
            f"{self.starts:>5}  starts of a supervisor",
            "", *self.balance.lines(),
            "", f"longest pause (no job ended while there was work): {pause}, while photos or bad files waited {ordinary}",
            f"{self.seconds:.0f} s of chaos, {self.quiet_seconds:.0f} s until all was over; seed {self.seed}",
        ]  # fmt: skip


def _keep_versions(system: RunningSystem) -> None:
    """Let the output bucket, which the stack leaves without versions, keep whatever is written over: to see if anything is."""
    boto(system.environment, "s3").put_bucket_versioning(
        Bucket=system.system.outputs.bucket, VersioningConfiguration={"Status": "Enabled"}
    )


@dataclass(slots=True)
class Storm:
    """One run in ``folder``, with all random decisions from ``seed``; ``say`` prints a line."""

    folder: Path
    seed: str
    seconds: float
    say: Callable[[str], None]
    ledger: Ledger = field(default_factory=Ledger)
    later: Later = field(default_factory=Later)
    struck: Counter[str] = field(default_factory=Counter)
    _began: float = 0.0
    _puts: Puts = field(default_factory=lambda: Puts(""))

    def run(self) -> Report:
        """Start everything, let chaos reign, wait, end everything, and reckon."""
        before = remains.there()
        self.say("Making the corpus, starting the system and two hosts ...")
        made = corpus.make()
        system = start_system(self.folder / "state", SUPERVISORS="0", SAMPLES="0", **SETTINGS)
        crew: list[Host] = []
        try:
            _keep_versions(system)
            self._puts = puts = Puts(system.system.outputs.bucket)
            environment = {**system.child_environment(), **SETTINGS}
            upstream = system.environment["AWS_ENDPOINT_URL"]
            crew += hosts.start(self.folder, NAMES, environment, lambda: WatchedProxy(upstream, puts))
            report = self._through(system, crew, made)
            report.balance.faults["contradicted"] += puts.contradictions()
        finally:
            for host in crew:
                host.worker.end()
                host.proxy.close()
            status = system.stop()
        if status:
            report.balance.faults["troubles"].append(
                f"the system left with status {status}; read {system.log}"
            )
        report.balance.faults["remains"] += remains.left_behind(self.folder, before)
        return report

    def _through(self, system: RunningSystem, crew: list[Host], made: corpus.Corpus) -> Report:
        stream = Stream(system.system, made, self.ledger, self.seed)
        self._began = time.monotonic()
        stream.start()
        try:
            self._reign(system, crew)
        finally:
            stream.stop()
            self.later.look(at_once=True)
        chaos = time.monotonic() - self._began
        self._tell("Quiet: nothing is done any more; waiting until all is over.")
        quiet = self._await_the_end(system, crew)
        self._dismiss(crew)
        self._tell("Reckoning: every result is read and compared.")
        balance = reckon(system.system, self.ledger, corpus.Truth())
        for host in crew:
            balance.faults["troubles"] += host.troubles
        pauses = self._pauses(system)
        starts = sum(host.starts for host in crew)
        return Report(self.seed, balance, self.struck, starts, *pauses, chaos, quiet)

    # --- chaos -------------------------------------------------------------------------------------------------------

    def _reign(self, system: RunningSystem, crew: list[Host]) -> None:
        random = Random(f"{self.seed}/blows")
        acts = self._acts(system, crew)
        due = self._began + EVERY_SECONDS
        while (now := time.monotonic()) < self._began + self.seconds:
            self.later.look()
            for host in crew:
                host.look()
            if now >= due:
                due += EVERY_SECONDS
                drawn, own = [draw(acts, random) for _ in range(TRIES)], Random(random.random())
                for name, act in drawn:
                    if self._strike(name, act, own):
                        break
            time.sleep(LOOK_SECONDS)

    def _acts(self, system: RunningSystem, crew: list[Host]) -> list[Group]:
        """What may be done, by its group."""
        blows = Blows(crew, lambda: system.children("-m master"), self.later)
        orders = Orders(system.system, self.ledger)
        processes = {
            "SIGKILL of a rank": (10, blows.rank),
            "SIGKILL of rank 0": (4, blows.rank_0),
            "SIGKILL of mpiexec": (4, blows.mpiexec),
            "SIGKILL of a supervisor": (6, blows.supervisor),
            "SIGKILL of both supervisors": (3, blows.both_supervisors),
            "SIGKILL of the master": (2, blows.master_killed),
            "SIGSTOP of a rank beyond its lease": (5, blows.rank_stopped),
            "SIGSTOP of a supervisor beyond its leases": (5, blows.supervisor_stopped),
            "SIGTERM: a drain and a new start": (5, blows.drain),
        }
        asked = {
            "a message twice": (4, orders.message_twice),
            "a message late": (4, orders.message_late),
            "a unit's message twice": (4, orders.unit_twice),
            "a body nobody can read": (4, orders.message_spoilt),
            "a job called off": (4, orders.cancelled),
            "a job tried again": (4, orders.retried),
            "a version through another pipeline": (3, orders.run_anew),
            "a version deleted": (3, orders.version_deleted),
        }
        return [(5, processes), (3, {WEATHER: (1, lambda random: self._weather(crew, random))}), (3, asked)]

    def _weather(self, crew: list[Host], random: Random) -> str:
        drawn = weather.draw(random)
        struck = crew if random.random() < 1 / 2 else [random.choice(crew)]
        self.later.after(drawn.seconds, drawn.begin(struck, random))
        self.struck[f"{WEATHER}: {drawn.title}"] += 1
        where = "all hosts" if len(struck) > 1 else struck[0].worker.name
        return f"{drawn.title}, {drawn.share:.0%} of requests for {drawn.seconds:.1f} s, {where}"

    def _strike(self, name: str, act: Act, random: Random) -> bool:
        told = act(random)
        if not told:
            return False
        # weather is counted by what it is
        self.struck[name] += name != WEATHER
        self._tell(f"{name}: {told}")
        return True

    def _tell(self, what: str) -> None:
        asked, stored = len(self.ledger.entries), len(self._puts.bodies)
        self.say(
            f"{time.monotonic() - self._began:6.0f} s  {asked:>6,} asked for  {stored:>6,} stored  {what}"
        )

    # --- quiet -------------------------------------------------------------------------------------------------------

    def _await_the_end(self, system: RunningSystem, crew: list[Host]) -> float:
        """Until all that was asked for is over and no message is left, or too long; how long it took."""
        began = time.monotonic()
        waiting = list(self.ledger.entries)
        queues = [getattr(system.system, name) for name in QUEUES]
        while time.monotonic() < began + QUIET_SECONDS:
            for host in crew:
                host.look()
            rows = {entry: system.system.table.get(entry.job) for entry in waiting if entry.job}
            waiting = [entry for entry, row in rows.items() if row is None or not row.state.is_end]
            if not waiting and not any(queue.backlog().total for queue in queues):
                break
            time.sleep(0.5)
        return time.monotonic() - began

    def _dismiss(self, crew: list[Host]) -> None:
        """Let the hosts leave in order."""
        for host in crew:
            host.drain(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while any(host.back is None for host in crew) and time.monotonic() < deadline:
            for host in crew:
                if host.back is None:
                    host.look()
            time.sleep(LOOK_SECONDS)

    def _pauses(self, system: RunningSystem) -> tuple[float, float]:
        rows = {row.id: row.ended for row in system.system.table.list() if row.ended}
        ended = [(entry, rows[entry.job]) for entry in self.ledger.entries if entry.job in rows]
        everything = longest_pause((entry.asked, at) for entry, at in ended)
        ordinary = longest_pause((entry.asked, at) for entry, at in ended if entry.is_ordinary)
        return everything[1], ordinary[1]
