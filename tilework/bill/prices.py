"""AWS's list prices and what is free for ever, as ``prices.toml`` has them."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

HOURS: Final = 730
"""Of a month, as AWS reckons one."""


@dataclass(frozen=True, slots=True)
class Prices:
    """USD. ``of`` gives a price or a free amount by its section and name; ``sources`` where each section is published."""

    date: str
    region: str
    tables: Mapping[str, Mapping[str, Any]]

    def of(self, section: str, name: str) -> float:
        """One price, or free amount."""
        return float(self.tables[section][name])

    @property
    def sources(self) -> Mapping[str, str]:
        """The pages that the prices come from, a section each."""
        return {section: str(table["source"]) for section, table in self.tables.items()}

    def host_hour(self, kind: str) -> float:
        """A host's price on demand, without address and disk. Raises SettingsError for a kind that is not in the table."""
        if kind not in self.tables["hosts"] or kind == "source":
            known = ", ".join(sorted(name for name in self.tables["hosts"] if name != "source"))
            raise SettingsError(
                f"There is no price of {kind} in the table.", advice=f"There are prices of {known}."
            )
        return self.of("hosts", kind)


@functools.cache
def list_prices() -> Prices:
    """The table that comes with Tilework."""
    tables = tomllib.loads((resources.files(__package__) / "prices.toml").read_text())
    return Prices(tables.pop("date"), tables.pop("region"), tables)
