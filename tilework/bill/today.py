"""What a day has cost so far: its hosts by the hour, and the requests of what ended. By list, without what is free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tilework.bill.deployment import cpus_of
from tilework.bill.hosts import HostHour, host_hour
from tilework.bill.usage import lines, listed, times
from tilework.bill.work import requests_of_photo
from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tilework.bill.prices import Prices

DISK_GB: Final = 30.0
"""Of a host, as the stack has it by default."""

KEEPER_GB: Final = 0.5

USUAL: Final = "c7i.xlarge"
"""The kind of host that work elsewhere is compared with: the first of the stack's own."""


@dataclass(frozen=True, slots=True)
class HostTime:
    """So many ``hours`` of a host of this instance type."""

    kind: str
    spot: bool
    hours: float


@dataclass(frozen=True, slots=True)
class Spent:
    """USD. ``unpriced`` are kinds of hosts that the table has no price of: their hours cost something, and are not in it."""

    hosts: float
    requests: float
    unpriced: tuple[str, ...] = ()

    @property
    def usd(self) -> float:
        """Both."""
        return self.hosts + self.requests


def spent(host_times: Iterable[HostTime], jobs: int, prices: Prices) -> Spent:
    """What hosts have cost that were there so long, and ``jobs`` that ended: each as many requests as a photo takes."""
    hosts, unpriced = 0.0, set()
    for each in host_times:
        try:
            hosts += each.hours * _hour(each.kind, prices, spot=each.spot).usd
        except SettingsError:
            unpriced.add(each.kind)
    return Spent(hosts, _requests(jobs, prices), tuple(sorted(unpriced)))


def elsewhere(core_seconds: float, jobs: int, prices: Prices) -> float:
    """USD of the same work on spot hosts of the usual kind that have enough to do, with all requests."""
    hours = core_seconds / cpus_of(USUAL) / 3600
    return hours * _hour(USUAL, prices, spot=True).usd + _requests(jobs, prices)


def _hour(kind: str, prices: Prices, *, spot: bool) -> HostHour:
    return host_hour(prices, (kind,), spot_percent=100 if spot else 0, disk_gb=DISK_GB)


def _requests(jobs: int, prices: Prices) -> float:
    usage = times(requests_of_photo("x86_64", KEEPER_GB), jobs)
    return listed(lines(usage, prices, _hour(USUAL, prices, spot=True), free_tier=False))
