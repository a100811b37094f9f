"""The whole reckoning of a deployment: idle, by the thousand photos, by the gigapixel, and a month of a load."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from tilework.bill.hosts import HostHour, host_hour
from tilework.bill.idle import idle
from tilework.bill.pages import of_page_hour
from tilework.bill.prices import HOURS, Prices, list_prices
from tilework.bill.usage import MACHINE_HOURS, Line, added, lines, listed, times, total
from tilework.bill.work import COMPUTE, Measured, measured, of_gigapixel, of_photo, waking_hours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.bill.deployment import Deployment
    from tilework.bill.usage import Usage

PHOTOS: Final = 1000
"""What one photo costs has too many zeros."""

WAKE_MINUTES: Final = 12.0
"""Each time that the fleet is woken: a host that starts, and ten minutes in which nothing comes any more."""

PAGES_ARE: Final = {"jobs under way": True, "nothing under way": False}

METRICS: Final = 14
"""Of our own, that worker hosts write (docs/logs-and-metrics.md): billed for the hours in which a host runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A month: ``photos`` of ``megapixels`` each, ``gigapixels`` of large images, ``storage_gb`` kept, ``wakes`` of the fleet.

    ``page_hours`` are those of all pages that are open and looked at, taken as if something were under way all the time.
    """

    photos: float = 0.0
    megapixels: float = 12.0
    gigapixels: float = 0.0
    storage_gb: float = 0.0
    wakes: float = 0.0
    page_hours: float = 0.0

    @property
    def is_none(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.photos or self.gigapixels or self.storage_gb or self.wakes or self.page_hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """All bills, each a list of lines; those of work are by list, since what is free is a month's.

    ``month`` is there where a load was asked for.
    """

    idle: list[Line]
    photos: list[Line]
    gigapixels: Mapping[str, list[Line]]
    page_hours: Mapping[str, list[Line]]
    month: list[Line]
    load: Load
    hour: HostHour
    deployment: Deployment
    measured: Measured
    prices: Prices

    def bills(self) -> Mapping[str, list[Line]]:
        """The bills by their titles."""
        photo = self.measured.photo
        found = {
            "A month in which nobody uses it": self.idle,
            f"{PHOTOS:,} photos of {self.load.megapixels:g} megapixels, {photo.pipeline}": self.photos,
            **{f"A gigapixel, {name}": bill for name, bill in self.gigapixels.items()},
            **{f"An hour of an open page, {name}": bill for name, bill in self.page_hours.items()},
        }
        return found | ({"The month that was asked for": self.month} if self.month else {})

    def notes(self) -> list[str]:
        """What the figures rest on."""
        prices = self.prices
        notes = [
            f"AWS's list prices of {prices.date} in {prices.region}; free: what everybody has for ever, once an account.",
            (
                f"A host: {self.hour.usd:.4f} USD an hour, {self.deployment.cpus} processors; spot ones at"
                f" {prices.of('spot', 'share'):.0%} of the mean list price of their kinds."
            ),
            f"Processor time as measured on {self.measured.machine}.",
        ]
        if self.deployment.unpriced:
            notes.append(f"Not reckoned, for want of a price: {', '.join(self.deployment.unpriced)}.")
        return notes

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            title: {
                "usd": total(bill),
                "listed_usd": listed(bill),
                "lines": [asdict(line) | {"listed_usd": line.listed, "usd": line.usd} for line in bill],
            }
            for title, bill in self.bills().items()
        } | {"notes": self.notes()}


def compute(bill: list[Line]) -> float:
    """USD of hosts in a bill, by list: the rest are requests."""
    return sum(line.listed for line in bill if line.name in COMPUTE)


def reckon(deployment: Deployment, load: Load, prices: Prices | None = None) -> Reckoning:
    """Reckon everything. Raises SettingsError for a kind of host that has no price."""
    prices = prices or list_prices()
    figures = measured()
    hour = host_hour(
        prices, deployment.kinds, spot_percent=deployment.spot_percent, disk_gb=deployment.disk_gb
    )
    photo = of_photo(figures.photo, deployment, load.megapixels)
    large = {name: of_gigapixel(each, deployment) for name, each in figures.gigapixels.items()}

    def by_list(usage: Usage) -> list[Line]:
        return lines(usage, prices, hour, free_tier=False)

    at_rest = idle(deployment)
    dearest = max(large.values(), key=lambda usage: listed(by_list(usage)))
    worked = added(
        times(photo, load.photos),
        times(dearest, load.gigapixels),
        waking_hours(load.wakes, WAKE_MINUTES),
        times(of_page_hour(deployment), load.page_hours),
    )
    awake = min(1.0, worked.get(MACHINE_HOURS, 0.0) / HOURS)
    month = added(at_rest, worked, {"s3_gb": load.storage_gb, "metrics": METRICS * awake})
    return Reckoning(
        idle=lines(at_rest, prices, hour),
        photos=by_list(times(photo, PHOTOS)),
        gigapixels={name: by_list(usage) for name, usage in large.items()},
        page_hours={name: by_list(of_page_hour(deployment, busy=busy)) for name, busy in PAGES_ARE.items()},
        month=[] if load.is_none else lines(month, prices, hour),
        load=load,
        hour=hour,
        deployment=deployment,
        measured=figures,
        prices=prices,
    )
