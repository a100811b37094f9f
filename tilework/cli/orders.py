"""``tilework retry``, ``cancel`` and ``rerun``: what a user orders for jobs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from rich.text import Text

from tilework.api.system import ApiSystem
from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.cli.listing import STYLES, find_job, is_whole_id, no_such_job
from tilework.cli.pipelines import pipeline_of
from tilework.cli.statuses import UsageError
from tilework.errors import TileworkError, WrongStateError
from tilework.jobs.job import Job
from tilework.jobs.life import JobLife
from tilework.jobs.orders import Orders, Rerun
from tilework.jobs.unheard import find_unheard
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tilework.api.system import ApiOrders
    from tilework.jobs.job import Ask
    from tilework.jobs.system import System

Wanted = TypeVar("Wanted", "Job", "Job | Ask")

AT_ONCE = 16
"""Orders on their way at the same time."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of an order: the row as it stands then, or why it could not be."""

    job: str
    row: Job | None = None
    failure: TileworkError | None = None


def orders_of(system: System) -> Orders | ApiOrders:
    """The orders of a system: by this machine's clock, or carried out by its master."""
    if isinstance(system, ApiSystem):
        return system.orders
    return Orders(system, JobLife(system.table, time.time))


def run_retry(ids: Sequence[str], *, failed: bool, code: str, batch: str, json: bool) -> int:
    """Try jobs again, those named or all that failed."""
    if bool(ids) == failed:
        raise UsageError("Name jobs to try again, or give --failed.", advice="See `tilework retry --help`.")
    if (code or batch) and not failed:
        raise UsageError("--code and --batch choose among those of --failed.")
    system = join_from_here()
    orders = orders_of(system)
    rows: Iterable[Job] = (
        orders.failed(code=code, batch=batch) if failed else [find_job(system.table, one) for one in ids]
    )
    return _tell(_carried_out(orders.retry, rows), json=json)


def run_cancel(ids: Sequence[str], *, json: bool) -> int:
    """Call jobs off; of one that nobody has taken up yet the input bucket tells what it is about."""
    system = join_from_here()
    orders = orders_of(system)
    found = [_row_or_ask(system, one) for one in ids]

    def call_off(one: Job | Ask) -> Job:
        return orders.cancel(one) if isinstance(one, Job) else orders.cancel_unheard(one)

    return _tell(_carried_out(call_off, found), json=json)


def run_rerun(key: str, pipeline: str, *, version: str, revision: str, batch: str, json: bool) -> int:
    """Ask for another job of an image."""
    wanted = Rerun(key, pipeline_of(pipeline).canonical, version or None, revision, batch=batch)
    row, queued = orders_of(join_from_here()).rerun(wanted)
    if json:
        consoles.print_json(asdict(row))
        return statuses.ALL_DONE
    _print(Ordered(row.id, row))
    if not queued:
        advice = "Give --revision for another one." if row.state.is_end else ""
        consoles.talk().print(f"There is this job already; nothing was queued. {advice}".strip())
    return statuses.ALL_DONE


def _row_or_ask(system: System, text: str) -> Job | Ask:
    name = text.strip().lower()
    if is_whole_id(name) and system.table.get(name) is None:
        ask = find_unheard(system, name)
        if ask is None:
            raise no_such_job(name)
        return ask
    return find_job(system.table, name)


def _carried_out(order: Callable[[Wanted], Job], wanted: Iterable[Wanted]) -> Iterator[Ordered]:
    """Each order's end, as they come; a few at once, and no more than that ahead."""

    def carry_out(one: Wanted) -> Ordered:
        name = one.id if isinstance(one, Job) else one.job_id
        try:
            return Ordered(name, order(one))
        except WrongStateError as error:
            return Ordered(name, failure=error)

    waiting = iter(wanted)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while some := list(islice(waiting, AT_ONCE)):
            yield from pool.map(carry_out, some)


def _tell(ordered: Iterable[Ordered], *, json: bool) -> int:
    status = statuses.ALL_DONE
    told = []
    for one in ordered:
        status = statuses.SOME_FAILED if one.failure else status
        told.append(one)
        if not json:
            _print(one)
    if json:
        consoles.print_json_list(map(_as_json, told))
    elif not told:
        consoles.talk().print("There are no such jobs.")
    return status


def _print(one: Ordered) -> None:
    if one.failure is not None:
        line = Text.assemble(
            ("NOT DONE  ", "red"), f"{shown(one.failure.reason)} {shown(one.failure.advice)}"
        )
        consoles.talk().print(line, soft_wrap=True)
    elif one.row is not None:
        state = (f"{one.row.state.value:9} ", STYLES[one.row.state])
        text = Text.assemble(state, f"{one.job}  {shown(one.row.key)}")
        consoles.output().print(text, soft_wrap=True)


def _as_json(one: Ordered) -> dict[str, object]:
    if one.row is not None:
        return asdict(one.row)
    failure = one.failure
    return {"id": one.job, "code": failure.code, "reason": failure.reason} if failure else {"id": one.job}
