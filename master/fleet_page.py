"""The sentences and small pictures of the fleet's page, as its module makes them as well (master/static/fleet/)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from master.fleet_view import HostView
from tilework.jobs.signs import HostState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from master.fleet import FleetView
    from master.fleet_view import RankView
    from master.words import Words

BLANK: Final = HostView(
    host="", instance="", kind="", spot=False, state=HostState.IDLE, since=0, told=0, ranks=0, busy=0, busy_hour=0,
    jobs=0, units=0, waited=0, work=[],
)  # fmt: skip
"""What the module fills in for a host that it did not know."""

WIDTH, HEIGHT = 120, 28
"""Of a small picture, in its own units."""

SHOWN_DIGITS: Final = 8
"""Of a job's id: enough to tell two apart, short enough for a line."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A small picture: paths of its line and of the area below it, and what stands beside it."""

    line: str
    area: str
    told: str


@dataclass(frozen=True, slots=True)
class FleetPage:
    """What ``fleet`` is told as, in ``words``; ``ago`` writes how long ago a time (seconds since the epoch) is."""

    fleet: FleetView
    words: Words
    ago: Callable[[float], str]

    def context(self) -> dict[str, Any]:
        """What the template needs."""
        return {
            "fleet": self.fleet,
            "blank": BLANK,
            "told_busy": self._spanned(
                "fleet.busy_hour",
                "fleet.busy_minutes",
                percent=f"{self.words.number(100 * self.fleet.busy_hour)} %",
            ),
            "told_past": lambda name: self._spanned(f"fleet.past_{name}", f"fleet.past_{name}_minutes"),
            "told_waiting": self._waiting(),
            "told_scaling": self._scaling(),
            "told_cost": self._cost(),
            "told_facts": self.facts,
            "told_work": self.work,
            "told_seconds": lambda since: self._seconds(self.fleet.at - since),
            "work_of": lambda host, rank: next((each for each in host.work if each.rank == rank), None),
            "drawn_past": self.past,
        }

    def _waiting(self) -> str:
        fleet, say = self.fleet, self.words.say
        jobs, units = (each.visible + each.delayed for each in (fleet.jobs, fleet.units))
        told = [say("fleet.waiting_images", count=jobs)] if jobs else []
        told += [say("fleet.waiting_units", count=units)] if units else []
        told = told or [say("fleet.nothing_waits")]
        told.append(say("fleet.in_work", jobs=fleet.jobs.in_flight, units=fleet.units.in_flight))
        oldest = max(fleet.jobs.oldest or 0.0, fleet.units.oldest or 0.0)
        last = max((host for host in fleet.hosts if host.jobs or host.units), key=_told, default=None)
        if oldest:
            told.append(say("fleet.oldest", seconds=self._seconds(oldest)).rstrip("."))
        elif last is not None:
            told.append(say("fleet.waited", seconds=self._seconds(last.waited)).rstrip("."))
        return ". ".join(told) + "."

    def _scaling(self) -> str:
        scaling, say = self.fleet.scaling, self.words.say
        if not self.fleet.group:
            return say("fleet.this_machine")
        if scaling is None:
            return say("fleet.unknown_scaling")
        if scaling.stopped:
            return say("fleet.stopped")
        if scaling.asleep:
            return say("fleet.asleep")
        told = say("fleet.wanted", wanted=scaling.wanted, in_service=scaling.in_service, most=scaling.most)
        if scaling.idle_since:
            return f"{told}. " + say("fleet.idle_since", since=self.ago(scaling.idle_since))
        return f"{told}."

    def _cost(self) -> str:
        today, say = self.fleet.today, self.words.say
        if today is None:
            return ""
        if not self.fleet.group:
            return f"{say('fleet.cost_machine')}. {say('fleet.cost_elsewhere', usd=self._usd(today.elsewhere_usd))}"
        told = say(
            "fleet.cost_parts",
            hours=self.words.number(today.host_hours, 1),
            hosts=self._usd(today.hosts_usd),
            requests=self._usd(today.requests_usd),
        )
        if today.unpriced:
            return f"{told}. " + say("fleet.cost_unpriced", kinds=", ".join(today.unpriced))
        return told

    def facts(self, host: HostView) -> str:
        """What a host is, in a line."""
        say = self.words.say
        kind = host.kind
        # of one that has told nothing yet, nobody knows how it is paid
        if kind and host.told:
            kind += f" ({say('fleet.spot' if host.spot else 'fleet.on_demand')})"
        told = [kind or say("fleet.machine")]
        if host.since:
            told.append(say("fleet.since", moment=self.ago(host.since)))
        if host.ranks:
            told.append(say("fleet.ranks", count=host.ranks))
        if host.jobs or host.units:
            told.append(say("fleet.held", jobs=host.jobs, units=host.units))
        if host.state is HostState.SILENT:
            told.append(say("fleet.told", ago=self.ago(host.told)))
        return " · ".join(told)

    def work(self, work: RankView) -> str:
        """What a rank works on; nothing where that is not told."""
        if not work.job:
            return ""
        job = work.job[:SHOWN_DIGITS]
        return self.words.say("fleet.unit" if work.unit else "fleet.image", job=job, unit=work.unit)

    def past(self, name: str) -> Drawn | None:
        """The picture of a series of the last hour; None where there is nothing to show."""
        series: Mapping[str, Sequence[float | None]] = {
            "busy": self.fleet.past.busy,
            "ended": self.fleet.past.ended,
            "waiting": self.fleet.past.waiting,
        }
        values = [value or 0.0 for value in series[name]]
        most = max(values)
        if name == "ended":
            told = self.words.say("fleet.past_sum", sum=round(sum(values)))
        else:
            extreme = f"{self.words.number(100 * most)} %" if name == "busy" else round(most)
            told = self.words.say("fleet.past_most", most=extreme)
        if not most:
            return None
        full = 1 if name == "busy" else most
        return Drawn(*drawn([value / full for value in values], self._begin), told)

    def _spanned(self, hour: str, minutes: str, **values: object) -> str:
        """The sentence ``hour``, or, where no host has told of all of it, that of the ``minutes`` that are known."""
        if not self._begin:
            return self.words.say(hour, **values)
        count = (len(self.fleet.past.busy) - self._begin) * self.fleet.past.seconds // 60
        return self.words.say(minutes, count=count, **values)

    @property
    def _begin(self) -> int:
        """The first span in which there was a host: before it nobody looked."""
        return next((at for at, share in enumerate(self.fleet.past.busy) if share is not None), 0)

    def _seconds(self, seconds: float) -> str:
        seconds = max(0.0, seconds)
        if seconds < 60:  # noqa: PLR2004
            return f"{self.words.number(seconds)} s"
        return f"{self.words.number(seconds // 60)} min"

    def _usd(self, amount: float) -> str:
        return f"{self.words.number(amount, 2 if amount == 0 or amount >= 1 else 4)} USD"


def drawn(shares: Sequence[float], begin: int) -> tuple[str, str]:
    """The paths of a line through ``shares`` (0 to 1) from the one numbered ``begin`` on, and of the area below it."""
    step = WIDTH / max(1, len(shares) - 1)
    # a unit above and below, so that the line is not cut off
    points = [
        f"{number * step:.1f} {HEIGHT - 1 - share * (HEIGHT - 2):.1f}"
        for number, share in enumerate(shares)
        if number >= begin
    ]
    line = "M" + "L".join(points)
    return line, f"{line}V{HEIGHT}H{begin * step:.1f}Z"


def _told(host: HostView) -> float:
    return host.told
