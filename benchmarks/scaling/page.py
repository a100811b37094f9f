"""The page: what is simulated, with which numbers, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.scaling.hosts import READY_SECONDS
from benchmarks.scaling.simulation import SPOT_LOSSES
from benchmarks.scaling.traces import PHOTO_SECONDS, POISON_SECONDS, SCAN_UNITS, UNIT_SECONDS
from worker_image.membership import BUSY_LOOK_SECONDS, QUIET_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.scaling.simulation import Outcome
    from benchmarks.scaling.template import Numbers

COLUMNS = (
    "day", "first result, s", "hosts at most", "launched", "spot losses", "host hours paid", "worked",
    "wasted", "idle a host, min",
)  # fmt: skip


def row(outcome: Outcome) -> tuple[str, ...]:
    """A line of the table."""
    life = outcome.life
    return (
        outcome.trace.name,
        f"{outcome.first_result_seconds:.0f}",
        f"{max(sample.hosts for sample in outcome.samples)}",
        f"{life.launched}",
        f"{life.spot_losses}",
        f"{life.paid / 3600:.2f}",
        f"{life.working / 3600:.2f}",
        f"{100 * outcome.wasted:.0f} %",
        f"{outcome.idle_minutes_a_host:.1f}",
    )


def page(numbers: Numbers, outcomes: Sequence[Outcome], drawing: str) -> str:
    """docs/scaling.md."""
    jobs, units = (f"{tracking.target:,.0f}" for tracking in numbers.tracking)
    table = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    table += [f"| {' | '.join(row(outcome))} |" for outcome in outcomes]
    lines = "\n".join(table)
    launched = sum(outcome.life.launched for outcome in outcomes)
    ended_at_work = sum(outcome.life.ended_at_work for outcome in outcomes)
    return f"""\
# How the fleet follows the work, simulated

Nothing here was run in AWS. `python -m benchmarks.scaling --out docs/scaling.md` reads the numbers of a synthesized template
(targets {jobs} photos and {units} units a host, at most {numbers.maximum} hosts, a look each {numbers.look_seconds:.0f} s,
{numbers.idle_seconds / 60:.0f} idle minutes), lets the master's own function wake and end the fleet (`master/fleet_steps.py`), and
plays days through it; this page and its drawing come from that, and a test holds what it asserts (`tests/stacks/test_scaling_simulated.py`).

![What waits, and how many hosts there are, over the hours of each day]({drawing})

{lines}

*First result* is from the first drop, by the page (a trickle) or into the bucket. *Wasted* is the share of what is paid that
was neither work nor the {numbers.idle_seconds / 60:.0f} minutes that the last host waits for more: starts, gaps, hosts to spare.
*Idle* is all that a host is paid for and does not work, its start aside. Of {launched} hosts scaling ended {ended_at_work} at work: one that
took its first work within the last {BUSY_LOOK_SECONDS:.0f} s has not told its group yet. It drains, hands back what it cannot end, and loses nothing. Nothing was
left over, and each day ends with no hosts. A burst of 20,000 photos is 16 minutes of one host: it is done sooner by many, each of
which costs its start; `wanted_seconds` decides which is wanted.

## What is taken for granted

- A host takes work {READY_SECONDS:.0f} s after its launch, in the median (log-normal, a fifth; [the time line](fleet.md#a-cold-start)), and is
  in service from then on. Spot hosts are there when they are asked for; each is taken back {SPOT_LOSSES:.0%} of an hour's times,
  with two minutes' notice: what it held is handed back, and another one starts.
- A host looks each {BUSY_LOOK_SECONDS:.0f} s whether it is busy, protects itself then, and takes that back after {QUIET_SECONDS:.0f} s without work
  (the worker's own rule, `worker_image/membership.py`).
- CloudWatch has each minute's lengths of queues a minute after its end; target tracking adds hosts after three minutes above
  its target, and aims at the hosts that the latest figure asks for.
- A photo takes a host {PHOTO_SECONDS:g} s and a unit {UNIT_SECONDS:g} s ([where from](fleet.md#growing)); 100 gigapixels are {SCAN_UNITS:,} units, a
  plan and an assembly. What kills its rank takes {POISON_SECONDS:g} s.
"""
