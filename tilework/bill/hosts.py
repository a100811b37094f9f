"""What an hour of one worker host costs: the machine, its public address, its disk."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.bill.prices import HOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.bill.prices import Prices


@dataclass(frozen=True, slots=True)
class HostHour:
    """USD an hour: ``machine``, ``address``, ``disk``."""

    machine: float
    address: float
    disk: float

    @property
    def usd(self) -> float:
        """All three."""
        return self.machine + self.address + self.disk


def host_hour(prices: Prices, kinds: Sequence[str], *, spot_percent: float, disk_gb: float) -> HostHour:
    """The mean over ``kinds``, of which Auto Scaling takes whichever is cheap and plenty; ``spot_percent`` of them spot.

    Raises SettingsError for a kind that has no price in the table.
    """
    on_demand = statistics.mean(prices.host_hour(kind) for kind in kinds)
    spot = spot_percent / 100
    share = spot * prices.of("spot", "share") + (1 - spot)
    disk = disk_gb * prices.of("host", "disk_gb_month") / HOURS
    return HostHour(on_demand * share, prices.of("host", "public_address_hour"), disk)
