"""What waited and how many hosts there were, over time, as a drawing for light and for dark pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.scaling.simulation import Outcome, Sample

WIDTH, HEIGHT = 640, 110
LEFT, RIGHT, TOP = 56, 40, 30
ROW = HEIGHT + 62
POINTS = 640
STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.axis { stroke: #d0d7de; stroke-width: 1 }
.waiting { fill: #0969da; fill-opacity: .25; stroke: #0969da; stroke-width: 1 }
.hosts { stroke: #cf222e; stroke-width: 1.5; fill: none }
.many { fill: #0969da } .few { fill: #cf222e }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .axis { stroke: #30363d }
  .waiting { fill: #58a6ff; stroke: #58a6ff } .hosts { stroke: #ff7b72 }
  .many { fill: #58a6ff } .few { fill: #ff7b72 }
}"""


def drawn(outcomes: Sequence[Outcome]) -> str:
    """The SVG: a panel a trace, with messages outstanding (filled, left) and hosts (line, right) over hours."""
    height = len(outcomes) * ROW + TOP
    panels = "\n".join(_panel(outcome, number * ROW + TOP) for number, outcome in enumerate(outcomes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" role="img" '
        f'aria-label="Messages outstanding and hosts over time">\n<style>{STYLE}</style>\n'
        f'<text x="{LEFT}" y="14"><tspan class="many">messages outstanding</tspan> and '
        f'<tspan class="few">hosts, starting ones too</tspan>, over hours</text>\n{panels}\n</svg>\n'
    )


def _panel(outcome: Outcome, top: int) -> str:
    samples = _seen(outcome)
    begin, end = samples[0].time, samples[-1].time
    most = max(sample.outstanding for sample in samples) or 1
    hosts = max(sample.hosts for sample in samples) or 1

    def x(time: float) -> float:
        return LEFT + WIDTH * (time - begin) / (end - begin)

    def y(share: float) -> float:
        return top + 18 + HEIGHT * (1 - share)

    area = " ".join(f"{x(each.time):.1f},{y(each.outstanding / most):.1f}" for each in samples)
    line = " ".join(f"{x(each.time):.1f},{y(each.hosts / hosts):.1f}" for each in samples)
    marks = [
        f'<text x="{x(hour * 3600):.1f}" y="{y(0) + 15:.1f}" text-anchor="middle">{hour}</text>'
        for hour in range(-(-int(begin) // 3600), int(end) // 3600 + 1, 1 + int((end - begin) / 3600) // 12)
    ]
    return "\n".join(
        [
            f'<text class="title" x="{LEFT}" y="{top + 10}">{escape(outcome.trace.name)}</text>',
            f'<text class="many" x="{LEFT - 6}" y="{y(1) + 4:.1f}" text-anchor="end">{most:,}</text>',
            f'<text class="few" x="{LEFT + WIDTH + 6}" y="{y(1) + 4:.1f}">{hosts}</text>',
            f'<line class="axis" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>',
            f'<polygon class="waiting" points="{x(begin):.1f},{y(0):.1f} {area} {x(end):.1f},{y(0):.1f}"/>',
            f'<polyline class="hosts" points="{line}"/>',
            *marks,
        ]
    )


def _seen(outcome: Outcome) -> list[Sample]:
    """From ten minutes before the first message to half an hour after the last host; only so many as the drawing has room for."""
    last = max(sample.time for sample in outcome.samples if sample.hosts or sample.outstanding)
    wanted = [s for s in outcome.samples if outcome.first_drop - 600 <= s.time <= last + 1800]
    every = max(1, len(wanted) // POINTS)
    # of the samples between two points the highest counts, so that a single photo is seen
    return [
        max(wanted[at : at + every], key=lambda each: (each.outstanding, each.hosts))
        for at in range(0, len(wanted), every)
    ]
