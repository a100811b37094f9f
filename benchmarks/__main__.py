"""Measure what is asked for, keep it, and write the page out of all that was kept.

Without arguments all sections but "memory" are measured. Other sections keep what was measured of them before, if on
this machine. Expect, on two cores: files 40 minutes (JPEG tiles a quarter of that), drops and list 4, delay 3, operations, first,
preview and memory 2 each, restart, start and photos less than one; with --full another two hours and a half.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measured_costs
from benchmarks.large.contestants import CONTESTANTS, peers_python
from benchmarks.page import SECTIONS, page
from benchmarks.results import Results
from benchmarks.scope import FOLDER, FULL_SIDES, ROOT, SMALL, SMALL_LIMITS, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NAMES = tuple(one.name for one in CONTESTANTS)
PAGE, RESULTS = ROOT / "docs" / "performance.md", FOLDER / "results.json"

ASKED_FOR = ("memory",)
"""Sections that are only measured when somebody asks for them, or for everything."""

ONE_ROUND = ("first", "restart", "preview", "list", "operations", "memory")
"""Sections that know no rounds."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks."""
    chosen = _options().parse_args(arguments)
    scope = _scope(chosen)
    small = FOLDER / "small.json", FOLDER / "small.md"
    if chosen.small:
        os.environ |= SMALL_LIMITS
    kept, target = small if chosen.small else (RESULTS, PAGE)
    kept, target = chosen.results or kept, chosen.page or target
    results = Results(kept)
    for name in _sections(chosen):
        if name in {"files", "start"}:
            peers_python()
        rounds = 1 if name in ONE_ROUND else scope.rounds
        for row, figures in SECTIONS[name].measure(scope):
            # at once: what takes an hour may be interrupted
            results.keep(name, row, rounds, figures)
            target.write_text(page(results))
        if name == "drops" and target == PAGE:
            measured_costs.write(results)
    print(f"Written: {target}")


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = Scope()
    options.add_argument("--sections", type=_names(SECTIONS), help=f"of {','.join(SECTIONS)}")
    options.add_argument("--rounds", type=int, help=f"how often each is measured; {usual.rounds}")
    options.add_argument("--full", action="store_true", help="600 MP as well, and the memory for 1 and 4 GP")
    options.add_argument(
        "--sides", type=_numbers, help="of the large images, in pixels; 12288, or with --full 12288,24576"
    )
    options.add_argument("--kinds", type=_names(usual.kinds), help=f"of tiles; {','.join(usual.kinds)}")
    options.add_argument("--works", type=_names(usual.works), help=f"on large files; {','.join(usual.works)}")
    options.add_argument(
        "--without", action="append", choices=NAMES, help="leave out a contestant; again for more"
    )
    options.add_argument("--ranks", type=int, help="of the host that photos are dropped to; its default")
    options.add_argument("--drops", type=int, help=f"photos dropped at once; {usual.drops}")
    options.add_argument("--page", type=Path, help=f"that is written; {PAGE.relative_to(ROOT)}")
    options.add_argument("--results", type=Path, help=f"that are kept; {RESULTS.relative_to(ROOT)}")
    options.add_argument(
        "--small",
        action="store_true",
        help="toy sizes, to see that everything runs; neither page nor results",
    )
    return options


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _names(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """The type of an argument that names some of ``known``, with commas between them."""

    def names(text: str) -> tuple[str, ...]:
        found = tuple(text.split(","))
        if unknown := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
        return found

    return names


def _scope(chosen: argparse.Namespace) -> Scope:
    scope = SMALL if chosen.small else Scope()
    if chosen.full:
        scope = replace(scope, sides=FULL_SIDES)
    asked = {each.name: getattr(chosen, each.name, None) for each in fields(Scope)}
    return replace(scope, **{name: value for name, value in asked.items() if value is not None})


def _sections(chosen: argparse.Namespace) -> tuple[str, ...]:
    left_out = () if chosen.full else ASKED_FOR
    return chosen.sections or tuple(name for name in SECTIONS if name not in left_out)


if __name__ == "__main__":
    main()
