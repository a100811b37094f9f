"""The page and the picture of a long run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.long_run.figures import MIB, OURS, growth, stretches
from benchmarks.results import machine
from benchmarks.tables import head, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.long_run.figures import Sample, Stretch

READING = """\
The clock's rate is also that of whatever else ran on these cores; jobs a second of processor time is what it would be without.
The embedded AWS keeps every object and row in memory, and grows for that; its time for a job is told apart, so that nothing of
it is taken for the host's. A supervisor's descriptors are its connections: it keeps one for each thread that was at a service
at the same time as others, of which there are sixteen for each queue."""

WIDTH, HEIGHT, LEFT, TOP, GAP = 420, 110, 50, 34, 46
STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.grid { stroke: #d0d7de; stroke-width: 1 }
.a { stroke: #0969da; stroke-width: 2; fill: none }
.b { stroke: #cf222e; stroke-width: 2; fill: none; stroke-dasharray: 6 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .grid { stroke: #30363d } .a { stroke: #58a6ff } .b { stroke: #ff7b72 }
}"""


def page(samples: Sequence[Sample], date: str, picture: str) -> str:
    """Markdown. The first stretch is the warm-up, and compared with nothing."""
    warm, runs = samples[1:], stretches(samples)[1:]
    first, last = runs[0], runs[-1]
    told = (
        f"{last.jobs - warm[0].jobs:,} small jobs (JPEGs of 320 x 240, blur(9)) through one supervisor, after a warm-up of"
        f" {warm[0].jobs:,}, by `python -m benchmarks.long_run`; embedded AWS, master and dropper on the same cores. Measured"
        f" {date}. Machine: {machine()}."
    )
    tables = "\n".join(_speed(first, last)), "\n".join(_memory(warm))
    shown = f"![Jobs a second, processor time a job, and memory, over the jobs]({picture})"
    parts = ["# A long run", told, READING, *tables, shown]
    return "\n\n".join(parts) + "\n"


def _speed(first: Stretch, last: Stretch) -> Iterator[str]:
    yield from head("", "first thousand", "last thousand", "ratio")
    yield from _compared("jobs a second, by the clock", first.rate, last.rate)
    yield from _compared("cores that others used meanwhile", first.strangers, last.strangers)
    yield from _compared(
        "jobs a second of processor time, of all parts together", first.undisturbed, last.undisturbed
    )
    yield from _compared("ms of processor time a job: worker host", first.ours, last.ours)
    for name in (name for name in first.cpu if first.cpu[name]):
        yield from _compared(
            f"its {name}" if name in OURS else name, first.cpu[name], last.cpu.get(name, 0.0)
        )


def _compared(title: str, first: float, last: float) -> Iterator[str]:
    yield from row(title, f"{first:.2f}", f"{last:.2f}", f"{last / first:.3f}" if first else "")


def _memory(samples: Sequence[Sample]) -> Iterator[str]:
    yield from head(
        "process",
        "MiB at first",
        "MiB in the end",
        "KiB more a thousand jobs",
        "descriptors at first",
        "in the end",
    )
    for name in samples[0].memory:
        used, files = ([getattr(each, what)[name] for each in samples] for what in ("memory", "descriptors"))
        yield from row(
            name, f"{used[0] / MIB:.1f}", f"{used[-1] / MIB:.1f}", f"{growth(samples, name) / 1024:+.1f}",
            f"{files[0]}", f"{files[-1]}",
        )  # fmt: skip


def drawn(samples: Sequence[Sample]) -> str:
    """The SVG: three panels over the jobs."""
    runs = stretches(samples)
    jobs = [stretch.jobs for stretch in runs]
    names = [name for name in samples[0].memory if name.startswith("rank ") and name != "rank 0"]
    panels = (
        ("jobs a second", [[run.rate for run in runs]]),
        ("ms of processor time a job: host, and dashed the emulator",
         [[run.ours for run in runs], [run.cpu["emulator"] for run in runs]]),
        ("MiB: supervisor, and dashed the largest rank",
         [[each.memory["supervisor"] / MIB for each in samples[1:]],
          [max(each.memory[name] for name in names) / MIB for each in samples[1:]]]),
    )  # fmt: skip
    drawings = [
        _panel(title, jobs, lines, TOP + n * (HEIGHT + GAP)) for n, (title, lines) in enumerate(panels)
    ]
    height = TOP + len(panels) * (HEIGHT + GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 40} {height}" role="img" '
        f'aria-label="Speed and memory over the jobs of a long run">\n<style>{STYLE}</style>\n'
        + "\n".join(drawings)
        + "\n</svg>\n"
    )


def _panel(title: str, jobs: Sequence[int], lines: Sequence[Sequence[float]], top: int) -> str:
    most = max(max(line) for line in lines) * 1.1

    def place(job: int, value: float) -> str:
        return f"{LEFT + WIDTH * job / jobs[-1]:.1f},{top + HEIGHT * (1 - value / most):.1f}"

    parts = [f'<text x="{LEFT}" y="{top - 8}">{title}</text>']
    for value in (0.0, most / 2, most):
        y = top + HEIGHT * (1 - value / most)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.0f}</text>')
    parts.append(
        f'<text x="{LEFT + WIDTH}" y="{top + HEIGHT + 16}" text-anchor="end">{jobs[-1]:,} jobs</text>'
    )
    for kind, line in zip("ab", lines, strict=False):
        points = " ".join(place(job, value) for job, value in zip(jobs, line, strict=True))
        parts.append(f'<polyline class="{kind}" points="{points}"/>')
    return "\n".join(parts)
