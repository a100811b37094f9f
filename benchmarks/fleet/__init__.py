"""A model of a fleet of Tilework hosts: what a thousand of them would do, fed with what one core does here.

    python -m benchmarks.fleet [--times FILE] [--out docs/performance-fleet.md]

:func:`check` compares it with real runs of one, two and four worlds on one machine.
"""

from benchmarks.fleet.checking import Comparison, Run, check, load_runs

__all__ = ["Comparison", "Run", "check", "load_runs"]
