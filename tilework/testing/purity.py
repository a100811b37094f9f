"""The same call gives the same: twice, after others, in a fresh process; and leaves everything as it was."""

from __future__ import annotations

import pickle
import random as global_random
import sys
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tilework.errors import TileworkError
from tilework.imaging.engine import run_whole
from tilework.imaging.operations import prepare
from tilework.imaging.windows import Size
from tilework.testing.comparing import as_bytes
from tilework.testing.findings import Finding
from tilework.testing.subject import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext

    from tilework.imaging.operations import Operation
    from tilework.testing.findings import Found
    from tilework.testing.subject import Subject

FRESH_SECONDS = 60
"""What a fresh process may take, before it counts as one that hangs."""

PLAIN = (
    int,
    float,
    complex,
    str,
    bytes,
    bool,
    type(None),
    tuple,
    list,
    set,
    frozenset,
    dict,
    bytearray,
    np.ndarray,
)
"""What a module or an operation may hold that can be compared."""

SIZES = (Size(31, 23), Size(17, 40))


def pickling(subject: Subject) -> Iterator[Found]:
    """Operation and steps, there and back."""
    operation = subject.operation
    for what, value in [
        ("the operation", operation),
        *((step.canonical, step) for step in subject.steps[:3]),
    ]:
        try:
            pickle.loads(pickle.dumps(value))  # noqa: S301 - pickled just now
        except Exception as error:  # noqa: BLE001 - pickle raises what it meets
            yield Finding("pickling", f"{what} cannot be pickled: {type(error).__name__}: {error}")
            return
    yield None


def purity(subject: Subject) -> Iterator[Found]:
    """One trial, another, and the first again; the other way round in a fresh process."""
    random = subject.random("purity")
    turn = 0
    while subject.steps and subject.kinds:
        trials = []
        for wanted in SIZES:
            step, pixels = random.choice(subject.steps), random.choice(subject.kinds)
            if turn == 0:
                step, pixels = subject.steps[0], subject.kinds[0]
            size = subject.fit(step, pixels, wanted)
            if size is not None:
                trials.append(Trial.of(step, size, pixels, random.randrange(100)))
        # a fresh process takes little time of this one, and much of others': the first trial and ever fewer later ones
        fresh = turn & (turn - 1) == 0 and turn not in {1, 2}
        yield _pure(subject.operation, trials, fresh=fresh) if trials else "skipped"
        turn += 1


def _pure(operation: Operation, trials: Sequence[Trial], *, fresh: bool) -> Found:
    before = _state(operation)
    results: dict[int, bytes] = {}
    for index in (*range(len(trials)), 0, *range(len(trials))):
        trial, held = trials[index], as_bytes(trials[index].picture)
        try:
            result = as_bytes(run_whole(trial.picture, trial.pipeline))
        except TileworkError:
            # the bounds' own business
            return None
        if as_bytes(trial.picture) != held:
            return Finding("purity", f"{trial.what} changes its input")
        if results.setdefault(index, result) != result:
            return Finding(
                "purity", f"{trial.what} gives another result when it is done again, after other calls"
            )
    for name, value in _state(operation).items():
        if before.get(name) != value:
            return Finding("purity", f"{trials[0].what} changes {name}, which outlives the call")
    return _in_a_fresh_process(trials, results) if fresh else None


def _state(operation: Operation) -> Mapping[str, bytes | None]:
    """What could remember a call, by name: attributes, globals of the module, settings of libraries."""
    kinds = [
        kind
        for kind in type(operation).__mro__
        if not kind.__module__.startswith("tilework.imaging.operations.contract")
    ]
    holders: list[tuple[str, Mapping[str, Any]]] = [("its attribute ", getattr(operation, "__dict__", {}))]
    holders += [(f"the class's {kind.__name__}.", vars(kind)) for kind in kinds]
    holders += [
        (f"the global {name}.", vars(sys.modules[name]))
        for name in dict.fromkeys(kind.__module__ for kind in kinds)
        if name in sys.modules and name != "builtins"
    ]
    state = {
        prefix + name: _frozen(value)
        for prefix, values in holders
        for name, value in list(values.items())
        if isinstance(value, PLAIN) and not name.startswith("__")
    }
    state["the global random numbers of Python"] = _frozen(global_random.getstate())
    state["the global random numbers of NumPy"] = _frozen(np.random.get_state(legacy=False))  # noqa: NPY002 - the old one is the global one
    state["the number of OpenCV's threads"] = _frozen(cv2.getNumThreads())
    return state


def _frozen(value: object) -> bytes | None:
    try:
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001 - what cannot be pickled cannot be compared
        return None


@lru_cache
def fresh_processes() -> ForkServerContext:
    """Whence fresh processes come, each in some milliseconds once this has returned."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tilework.testing.purity", "tilework.imaging.pipeline"])
    first = context.Process(target=int)
    first.start()
    first.join()
    first.close()
    return context


def _in_a_fresh_process(trials: Sequence[Trial], results: Mapping[int, bytes]) -> Found:
    """The same trials, last first, in a process that has never seen the operation."""
    context = fresh_processes()
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, list(trials)), daemon=True)
    try:
        process.start()
        there.close()
        answer = here.recv() if here.poll(FRESH_SECONDS) else "it hangs"
    except (EOFError, OSError):
        answer = "it ends without a word"
    except Exception:  # noqa: BLE001 - what cannot be pickled is another promise's
        return None
    finally:
        here.close()
        if process.pid is not None:
            process.kill()
            process.join()
            process.close()
    if isinstance(answer, str) and (_no_file() or any(_of_the_program(trial) for trial in trials)):
        return Finding(
            "pickling",
            f"{trials[0].what} cannot be tried in a fresh process, which imports the operation and reads the program that "
            "was started: put the operation into a module, and what checks it into a test, or into a file behind "
            '`if __name__ == "__main__":`',
        )
    if isinstance(answer, str):
        return Finding("purity", f"{trials[0].what} does not work in a fresh process: {answer}")
    for index, result in enumerate(answer):
        if result != results[index]:
            return Finding("purity", f"{trials[index].what} gives another result in a fresh process")
    return None


def _no_file() -> bool:
    """Whether the program that was started stands in no file, as one from standard input."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    return path is not None and not Path(path).exists()


def _of_the_program(trial: Trial) -> bool:
    return any(type(step.operation).__module__ == "__main__" for step in trial.pipeline.steps)


def _answer(to: Connection, trials: Sequence[Trial]) -> None:
    results = {}
    try:
        prepare()
        for index in reversed(range(len(trials))):
            results[index] = as_bytes(run_whole(trials[index].picture, trials[index].pipeline))
        to.send([results[index] for index in range(len(trials))])
    except Exception as error:  # noqa: BLE001 - told to who asked
        to.send(f"{type(error).__name__}: {error}")
