"""The balance: from the dropper's own list and what lies in S3, what was lost, made twice, made wrong, or left behind.

A result in S3 is what says that a job is done; the table is asked only for ends that leave nothing in S3, and must not
contradict it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos.corpus import Truth
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.object_keys import HASH_HEX_DIGITS, RESULTS, WORK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.chaos.ledger import Entry, Ledger
    from tilework.jobs.job import Job
    from tilework.jobs.stores import ObjectStore, ObjectVersion
    from tilework.jobs.system import System

_JOB = re.compile(rf"-([0-9a-f]{{{HASH_HEX_DIGITS}}})\.[a-z0-9]+$")

QUEUES = ("jobs", "units", "dead_letters", "results")

SHOWN = 12
"""Faults of a kind that are printed; all are counted."""

FAULTS = {
    "lost": "lost: neither a result nor an end",
    "unlisted": "in S3 or in the table, and never asked for",
    "wrong": "results with wrong pixels",
    "twice": "results with more than one version",
    "contradicted": "results that two attempts made differently",
    "untrue": "ends that are not the right ones",
    "work": "objects left in work/",
    "open": "leases or stages left open",
    "queued": "messages left in queues",
    "remains": "processes, shared memory, folders, sockets left",
    "troubles": "hosts that did what nobody asked for",
}


@dataclass(slots=True)
class Balance:
    """What was dropped and what became of it; ``faults`` by kind."""

    dropped: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    results: int = 0
    faults: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in FAULTS})

    @property
    def holds(self) -> bool:
        """Whether nothing is off."""
        return not any(self.faults.values()) and self.dropped == sum(self.ends.values())

    def lines(self) -> list[str]:
        """As it is printed."""
        sums = " + ".join(f"{self.ends[state.value]:,} {state.value}" for state in State if state.is_end)
        lines = [
            f"dropped {self.dropped:,} = {sums}",
            f"results in S3, each compared with OpenCV: {self.results:,}",
        ]
        for kind, found in self.faults.items():
            lines.append(f"{len(found):>5}  {FAULTS[kind]}")
            lines += [f"         {each}" for each in found[:SHOWN]]
        return lines


def settle(ledger: Ledger, inputs: ObjectStore) -> list[str]:
    """Complete entries whose PUT was never answered, and forget those that never arrived; versions nobody dropped."""
    listed = {version.version: version.key for version in inputs.versions()}
    known = {entry.version for entry in ledger.entries if entry.version}
    strange = {version: key for version, key in listed.items() if version not in known}
    for entry in [entry for entry in ledger.entries if not entry.job]:
        arrived = next((version for version, key in strange.items() if key == entry.key), None)
        if arrived is None:
            ledger.entries.remove(entry)
        else:
            del strange[arrived]
            entry.version, entry.job = arrived, Ask(Drop(inputs.bucket, entry.key, arrived)).job_id
    return [f"{key} in the input bucket" for key in strange.values()]


def reckon(system: System, ledger: Ledger, truth: Truth) -> Balance:
    """Read the buckets and the table, and compare them with the list."""
    found = Balance(dropped=0)
    found.faults["unlisted"] += settle(ledger, system.inputs)
    found.dropped = len(ledger.entries)
    versions = _by_job(system.outputs.versions(RESULTS))
    rows = {row.id: row for row in system.table.list()}
    for entry in ledger.entries:
        results = versions.pop(entry.job[:HASH_HEX_DIGITS], [])
        row = rows.pop(entry.job, None)
        _reckon_one(found, entry, row, results)
        for result in results[:1]:
            found.results += 1
            _compare(found, system.outputs, truth, entry, result)
    found.faults["unlisted"] += [each.key for results in versions.values() for each in results]
    found.faults["unlisted"] += [f"row {row.id} of {row.key!r}, {row.state}" for row in rows.values()]
    found.faults["work"] += [each.key for each in system.outputs.list(WORK)]
    for name in QUEUES:
        if (left := getattr(system, name).backlog().total) > 0:
            found.faults["queued"].append(f"{left} in {name}")
    return found


def _by_job(versions: Iterable[ObjectVersion]) -> dict[str, list[ObjectVersion]]:
    found = defaultdict(list)
    for version in versions:
        named = _JOB.search(version.key)
        found[named[1] if named else version.key].append(version)
    return dict(found)


def _reckon_one(found: Balance, entry: Entry, row: Job | None, results: list[ObjectVersion]) -> None:
    told = f"{entry.key!r} ({entry.job})"
    state = row.state if row is not None else None
    if row is None or state is None:
        found.faults["lost"].append(f"{told}: no row" + (", and a result" if results else ""))
        return
    if not state.is_end:
        found.faults["open"].append(f"{told}: {state} {row.stage}, lease of {row.lease_owner!r}")
        # what has a result is no loss, whatever the row says
        if not results:
            found.faults["lost"].append(f"{told}: {state}")
        return
    found.ends[state.value] += 1
    if state not in entry.ends or (state is State.FAILED and row.code not in entry.codes):
        right = " or ".join(sorted(entry.ends)) + (f" {entry.codes}" if entry.codes else "")
        found.faults["untrue"].append(f"{told}: {state} {row.code} ({row.reason}); right is {right}")
    if state is State.DONE and not any(each.key == row.result_key for each in results):
        found.faults["lost"].append(f"{told}: DONE, and no result {row.result_key!r} in S3")
    if results and state not in {State.DONE, State.CANCELLED}:
        found.faults["untrue"].append(f"{told}: {state}, and a result in S3")
    if len(results) > 1:
        found.faults["twice"].append(f"{told}: {', '.join(each.key for each in results)}")


def _compare(found: Balance, outputs: ObjectStore, truth: Truth, entry: Entry, result: ObjectVersion) -> None:
    if entry.specimen is None or entry.codes:
        found.faults["wrong"].append(f"{result.key}: a result of what has none")
        return
    body = outputs.read(result.key, result.version, 0, result.size)
    if fault := truth.fault(entry.specimen, entry.pipeline, body):
        found.faults["wrong"].append(f"{result.key}: {fault}")
