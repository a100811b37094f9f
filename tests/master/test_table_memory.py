"""A table that forgets: an image whose row went is not taken for one whose event was lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from master.keeper import Found, Keeper

if TYPE_CHECKING:
    from master.settings import MasterSettings
    from tests.master.conftest import World

DAY = 86_400.0


def forgotten(world: World, settings: MasterSettings, days: float) -> None:
    """A drop that was done under a memory of 30 days, and whose row went ``days`` after it."""
    settings = replace(settings, table_memory_seconds=30 * DAY)
    keeper = Keeper(world.system, settings, world.clock)
    keeper.begin()
    world.clock.now += 1
    ask = world.drop()
    world.forget_messages()
    keeper.reconcile()
    world.clock.now += days * DAY
    world.system.table.delete(ask.job_id)


def test_an_image_whose_row_went_by_then_is_not_done_again(world: World, settings: MasterSettings) -> None:
    forgotten(world, settings, 31)
    keeper = Keeper(world.system, replace(settings, table_memory_seconds=30 * DAY), world.clock)
    assert keeper.reconcile() == Found()


@pytest.mark.parametrize("days", [90, None])
def test_nor_where_the_table_was_told_since_to_remember_for_longer(
    world: World, settings: MasterSettings, days: int | None
) -> None:
    forgotten(world, settings, 31)
    memory = days * DAY if days else None
    keeper = Keeper(world.system, replace(settings, table_memory_seconds=memory), world.clock)
    assert keeper.reconcile() == Found()


def test_one_that_is_younger_than_the_shortest_memory_is_missed_all_the_same(
    world: World, settings: MasterSettings
) -> None:
    forgotten(world, settings, 29)
    keeper = Keeper(world.system, replace(settings, table_memory_seconds=90 * DAY), world.clock)
    assert keeper.reconcile() == Found(unheard=1)


def test_a_table_that_never_forgets_is_asked_for_images_of_any_age(
    world: World, settings: MasterSettings
) -> None:
    keeper = Keeper(world.system, settings, world.clock)
    keeper.begin()
    world.clock.now += 1
    world.drop()
    world.forget_messages()
    world.clock.now += 1000 * DAY
    assert keeper.reconcile() == Found(unheard=1)
