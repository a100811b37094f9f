"""Efficiency over hosts as a drawing, for light and for dark pages."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.fleet.study import Curve, Study

WIDTH, HEIGHT = 360, 150
LEFT, TOP = 50, 34
ROW = HEIGHT + 62
STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.must { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 2 3 }
.now { stroke: #cf222e; stroke-width: 2; fill: none; stroke-dasharray: 6 3 }
.then { stroke: #0969da; stroke-width: 2; fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .grid { stroke: #30363d } .must { stroke: #6e7681 }
  .now { stroke: #ff7b72 } .then { stroke: #58a6ff }
}"""


def drawn(studies: Sequence[Study]) -> str:
    """The SVG: a panel a scenario, hosts on a logarithmic axis, efficiency from 0 to 1."""
    height = len(studies) * ROW + TOP
    panels = "\n".join(_panel(study, number * ROW + TOP) for number, study in enumerate(studies))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 40} {height}" role="img" '
        f'aria-label="Efficiency against linear over hosts">\n<style>{STYLE}</style>\n'
        f'<text x="{LEFT}" y="14">efficiency over hosts: dashed as it stands, solid with levers pulled</text>\n'
        f"{panels}\n</svg>\n"
    )


def _panel(study: Study, top: int) -> str:
    hosts = [point.hosts for point in study.now.points]
    most = math.log(hosts[-1])

    def place(count: int, efficiency: float) -> tuple[float, float]:
        return LEFT + WIDTH * math.log(count) / most, top + 20 + HEIGHT * (1 - min(1.0, efficiency))

    def line(curve: Curve, kind: str) -> str:
        spots = " ".join(
            "{:.1f},{:.1f}".format(*place(point.hosts, point.efficiency)) for point in curve.points
        )
        return f'<polyline class="{kind}" points="{spots}"/>'

    parts = [f'<text class="title" x="{LEFT}" y="{top + 10}">{escape(study.scenario.name)}</text>']
    for level, kind in ((0.0, "grid"), (0.5, "grid"), (0.9, "must"), (1.0, "grid")):
        _, y = place(1, level)
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{level:g}</text>')
    for count in hosts:
        x, y = place(count, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{count}</text>')
    return "\n".join([*parts, line(study.now, "now"), line(study.then, "then")])
