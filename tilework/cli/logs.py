"""``tilework logs``: the lines that all processes of a system on this machine have logged about one job."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilework.cli import consoles, statuses
from tilework.errors import SettingsError
from tilework.logs import told_line
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGS = Path(".tilework") / "logs"
"""Written by `make run`, relative to its checkout, and left there when it ends."""

LEAST_DIGITS = 4
"""Of an id, as for every other command."""


def run(job_id: str, *, json: bool) -> int:
    """Print the lines about a job in the order of their time."""
    text = job_id.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},}}", text):
        raise statuses.UsageError(
            f"{text!r} are no first digits of a job's id: give at least {LEAST_DIGITS}.",
            advice="See `tilework jobs`.",
        )
    lines = sorted(_lines(_folder(), text), key=lambda line: str(line["time"]))
    if not lines:
        consoles.talk().print(f"No line is about a job {text}.")
        return statuses.SOME_FAILED
    for line in lines:
        if json:
            consoles.print_json_line(line)
        else:
            consoles.output().print(_text(line), soft_wrap=True)
    return statuses.ALL_DONE


def _folder() -> Path:
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / LOGS).is_dir():
            return place / LOGS
    raise SettingsError(
        f"There are no logs here: no {LOGS} lies in this folder or above.",
        advice="For a deployed system ask CloudWatch Logs Insights; docs/logs-and-metrics.md has the query.",
    )


def _lines(folder: Path, begin: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.log")):
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                line = told_line(text) if begin in text else None
                if line is not None and str(line.get("job", "")).startswith(begin):
                    yield line


def _text(line: dict[str, Any]) -> str:
    who = f"{line.get('process', '')} {line['rank']}" if "rank" in line else str(line.get("process", ""))
    unit = f"  {line['unit']}" if "unit" in line else ""
    clock = str(line["time"]).replace("T", " ").removesuffix("Z")
    return shown(f"{clock}  {line['level']:<7}  {who:<15}{unit}  {line['message']}")
