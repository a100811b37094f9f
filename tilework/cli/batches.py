"""``tilework batch``: many jobs that were submitted together, seen as a whole."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.api.batches import ApiBatches
from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.cli.progress import Progress
from tilework.cli.statuses import UsageError
from tilework.jobs.batches import Batch, Standing, standing
from tilework.jobs.job import State
from tilework.shown import moment, shown

if TYPE_CHECKING:
    from tilework.jobs.system import System

LISTED = 20
"""Of the latest batches, where none is named."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds between two looks while waiting: a look at a large batch costs."""


def note(system: System, name: str, size: int) -> None:
    """Note how many jobs a batch will have; where it is noted already, say so, for then its counts are of all."""
    there = standing_of(system, name)
    if there is None or there.size is None:
        system.batches.note(Batch(name, "", size, created=round(time.time(), 3)))
    elif there.size != size:
        text = f"A batch {shown(name)} of {there.size:,} is there already: what is counted is both together."
        consoles.talk().print(text, soft_wrap=True)


def standing_of(system: System, name: str) -> Standing | None:
    """Where a batch stands: counted here, or by the system's master."""
    # of the notes' interface the API offers a part
    notes: object = system.batches
    if isinstance(notes, ApiBatches):
        return notes.standing(name)
    return standing(system.batches, name, time.time())


def told(batch: Standing) -> str:
    """Done and failed of how many, in a sentence."""
    done, failed = batch.states[State.DONE], batch.ended - batch.states[State.DONE]
    of = f" of {batch.size:,}" if batch.size is not None else ""
    parts = [f"done {done:,}, failed {failed:,}{of}" if failed else f"done {done:,}{of}"]
    if running := batch.states[State.RUNNING]:
        parts.append(f"{running:,} running")
    if waiting := batch.waiting + batch.states[State.QUEUED]:
        parts.append(f"{waiting:,} waiting")
    if batch.seconds_left and not batch.is_over:
        parts.append(f"about {timedelta(seconds=round(batch.seconds_left))} left")
    return ", ".join(parts)


def run(name: str, *, wait: bool, json: bool) -> int:
    """Tell how one batch stands, or which there were; with ``wait`` once all of it is over."""
    system = join_from_here()
    if not name:
        if wait:
            raise UsageError("Name the batch to wait for.", advice="See `tilework batch`.")
        return _list(system, json=json)
    batch = _known(system, name)
    if wait:
        batch = _over(system, batch)
    if json:
        consoles.print_json(_document(batch))
    else:
        consoles.output().print(
            Text.assemble((shown(batch.title or name), "bold"), f": {told(batch)}"), soft_wrap=True
        )
    bad = wait and batch.ended > batch.states[State.DONE]
    return statuses.SOME_FAILED if bad else statuses.ALL_DONE


def _known(system: System, name: str) -> Standing:
    batch = standing_of(system, name)
    if batch is None:
        raise UsageError(f"Nothing is known of a batch {name!r}.", advice="See `tilework batch`.")
    return batch


def _over(system: System, batch: Standing) -> Standing:
    """The batch once every job of its size has ended."""
    if batch.size is None:
        raise UsageError("Nobody noted how many jobs this batch has.", advice="See `tilework jobs --batch`.")
    pause, ended = FIRST_PAUSE, 0
    with Progress("Waiting for the batch", batch.size) as bar:
        while True:
            bar.advance(batch.ended - ended)
            if batch.is_over:
                return batch
            pause = FIRST_PAUSE if batch.ended > ended else min(pause * 1.5, LONGEST_PAUSE)
            ended = batch.ended
            time.sleep(pause)
            batch = _known(system, batch.name)


def _list(system: System, *, json: bool) -> int:
    batches = list(system.batches.recent(LISTED))
    if json:
        consoles.print_json_list(
            {"batch": each.name, "name": each.title, "size": each.size, "created": each.created}
            for each in batches
        )
        return statuses.ALL_DONE
    if not batches:
        consoles.talk().print("No batch was noted yet.")
        return statuses.ALL_DONE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("batch", overflow="fold")
    table.add_column("name", overflow="fold")
    table.add_column("jobs", justify="right")
    table.add_column("started")
    for each in batches:
        table.add_row(shown(each.name), shown(each.title), f"{each.size:,}", moment(each.created))
    consoles.output().print(table)
    return statuses.ALL_DONE


def _document(batch: Standing) -> dict[str, Any]:
    states = {state.value: count for state, count in batch.states.items()}
    return asdict(batch) | {"states": states, "ended": batch.ended, "over": batch.is_over}
