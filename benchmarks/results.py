"""What was measured, kept from one run to the next: by section and row, each row measured in one run."""

from __future__ import annotations

import datetime as dt
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.scope import CORES

Figures: TypeAlias = dict[str, Any]
"""Whatever a section measures, as JSON can hold it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one run has measured, on which day, how many times."""

    date: str
    rounds: int
    figures: Figures


Rows: TypeAlias = dict[str, Row]
"""By name; a section that has but one row gives it none."""


class Results:
    """The rows of all sections in a file. Those of another machine are forgotten."""

    def __init__(self, path: Path) -> None:
        self._path = path
        told = json.loads(path.read_text()) if path.exists() else {}
        same = told.get("machine") == machine()
        sections = told["sections"].items() if same else ()
        self._sections = {name: {key: Row(**row) for key, row in rows.items()} for name, rows in sections}

    def rows(self, section: str) -> Rows:
        """What there is of a section."""
        return self._sections.get(section, {})

    def keep(self, section: str, row: str, rounds: int, figures: Figures) -> None:
        """Keep what was measured just now in the place of what there was."""
        kept = Row(f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", rounds, figures)
        self._sections.setdefault(section, {})[row] = kept
        told = {
            name: {key: asdict(row) for key, row in rows.items()} for name, rows in self._sections.items()
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps({"machine": machine(), "sections": told}, indent=1))


def machine() -> str:
    """What it is measured on."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next(line for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    return f"{CORES} cores of {cpu}, {int(memory.split()[1]) / 2**20:.0f} GiB, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
