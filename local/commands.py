"""Commands that end by themselves, run as steps: their output goes to a log, their progress to the screen."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from local.processes import Child, Program
from tilework.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from local.progress import Step

LAST_LINES: Final = 12
"""Of a failed command's log, shown at once."""


def run(
    step: Step,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    log: Path,
    seconds: float,
    advice: str,
    detail: Callable[[str], str] | None = None,
) -> None:
    """Run ``command`` to its end; ``detail`` makes the step's detail from what it has written so far.

    Raises SetupError where it fails or takes longer than ``seconds``; it is killed on every other way out.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # a log tells of the last run only
    log.write_bytes(b"")
    child = Child(Program(step.title, tuple(command), environment, directory, log, stop_seconds=1))

    def ended() -> bool:
        if detail is not None:
            step.detail = detail(log.read_text(errors="replace"))
        return child.status is not None

    try:
        in_time = step.wait(ended, seconds)
    finally:
        child.send(signal.SIGKILL)
        child.clear()
    if not in_time or child.status != 0:
        raise SetupError(_why(step, child.status, seconds, in_time=in_time, log=log), advice=advice)


def _why(step: Step, status: int | None, seconds: float, *, in_time: bool, log: Path) -> str:
    how = f"ended with status {status}" if in_time else f"had not ended after {seconds:.0f} s"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    last = "\n".join(f"    {line[:200]}" for line in lines[-LAST_LINES:])
    return f"{step.title} failed: the command {how}. The whole log is {log}; it ends with\n{last}"
