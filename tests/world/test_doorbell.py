"""What a bell promises."""

import secrets
import select
from collections.abc import Iterator

import pytest

from tilework.world.doorbell import Doorbell


@pytest.fixture
def bells() -> Iterator[tuple[Doorbell, Doorbell]]:
    # names are the host's, and tests run beside each other
    token = secrets.token_hex(8)
    first, second = Doorbell(token, 1), Doorbell(token, 2)
    yield first, second
    first.close()
    second.close()


def rings(bell: Doorbell) -> bool:
    return bool(select.select([bell], [], [], 0)[0])


def test_a_bell_rings_until_it_is_silenced(bells: tuple[Doorbell, Doorbell]) -> None:
    first, second = bells
    first.ring(2)
    first.ring(2)
    assert rings(second)
    assert not rings(first)
    second.silence()
    assert not rings(second)


def test_ringing_for_ever_never_blocks(bells: tuple[Doorbell, Doorbell]) -> None:
    first, second = bells
    for _ in range(10_000):
        first.ring(2)
    assert rings(second)
    second.silence()
    assert not rings(second)


def test_a_bell_that_is_gone_needs_no_ring(bells: tuple[Doorbell, Doorbell]) -> None:
    bells[0].ring(3)
