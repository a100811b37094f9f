"""The first result after a drop on a warm, idle host: how much longer it takes than the work itself, and where."""

from __future__ import annotations

import json
import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.drops.dropper import Dropper
from benchmarks.drops.system import OBSERVED, STATE, fresh, one_host
from benchmarks.photos import PIPELINE, photographs, seconds_alone
from benchmarks.scope import FOLDER
from benchmarks.tables import head, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope
    from tests.flow.running_system import RunningSystem

REQUESTS = FOLDER / "requests.jsonl"
RESULT_SECONDS = 60.0
LOOK_SECONDS = 0.1
WARM_UP = 2
"""Drops that do not count."""

STEPS = {
    "receive": "event, message, receive",
    "look": "to the desk, HEAD of the object",
    "claim": "claim in the job table",
    "hand": "to a rank",
    "read": "GET of the photo",
    "work": "photo's way to the rank, decode, kernel, encode",
    "store": "PUT of the result",
}
"""What happens between the end of the drop's PUT and that of the result's, one after the other."""


@dataclass(frozen=True, slots=True)
class Request:
    """One that the embedded AWS has answered; seconds since the epoch."""

    action: str
    path: str
    came: float
    answered: float


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Single drops, each after some quiet; the first ones warm the host up."""
    photos = photographs(*scope.photo)
    STATE.parent.mkdir(parents=True, exist_ok=True)
    REQUESTS.unlink(missing_ok=True)
    alone = [sum(seconds_alone(photos * 2).values())]
    with fresh(OBSERVED, BENCH_REQUESTS=str(REQUESTS), **one_host(scope)) as system:
        steps = single_drops(system, photos, scope, REQUESTS)
    alone.append(sum(seconds_alone(photos * 2).values()))
    yield "", {
        "steps": steps, "alone": statistics.mean(alone), "quiet": scope.quiet, "megapixels": scope.megapixels,
    }  # fmt: skip


def single_drops(
    system: RunningSystem, photos: Sequence[bytes], scope: Scope, record: Path
) -> list[dict[str, float]]:
    """Seconds of the STEPS of each drop that counts; ``record`` is that of the embedded AWS."""
    steps = []
    with closing(Dropper(system)) as dropper:
        for number in range(WARM_UP + scope.single_drops):
            time.sleep(scope.quiet)
            key = f"single-{number}.jpg"
            dropper.drop(key, photos[number % len(photos)])
            steps.append(_steps(key, time.time(), record))
            print(f"first: {sum(steps[-1].values()) * 1000:.0f} ms after the drop", flush=True)
    return steps[WARM_UP:]


def told(rows: Rows) -> Iterator[str]:
    """How much longer, and a table of the steps."""
    figures = rows[""].figures
    steps, alone = figures["steps"], figures["alone"] * 1000
    wholes = sorted(sum(took.values()) * 1000 for took in steps)
    whole = statistics.median(wholes)
    yield (
        f"{len(wholes)} JPEGs of {figures['megapixels']} megapixels, {PIPELINE}, dropped one by one, each after"
        f" {figures['quiet']:.0f} s of quiet: from the end of the drop's PUT, by the dropper's clock, until the result is"
        f" stored it takes {whole:.0f} ms (median; {wholes[0]:.0f} to {wholes[-1]:.0f}). The work itself, decoder, kernel and"
        f" encoder alone in one thread, measured before and after them, takes {alone:.0f} ms: {whole - alone:.0f} ms over it"
        f" (150 allowed). Where they go, by the times at which the embedded AWS got and answered each request:"
    )
    yield "\n".join(_where(steps))


def _where(steps: Sequence[dict[str, float]]) -> Iterator[str]:
    yield from head("step", "ms (median)")
    for name, title in STEPS.items():
        yield from row(title, f"{statistics.median(took[name] for took in steps) * 1000:.1f}")


def _steps(key: str, dropped: float, record: Path) -> dict[str, float]:
    """Seconds of each step of a drop whose PUT ended at ``dropped``."""
    deadline = time.monotonic() + RESULT_SECONDS
    while (found := steps_of(key, dropped, requests(record))) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{key} has no result after {RESULT_SECONDS} s")
        time.sleep(LOOK_SECONDS)
    return found


def requests(record: Path) -> list[Request]:
    """All that was recorded so far."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in record.read_text().splitlines()]
    return [Request(**line) for line in lines]


def steps_of(key: str, dropped: float, answered: Sequence[Request]) -> dict[str, float] | None:
    """Seconds of the STEPS of a drop, or None while its result is not stored."""
    source, stem = f"/{key}", f"/results/{key.rpartition('.')[0]}-"
    about = [each for each in answered if each.path.endswith(source)]
    stored = next((each for each in answered if each.action == "PUT" and stem in each.path), None)
    if stored is None:
        return None
    look = next(each for each in about if each.action == "HEAD")
    gets = [each for each in about if each.action == "GET"]
    received = max(
        each.answered for each in answered if each.action == "ReceiveMessage" and each.answered <= look.came
    )
    claim = min(
        (each for each in answered if each.action == "PutItem" and each.came >= look.answered),
        key=lambda each: each.came,
    )
    moments = (
        dropped, received, look.answered, claim.answered, gets[0].came, gets[-1].answered, stored.came, stored.answered,
    )  # fmt: skip
    return dict(zip(STEPS, (end - begin for begin, end in pairwise(moments)), strict=True))
