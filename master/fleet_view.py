"""The fleet as it is shown: made of the hosts' signs of life, their group, and the day's counters. Nothing here asks anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from tilework.bill.prices import list_prices
from tilework.bill.today import HostTime, elsewhere, spent
from tilework.jobs.signs import SPAN_SECONDS, SPANS, HostSign, HostState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tilework.aws.fleet_size import Fleet, Member
    from tilework.jobs.statistics import Tally

DAY: Final = 86_400
HOUR: Final = 3600


class RankView(BaseModel):
    """What a rank works on: ``job``, of a large image its ``unit`` too (`stage/number`), at which ``phase``, and since when.

    Both are empty for who may not see all jobs.
    """

    rank: int
    job: str
    unit: str
    phase: str
    since: float


class HostView(BaseModel):
    """A worker host. ``kind`` is its instance type, empty on one machine; ``told`` is when it last gave a sign of life.

    ``busy`` is the share (0 to 1) of its ranks' time that was work in the last minute, ``busy_hour`` in the last hour, as far
    as it was there. It holds so many ``jobs`` and ``units``; the last message that it took had ``waited`` so many seconds.
    """

    host: str
    instance: str
    kind: str
    spot: bool
    state: HostState
    since: float
    told: float
    ranks: int
    busy: float
    busy_hour: float
    jobs: int
    units: int
    waited: float
    work: list[RankView]


class Scaling(BaseModel):
    """What the fleet's group is told: so many hosts ``wanted`` and ``in_service``, at most ``most``, so many of them ``busy``.

    ``asleep``: none is wanted, and none costs anything. ``stopped``: somebody has said that none may start.
    ``idle_since``: since when there has been nothing to do, after which it will be sent to sleep; 0 where there is.
    """

    wanted: int
    in_service: int
    most: int
    busy: int
    asleep: bool
    stopped: bool
    idle_since: float


class Today(BaseModel):
    """What today (UTC) has cost so far, in USD by AWS's list prices: hosts by the hour, spot ones at ``spot_share`` of the price on
    demand, and the requests of ``jobs`` that ended. ``unpriced`` kinds of hosts are not in it.

    ``elsewhere`` is what the same work would have cost on hosts in AWS that have enough to do: where this machine does it, it
    costs nothing there.
    """  # noqa: D205

    since: float
    host_hours: float
    jobs: int
    hosts_usd: float
    requests_usd: float
    usd: float
    elsewhere_usd: float
    prices_date: str
    region: str
    spot_share: float
    unpriced: list[str]


class PastView(BaseModel):
    """The last hour in spans of so many ``seconds``, the oldest first, which began at ``first``.

    ``busy`` is a share (0 to 1), null where there was no host; ``ended`` jobs; ``waiting`` the most messages that were seen.
    """

    seconds: int
    first: float
    busy: list[float | None]
    ended: list[int]
    waiting: list[int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the view is made of: the hosts' last ``signs``, their ``group`` (None: there is none), what ended today."""

    signs: Sequence[HostSign]
    group: Fleet | None
    today: Tally
    now: float


def hosts_of(seen: Seen, *, names_jobs: bool) -> list[HostView]:
    """The hosts that are there, those that nobody but the group knows among them, by name; jobs are named or not."""
    there = [sign for sign in seen.signs if sign.state_at(seen.now) is not HostState.GONE]
    known = {sign.instance for sign in seen.signs if sign.instance}
    members = seen.group.members if seen.group is not None else ()
    young = [_unheard(each) for each in members if each.instance not in known and not each.leaving]
    return [_host(sign, seen.now, names_jobs=names_jobs) for sign in there] + young


