"""docs/cost.md: the reckoning of the deployment that comes of itself, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tilework.bill.pages import LIST_READ_UNITS, LIST_SECONDS
from tilework.bill.reckoning import PHOTOS, WAKE_MINUTES, Load, Reckoning, compute, reckon
from tilework.bill.usage import listed, total
from tilework.bill.work import FLEET_CORE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tilework.bill.deployment import Deployment
    from tilework.bill.usage import Line

MONTHS: Final = {
    "a lab course: 2,000 photos, 20 pages open 4 hours on 20 afternoons": Load(
        photos=2_000, storage_gb=11, wakes=20, page_hours=1_600
    ),
    "the same, nobody looking": Load(photos=2_000, storage_gb=11, wakes=20),
    "a lab: 300 gigapixels of scans, 40 runs": Load(gigapixels=300, storage_gb=1_150, wakes=40),
    "a million photos, one night of the month": Load(photos=1_000_000, storage_gb=5_700, wakes=1),
    "a million photos each night, kept for a day": Load(photos=30_000_000, storage_gb=5_700, wakes=30),
}
"""Months as people have them; 5.7 MB a photo are kept, with its result."""

NEIGHBOURS: Final = """\
| who | what they say | for what |
|---|---|---|
| DeepCell | 0.10 to 0.25 USD | 1,000 images of 1 megapixel |
| Distributed-CellProfiler | 0.10 USD | 1,000 images |
| Cloudflare | 0.50 USD | 1,000 images |
"""


def page(deployment: Deployment) -> str:
    """The whole document."""
    found = reckon(deployment, Load())
    return "\n".join(_parts(found)) + "\n"


def _parts(found: Reckoning) -> Iterator[str]:
    photo, prices = found.measured.photo, found.prices
    hosts, all_of_it = compute(found.photos), listed(found.photos)
    tracked = found.deployment.tracked_metrics
    waiting = FLEET_CORE_SECONDS / photo.core_seconds
    yield f"""\
# What it costs

Reckoned by `tilework cost` from the template of a deployment with default settings; written with it, not to be edited. AWS's
list prices of {prices.date} in {prices.region} (`tilework/bill/prices.toml` has each with its source), without taxes; no bill was
read. *Free* is what everybody has for ever, once an account, not an account's first year.

| | USD |
|---|---|
| a month in which nobody uses it, beyond what is free | **{total(found.idle):.2f}** |
| the same by list | {listed(found.idle):.2f} |
| {PHOTOS:,} photos of {photo.megapixels} megapixels through {photo.pipeline}: hosts | **{hosts:.5f}** |
| the same with all requests | {all_of_it:.4f} |"""
    for name, bill in found.gigapixels.items():
        yield f"| a gigapixel, {name}: hosts, and with all requests | {compute(bill):.5f}, {listed(bill):.4f} |"
    for name, bill in found.page_hours.items():
        yield f"| an hour of an open page, {name} | {listed(bill):.4f} |"
    yield """
Your own: `make synth`, with your settings, then `tilework cost --photos 100000 --wakes 30 --storage 500 --page-hours 100`.

## Idle
"""
    yield from _table(found.idle)
    yield f"""
No host, NAT gateway, load balancer or server runs. Of the alarms' metrics {tracked} are of target tracking, whose alarms AWS
makes itself: reckoned as for more hosts only, since scale-in is switched off in the template. Were there some for fewer as well, they would be
{tracked * prices.of("watching", "alarm_metrics"):.2f} USD more; nobody has looked. Lambda's own looks at two queues are most of the requests to SQS.
An account that has other alarms, dashboards or queues has used some of what is free.

## {PHOTOS:,} photos

{photo.megapixels} megapixels, {photo.pipeline}, on hosts that have enough to do: {photo.core_seconds * 1000:.0f} ms of one core a
photo, ranks and supervisor, measured on {photo.date} ({found.measured.machine}); by list.
"""
    yield from _table(found.photos)
    yield f"""
