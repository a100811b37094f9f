"""The studies as tables for a terminal, and as a document."""

from __future__ import annotations

from dataclasses import asdict, astuple, fields
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.fleet.figures import StageTimes
from benchmarks.fleet.findings import WORTH
from benchmarks.fleet.study import changed, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.fleet.checking import Comparison
    from benchmarks.fleet.model import World
    from benchmarks.fleet.study import Curve, Study

MILLION = 1_000_000

INTRODUCTION = """\
# A fleet, reckoned

What a thousand hosts of 16 cores would do, by a model (`python -m benchmarks.fleet`) that is fed with what one core
does here, with Tilework's own plans and settings, and with what AWS publishes. No fleet was started for it. `make` runs
nothing of this; the program writes this page and its drawing anew with `--out`.

*Efficiency* is against linear from one host of the same setup, *cores* the share of all cores that computes. A curve
*bends* at the first fleet that is more than 10 % below linear. A *cause* is found by lifting it out of the model: the
factor tells how many times faster it would be without. A *lever* is found by pulling it; the factor tells what it
gained when it was pulled, the strongest first, one after another. What the levers tell is not what the code does.
*Otherwise* tells what it takes where something is not so that the curves take for granted.
"""

GRAIN = """
## What is modelled, and what is not

Hosts are alike, warm, and the queues deal evenly, so that cores, ranks, desks and network are one pool of the fleet. A
host has 25 ranks on its 16 cores, as many as its 32 GiB hold, of which 19 may be at units. Photos pass in slices, scans
in handfuls of units, stage after stage, as Tilework's own planner lays them out for a header of that size. A rank
fetches a scan a row of tiles ahead of its work, and what stages have left side by side. A hop between stages is the last manifest and mark, the row's move, the units sent ten at a
time, the receive. The assembly reads manifests, copies and joins side by side, all requests made by one interpreter.
Everything waits for the slowest of the services that it uses, and these serve in order.

- *S3's prefixes.* S3 splits keys by itself where the load lasts, within minutes, and answers 503 meanwhile. Photos are
  taken to lie in 100 folders, whose results lie under the same names: that is the user's choice, as is the pace at which
  a fleet grows. Keys of units begin with `work/` and the hash of their job, so that S3 can split them as it likes; it is
  taken to have split them, and the folder of the scans, into 256 parts. One job's keys lie in one part.
- *The table.* An ordinary job costs two writes in the table and three in the index by state, whose part for RUNNING it
  enters and leaves; of these there are 32. A new table, and each of its indexes, begins at 4,000 writes a second, unless
  it is told to be warm ([running.md](running.md)). A job with a batch costs three more in the other index, which has
  limits of its own. Adding to the set of done units costs what the whole row weighs, and again in the index.
- *A supervisor* is one interpreter a host: what it computes for a photo bounds the photos of a host of 16 cores, of any
  fleet, and so bends no curve.
- *The archive* of a thousand scans has one for each host of a thousand: all go through their stages at the same pace, so
  that at the end nothing is left to fill the pauses of the last ones with.
- *Not modelled:* retries and losses, cold starts, two zones, the price. 16 cores are 16 cores, not 8 with two threads
  each.
"""

FIGURES = """
## Figures

- *Measured here* (`python -m benchmarks.fleet.measuring`) on {machine}, {date}, by Tilework's own engine in one process:
  core seconds, requests and bytes of each stage of a 151-MP image, a pixel of the image that the stage works on; a 12-MP
  JPEG through blur(9). What a supervisor computes for a photo and for a unit is from the real runs below.
- *Guessed*: what a stage's slowest unit takes over the mean (15 %); what the client of S3 computes for a request; plan
  and assembly of a job without their requests; round trips to table and queue; a millisecond a part for
  CompleteMultipartUpload; UploadPartCopy at the speed of a connection.
- *Published*: S3's requests a prefix, bytes a connection and time to the first byte, SQS's batch and messages in flight,
  DynamoDB's writes of a partition, of a table and of an index, a host's baseline network.
"""

