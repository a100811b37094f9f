"""The plan of an image that is worked on in stages: which stages, in which order, of how many units each.

What a unit is in pixels is no matter of jobs: ``what`` is text that imaging wrote into the plan and reads from it
again, beside the number of the unit. A plan is written once an epoch, and its stages end under the version that
planned them: a reader refuses a plan that is newer than itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from tilework.errors import NewerMessageError, UnreadableMessageError

SCHEMA = 3
"""Of plans. With 2 they tell the whole layout of the result, with 3 they may end in a report."""

MOST_UNITS = 8192
"""Units of a stage: at about five seconds each, eleven hours of one core."""

MOST_STAGES = 64
"""Stages of a plan: beyond the longest chain of operations that each need to know the whole image."""

_ORDER = (r"rewrite", r"measure-\d+|reduce-\d+-\d+", r"write", r"overviews-\d+", r"assemble|report")
"""The names of stages, in the order in which they come."""


STORING = ("assemble", "report")
"""The names of stages that store the result."""


@dataclass(frozen=True, slots=True)
class Stage:
    """``units`` pieces of work that know nothing of each other, numbered from 0; ``what`` is imaging's own text.

    Named ``rewrite``, ``measure-N`` and ``reduce-N-level`` (N: which operation of the chain), ``write``,
    ``overviews-N`` (N: which level), ``assemble``, or ``report`` where the result is one.
    """

    name: str
    units: int
    what: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Stages in their order; ``what`` is imaging's text about all of them.

    The last stage is ``assemble`` or ``report``, of one unit, which stores the result. Raises ValueError where it cannot be a plan.
    """

    stages: tuple[Stage, ...]
    what: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.stages) <= MOST_STAGES:
            raise ValueError(f"A plan has 1 to {MOST_STAGES} stages, not {len(self.stages)}.")
        for stage in self.stages:
            if not 1 <= stage.units <= MOST_UNITS:
                raise ValueError(f"The stage {stage.name} has 1 to {MOST_UNITS} units, not {stage.units}.")
        places = [_place(stage.name) for stage in self.stages]
        if places != sorted(places) or len({stage.name for stage in self.stages}) != len(self.stages):
            raise ValueError(f"Stages in a wrong order: {', '.join(stage.name for stage in self.stages)}.")
        storing = [stage for stage in self.stages if stage.name in STORING]
        if storing != [self.stages[-1]] or self.stages[-1].units != 1:
            raise ValueError("The last stage of a plan is assemble or report, of one unit.")

    @property
    def reports(self) -> bool:
        """Whether the result is no image, so that there are no tiles of it."""
        return self.stages[-1].name == "report"

    @property
    def units(self) -> int:
        """The units of all stages."""
        return sum(stage.units for stage in self.stages)

    def label(self, number: int) -> str:
        """How rows and keys name the stage ``number`` (from 0): ``2-write``."""
        return label(number, self.stages[number].name)


def label(number: int, name: str) -> str:
    """How rows and keys name the stage ``number`` (from 0) called ``name``."""
    return f"{number}-{name}"


def stage_number(labelled: str) -> int:
    """The number of the stage of this label; -1 where it is none, as in the row of an ordinary image."""
    number, dash, _ = labelled.partition("-")
    return int(number) if dash and number.isdecimal() else -1


def plan_text(plan: Plan) -> str:
    """The plan as its object holds it: the same plan is the same text."""
    document = {"schema": SCHEMA, "plan": asdict(plan)}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def plan_of(text: str) -> Plan:
    """The inverse of :func:`plan_text`. Raises UnreadableMessageError, NewerMessageError."""
    try:
        document: dict[str, Any] = json.loads(text)
        if document["schema"] > SCHEMA:
            raise NewerMessageError(
                f"The plan has schema {document['schema']:.4g}; this version reads {SCHEMA}."
            )
        stages = tuple(
            Stage(str(each["name"]), int(each["units"]), str(each["what"]))
            for each in document["plan"]["stages"]
        )
        return Plan(stages, str(document["plan"]["what"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableMessageError(f"The plan lacks what it must have: {error!r:.200}.") from error


def _place(name: str) -> int:
    for place, names in enumerate(_ORDER):
        if re.fullmatch(names, name):
            return place
    raise ValueError(f"There is no stage called {name[:40]!r}.")