The PUT of the drop is half of the requests that write; who drops pays it in any case. A host is {found.hour.usd:.4f} USD an hour:
the mean of {", ".join(found.deployment.kinds)}, spot at {prices.of("spot", "share"):.0%} of the list (the market moves; that share is
AWS's own example, cautiously), a public address, {found.deployment.disk_gb:g} GB of disk. Each time that the fleet is woken a host is
there for {WAKE_MINUTES:g} minutes more: {found.hour.usd * WAKE_MINUTES / 60:.3f} USD.

What may make it more: hosts that wait. The [model of a fleet](performance-fleet.md) has a photo hold {FLEET_CORE_SECONDS} s of a
processor, waits for S3 included: {waiting * hosts:.5f} USD. And the processors that were measured may be better than a host's: where those are threads of half
a core, {2 * hosts:.5f} USD, with the waits {2 * waiting * hosts:.5f}.

## A gigapixel
"""
    yield from _gigapixels(found)
    yield """
By list, in stages, source and result in S3. A result of JPEG tiles has 0.1 to 0.4 GB a gigapixel, one of deflate tiles 1.6 GB.

## An open page

An hour of a page that somebody looks at while a job in its list is under way; a hidden one asks for nothing. By list.
"""
    yield from _table(found.page_hours["jobs under way"])
    yield f"""
A page asks for its list every five seconds, and where nothing changes any more every thirty: {listed(found.page_hours["nothing under way"]):.4f} USD.
Each answer reads {LIST_READ_UNITS:g} units of the job table to find out whether anything has changed, and the function's time, {LIST_SECONDS} s of it, is reckoned, not
measured. In the months below pages have jobs under way all the time.

## Months

| | USD | by list | hosts of it |
|---|---|---|---|"""
    for name, load in MONTHS.items():
        bill = reckon(found.deployment, load).month
        yield f"| {name} | {total(bill):,.2f} | {listed(bill):,.2f} | {compute(bill):,.2f} |"
    yield f"""
Storage as said: each photo with its result, each gigapixel of the dearest kind with its source. Results that leave AWS cost
{prices.of("out", "gb"):.2f} USD a GB beyond {prices.of("out", "free_gb"):.0f} GB a month, and are not in this.

## Beside the neighbours

{NEIGHBOURS}
Each quotes another kind of work, and none says what an idle month costs. Nearest to them is what {PHOTOS:,} of our photos cost with all
requests: {all_of_it:.4f} USD, for {photo.megapixels} megapixels each and a short pipeline."""


def _table(bill: Sequence[Line]) -> Iterator[str]:
    yield "| | amount | USD each | free | USD by list | USD |"
    yield "|---|---|---|---|---|---|"
    for line in bill:
        yield (
            f"| {line.label} | {_rounded(line.amount)} | {line.price:.4g} | {line.free:,.0f} | {line.listed:.4f} |"
            f" {line.usd:.4f} |"
        )
    yield f"| together | | | | {listed(list(bill)):.4f} | {total(list(bill)):.4f} |"


def _rounded(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= PHOTOS else f"{amount:.4g}"


def _gigapixels(found: Reckoning) -> Iterator[str]:
    yield "| pipeline, tiles | core seconds | units | GETs | PUTs, copies | hosts, USD | all, USD |"
    yield "|---|---|---|---|---|---|---|"
    for name, bill in found.gigapixels.items():
        of = found.measured.gigapixels[name]
        yield (
            f"| {name} | {of.core_seconds:g} | {of.units} | {of.reads:,} | {of.writes:,} | {compute(bill):.5f} |"
            f" {listed(bill):.4f} |"
        )


def sentence(deployment: Deployment) -> str:
    """The same in five lines, for the README."""
    found = reckon(deployment, Load())
    return f"""\
No host, no NAT gateway, no load balancer and no server runs. An idle deployment is **{total(found.idle):.2f} USD a month** beyond what
AWS gives everybody for ever ({listed(found.idle):.2f} by list), most of it alarms and Lambda's own looks at two queues; what is stored comes on
top. A thousand photos of {found.measured.photo.megapixels} megapixels are {compute(found.photos):.4f} USD of busy hosts, {listed(found.photos):.3f} USD with all requests; a page that
somebody looks at is up to {listed(found.page_hours["jobs under way"]):.3f} USD an hour, a hidden one nothing. Reckoned from the
template, list prices of {found.prices.date} and measured processor time ([docs/cost.md](docs/cost.md)); no bill was read. `tilework cost` reckons it for your settings.
"""
