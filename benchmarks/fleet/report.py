"""The studies as tables for a terminal, and as a document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.fleet.study import changed, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.fleet.checking import Comparison
    from benchmarks.fleet.model import World
    from benchmarks.fleet.study import Curve, Study

INTRODUCTION = """\
# A fleet, reckoned

What a thousand hosts of 16 cores would do, by a model (`python -m benchmarks.fleet`) that is fed with what one core
does and with what AWS publishes. No fleet was started for it. `make` runs nothing of this; the program writes this
page and its drawing anew with `--out`.

*Efficiency* is against linear from one host of the same setup, *cores* the share of all cores that computes. A curve
*bends* at the first fleet that is more than 10 % below linear. A *cause* is found by lifting it out of the model: the
factor tells how many times faster it would be without. A *lever* is found by pulling it; the factor tells what it
gained when it was pulled, the strongest first, one after another.
"""

GRAIN = """
## What is modelled, and what is not

Hosts are alike, warm, and the queues deal evenly, so that cores, ranks, desks and network are one pool of the fleet.
Photos pass in slices, scans in handfuls of units, stage after stage: plan, measure, reduce tree, write, overviews,
assembly by UploadPartCopy. A hop between stages is the last mark, the row's move, the units sent ten at a time, the
receive. Everything waits for the slowest of the services that it uses, and these serve in order.

Not modelled: retries and losses, cold starts, the minutes in which S3 splits a prefix or DynamoDB an on-demand table
(a new one begins at 4,000 writes a second and doubles within half an hour), two zones, the price. Each of S3's
prefixes is one until a lever says otherwise: S3 splits keys under `work/<hash of the job>/` by itself where the load
lasts, but not in the half minute that an archive takes. Rows of an ordinary job cost two writes; the part of the index
that holds RUNNING takes two as well. Adding to the set of done units costs what the whole row weighs, and again in
the index. 16 cores are 16 cores, not 8 with two threads each.
An assembly in hundreds of connections is one that several ranks share.
"""

FIGURES = """
## Figures

The unit times are, until a bench run writes others (`--times FILE`), from a machine with two cores:

- *measured there*, as the limit of single-threaded decode, kernel and encode and not as Tilework's own speed: a 12-MP
  JPEG through blur(9) 130 ms; a 151-MP TIFF with overviews on both cores 3.2 s (exact canny, JPEG tiles), 0.84 s
  (blur, JPEG tiles), 7.0 s (blur, deflate), which gives the seconds a pixel;
- *guessed*: how these part among measure, write and overviews; bytes a pixel; plan, reduce and assembly of a unit;
  what a stage's slowest unit takes over the mean (15 %); round trips to table and queue; a millisecond a part for
  CompleteMultipartUpload; UploadPartCopy at the speed of a connection.

Published: S3's requests a prefix, bytes a connection and time to the first byte, SQS's batch and messages in flight,
DynamoDB's writes of a partition and a table, a host's baseline network.
"""


def terminal_table(study: Study) -> Table:
    """One scenario: both curves side by side."""
    table = Table(
        "hosts", "seconds", "efficiency", "cores", "then seconds", "efficiency", "cores", title=study.scenario.name
    )  # fmt: skip
    for row in _rows(study):
        table.add_row(*row)
    return table


def findings(study: Study) -> list[str]:
    """What is to be said below the table, a line each."""
    told = [
        _curve("As it stands", study.now, study.target),
        _asked("Asked", study, study.now),
        f"Levers on {study.target:,} hosts: " + (_factors(study.pulled) or "none is worth it"),
        f"Set then: {changed(study.then.world)}" if study.pulled else "",
        _curve("Then", study.then, study.target),
        _asked("Asked, then", study, study.then),
    ]
    return [line for line in told if line]


def document(studies: Sequence[Study], world: World, drawing: str, compared: Sequence[Comparison]) -> str:
    """The whole page; ``drawing`` is the file name of the chart."""
    parts = [INTRODUCTION, f"\n![Efficiency over hosts]({drawing})\n"]
    for study in studies:
        heads = ("hosts", "seconds", "efficiency", "cores", "levers pulled: seconds", "efficiency", "cores")
        parts.append(f"\n## {study.scenario.name[:1].upper()}{study.scenario.name[1:]}\n")
        parts.append(_markdown(heads, _rows(study)))
        parts.append("\n".join(f"- {line}" for line in findings(study)) + "\n")
    parts += [GRAIN, FIGURES, _figures(world), _compared(compared)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def comparison_rows(compared: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Real runs beside what the model says."""
    return [
        (
            each.run.kind, str(each.run.worlds), f"{each.run.seconds:.1f}", f"{each.predicted:.1f}",
            f"{each.ratio:.2f}", "yes" if each.close else "NO",
        )
        for each in compared
    ]  # fmt: skip


COMPARED = ("work", "worlds", "seconds", "model", "ratio", "close")


def _compared(compared: Sequence[Comparison]) -> str:
    if not compared:
        return "\n## Beside real runs\n\nNone have been passed in yet (`--runs FILE`).\n"
    return "\n## Beside real runs\n\n" + _markdown(COMPARED, comparison_rows(compared))


def _figures(world: World) -> str:
    times = {name: value for name, value in asdict(world.times).items() if name != "pipelines"}
    rows = [(name, f"{value:g}") for name, value in (times | asdict(world.limits)).items()]
    rows += [
        (f"{pipeline}: {name}", f"{value:g}")
        for pipeline, values in asdict(world.times)["pipelines"].items()
        for name, value in values.items()
    ]
    return "\n" + _markdown(("figure", "value"), rows)


def _rows(study: Study) -> list[tuple[str, ...]]:
    return [
        (
            f"{now.hosts:,}", f"{now.seconds:,.0f}", f"{now.efficiency:.2f}", f"{now.cores:.2f}",
            f"{then.seconds:,.0f}", f"{then.efficiency:.2f}", f"{then.cores:.2f}",
        )
        for now, then in zip(study.now.points, study.then.points, strict=True)
    ]  # fmt: skip


def _curve(name: str, seen: Curve, target: int) -> str:
    where = f"bends at {seen.bends:,} hosts" if seen.bends else "linear to the end"
    told = f"{name}: {where}"
    if seen.bends:
        told += f", for {_factors(seen.at_bend[:3]) or 'want of work'}"
    if target != seen.bends and seen.at_target:
        told += f"; on {target:,} hosts {_factors(seen.at_target[:3])}"
    return told


def _asked(name: str, study: Study, seen: Curve) -> str:
    said = verdict(study.scenario, seen)
    return f"{name}: {said}" if said else ""


def _factors(named: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{name} ({factor:.2f})" for name, factor in named)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
