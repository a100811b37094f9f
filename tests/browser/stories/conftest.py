"""Stories of people in front of a running system: everything that `make run` starts is there, and one for all of them."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.browser.devices import DEVICES
from tests.browser.stories.person import Person
from tests.flow.conftest import running  # noqa: F401 - the same system as that of the flow's tests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.conftest import Window
    from tests.flow.running_system import RunningSystem


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All stories are told by `make test-page`; a running system of their own is too much for `make test`."""
    for item in items:
        if "stories" in item.path.parts:
            item.add_marker(pytest.mark.page)


@pytest.fixture
def person_with(
    running: RunningSystem,  # noqa: F811
    window_of: Callable[..., Window],
) -> Callable[..., Person]:
    """Makes a person with a device, before the running system's first page."""

    def make(device: str = "desktop", **settings: object) -> Person:
        window = window_of(**{**DEVICES[device], **settings})
        person = Person(window, window.open(running.environment["TILEWORK_URL"]))
        person.is_ready()
        return person

    return make


@pytest.fixture
def person(person_with: Callable[..., Person]) -> Person:
    return person_with()


@contextmanager
def gate_closed(running: RunningSystem) -> Iterator[None]:  # noqa: F811
    """Whatever comes to ``wait_at_gate()`` waits there meanwhile."""
    gate = running.state / "gate"
    gate.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(gate)
