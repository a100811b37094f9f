"""Real worlds for the tests; the ranks import ``rank_tasks`` through PYTHONPATH."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tilework.world import World

# the tests pickle the tasks by the name that the ranks know them by
sys.path.append(str(Path(__file__).parent))

from mpi_processes import start_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that the tests of a module share; none of them may end it."""
    with start_world(
        tmp_path_factory.mktemp("world"), initializer="rank_tasks:start", initargs=(7,)
    ) as world:
        yield world


@pytest.fixture
def new_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Starts worlds of this test's own, and kills what the test leaves."""
    with ExitStack() as stack:

        def start(folder: str = "world", **settings: object) -> World:
            world = start_world(tmp_path / folder, **settings)
            stack.callback(world.shutdown)
            stack.callback(world.kill)
            return world

        yield start