REAL = """
## Beside real runs

`python -m benchmarks.fleet.real` starts the whole local system with one, two and four worlds of one rank each, drops {photos}
photos, then a scan of 151 MP, and takes the median of three runs. The emulator, the supervisors and whoever drops share
the two cores with the ranks; what they computed is measured, and given to the model. It knows nothing of what cores
lose to each other that share caches and memory, nor of what else ran on the machine, of which the load tells: on a
quiet one it is below 1.
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
        *_otherwise(study),
    ]
    return [line for line in told if line]


def document(studies: Sequence[Study], world: World, drawing: str, compared: Sequence[Comparison]) -> str:
    """The whole page; ``drawing`` is the file name of the chart."""
    parts = [INTRODUCTION, _musts(studies), f"\n![Efficiency over hosts]({drawing})\n"]
    for study in studies:
        heads = ("hosts", "seconds", "efficiency", "cores", "levers pulled: seconds", "efficiency", "cores")
        parts.append(f"\n## {study.scenario.name[:1].upper()}{study.scenario.name[1:]}\n")
        parts.append(_markdown(heads, _rows(study)))
        parts.append("\n".join(f"- {line}" for line in findings(study)) + "\n")
    told = FIGURES.format(machine=world.times.machine, date=world.times.date)
    parts += [GRAIN, told, _figures(world), _compared(compared)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _musts(studies: Sequence[Study]) -> str:
    asked = [(study, verdict(study.scenario, study.now)) for study in studies]
    return "\n" + _markdown(
        ("work", "as the code stands"), [(study.scenario.name, said) for study, said in asked if said]
    )


def _otherwise(study: Study) -> list[str]:
    """What a condition costs that the curves take for granted."""
    usual = study.now.point(study.target)
    told = [
        f"{name}: {point.seconds:,.0f} s ({usual.seconds / point.seconds:.2f})"
        for name, point in study.otherwise
        if point.seconds > usual.seconds * WORTH
    ]
    where = f"Otherwise, on {study.target:,} hosts ({usual.seconds:,.0f} s): "
    return [where + "; ".join(told)] if told else []


def comparison_rows(compared: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Real runs beside what the model says."""
    return [
        (
            each.run.pipeline or "photos", str(each.run.worlds), f"{each.run.seconds:.2f}",
            f"{each.run.least:.2f}-{each.run.most:.2f}", f"{each.run.load:.1f}", f"{1000 * each.run.service_cpu:.0f}",
            f"{each.predicted:.2f}", f"{each.ratio:.2f}", "yes" if each.close else "NO",
        )
        for each in compared
    ]  # fmt: skip


COMPARED = (
    "work", "worlds", "seconds", "least-most", "load before", "others' ms a photo or unit", "model", "ratio", "within 15 %"
)  # fmt: skip


def _compared(compared: Sequence[Comparison]) -> str:
    if not compared:
        return "\n## Beside real runs\n\nNone have been made yet (`python -m benchmarks.fleet.real`).\n"
    photos = next((f"{each.run.amount:.0f}" for each in compared if each.run.kind == "photos"), "no")
    return REAL.format(photos=photos) + "\n" + _markdown(COMPARED, comparison_rows(compared))


def _figures(world: World) -> str:
    """Seconds, bytes and requests as they are; those of stages for a million pixels (of reducing, for a unit)."""
    left_out = {"pipelines", "machine", "date", "service"}
    times = {name: value for name, value in asdict(world.times).items() if name not in left_out}
    single = _markdown(
        ("figure", "value"),
        [(name, f"{value:.4g}") for name, value in (times | asdict(world.limits)).items()],
    )
    rows = [
        (name, stage, *(f"{value * (1 if stage == 'reduce' else MILLION):.4g}" for value in astuple(each)))
        for name, pipeline in world.times.pipelines.items()
        for stage, each in pipeline.stages.items()
    ]
    heads = ("a million pixels of", "stage", *(each.name.replace("_", " ") for each in fields(StageTimes)))
    return f"\n{single}\n{_markdown(heads, rows)}"


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
