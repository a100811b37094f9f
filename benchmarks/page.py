"""The page that tells what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import operations, restart
from benchmarks.browser import listing, preview
from benchmarks.drops import delay, first, rates
from benchmarks.large import file_tables, files, memory, photographs, starting
from benchmarks.results import machine
from benchmarks.scope import CORES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.results import Figures, Results, Rows
    from benchmarks.scope import Scope

READING = """\
Written by `make bench`; not to be edited. Figures are medians, on the same {cores} cores for everybody who is compared. Each
section (of large files: each row) was measured in one run, whoever is compared in turn; sections may have been measured apart,
each bears its date. In brackets is what is to be reached.

Machine: {machine}."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: ``measure`` gives rows, by name, of what ``told`` makes paragraphs."""

    title: str
    measure: Callable[[Scope], Iterator[tuple[str, Figures]]]
    told: Callable[[Rows], Iterator[str]]


SECTIONS = {
    "files": Section("Large files", files.measure, file_tables.told),
    "start": Section("Start", starting.measure, starting.told),
    "photos": Section("Photos, folder to folder", photographs.measure, photographs.told),
    "drops": Section("Photos, from drop to result", rates.measure, rates.told),
    "delay": Section("The same far from S3", delay.measure, delay.told),
    "first": Section("First result on an idle host", first.measure, first.told),
    "restart": Section("A rank's death", restart.measure, restart.told),
    "preview": Section("Live preview", preview.measure, preview.told),
    "list": Section("The page and its list", listing.measure, listing.told),
    "operations": Section("Operations", operations.measure, operations.told),
    "memory": Section("Memory", memory.measure, memory.told),
}
"""In their order on the page."""


def page(results: Results) -> str:
    """The whole page, of all sections that there are."""
    parts = ["# Performance", READING.format(cores=CORES, machine=machine())]
    for name, section in SECTIONS.items():
        if rows := results.rows(name):
            parts += [f"## {section.title}", when(rows), *section.told(rows)]
    return "\n\n".join(parts) + "\n"


def when(rows: Rows) -> str:
    """When, and how often, rows were measured."""
    dates = sorted({row.date for row in rows.values()})
    rounds = sorted({row.rounds for row in rows.values()})
    times = " or ".join(map(str, rounds))
    return f"Measured {' to '.join(dict.fromkeys((dates[0], dates[-1])))}, {times} {'round' if times == '1' else 'rounds'}."