def _host(sign: HostSign, now: float, *, names_jobs: bool) -> HostView:
    work = [
        RankView(
            rank=each.rank,
            job=each.job if names_jobs else "",
            unit=each.unit if names_jobs else "",
            phase=each.phase,
            since=each.since,
        )
        for each in sign.work
    ]
    return HostView(
        host=sign.host, instance=sign.instance, kind=sign.kind, spot=sign.spot, state=sign.state_at(now),
        since=sign.since, told=sign.at, ranks=sign.ranks, busy=sign.busy, busy_hour=_busy_hour(sign, now),
        jobs=sign.jobs, units=sign.units, waited=sign.waited, work=work,
    )  # fmt: skip


def _unheard(member: Member) -> HostView:
    return HostView(
        host=member.instance, instance=member.instance, kind=member.kind, spot=False, state=HostState.STARTING,
        since=0, told=0, ranks=0, busy=0, busy_hour=0, jobs=0, units=0, waited=0, work=[],
    )  # fmt: skip


def _busy_hour(sign: HostSign, now: float) -> float:
    oldest = now - HOUR
    shares = [
        share
        for number, share in enumerate(sign.past.busy, sign.past.first)
        if (number + 1) * SPAN_SECONDS > oldest
    ]
    return sum(shares) / len(shares) / 100 if shares else 0.0


def busy_of(hosts: Iterable[HostView]) -> float:
    """The share of all ranks' time that was work in the last minute."""
    told = [(host.busy * host.ranks, host.ranks) for host in hosts]
    ranks = sum(each[1] for each in told)
    return sum(each[0] for each in told) / ranks if ranks else 0.0


def past_of(signs: Iterable[HostSign], now: float) -> PastView:
    """The last hour of all hosts together, those that are gone among them."""
    first = int(now // SPAN_SECONDS) - SPANS + 1
    busy, ranks = [0.0] * SPANS, [0] * SPANS
    ended, waiting = [0] * SPANS, [0] * SPANS
    for sign in signs:
        past = sign.past
        for number, (share, over, messages) in enumerate(
            zip(past.busy, past.ended, past.waiting, strict=False), past.first - first
        ):
            if 0 <= number < SPANS:
                busy[number] += share / 100 * sign.ranks
                ranks[number] += sign.ranks
                ended[number] += over
                waiting[number] = max(waiting[number], messages)
    shares = [round(one / all_of, 4) if all_of else None for one, all_of in zip(busy, ranks, strict=True)]
    return PastView(
        seconds=SPAN_SECONDS, first=first * SPAN_SECONDS, busy=shares, ended=ended, waiting=waiting
    )


def scaling_of(group: Fleet | None, hosts: Sequence[HostView]) -> Scaling | None:
    """What the group is told; None where there is none."""
    if group is None:
        return None
    return Scaling(
        wanted=group.wanted,
        in_service=sum(member.in_service for member in group.members),
        most=group.most,
        busy=group.busy,
        asleep=group.wanted == 0 and not group.members and not hosts,
        stopped=group.most == 0,
        idle_since=group.idle_since or 0.0,
    )


def today_of(seen: Seen) -> Today:
    """What today has cost so far."""
    midnight, prices, tally = seen.now // DAY * DAY, list_prices(), seen.today
    jobs = tally.done + tally.failed + tally.skipped
    times = [_hours_today(sign, midnight, seen.now) for sign in seen.signs if sign.kind]
    # on one machine nobody bills a request either
    cost = spent(times, jobs if times else 0, prices)
    return Today(
        since=midnight, host_hours=sum(each.hours for each in times), jobs=jobs, hosts_usd=cost.hosts,
        requests_usd=cost.requests, usd=cost.usd, elsewhere_usd=elsewhere(tally.cpu_seconds, jobs, prices),
        prices_date=prices.date, region=prices.region, spot_share=prices.of("spot", "share"),
        unpriced=list(cost.unpriced),
    )  # fmt: skip


def _hours_today(sign: HostSign, midnight: float, now: float) -> HostTime:
    end = sign.at if sign.state_at(now) is HostState.GONE else now
    return HostTime(sign.kind, sign.spot, max(0.0, end - max(midnight, sign.since)) / 3600)
