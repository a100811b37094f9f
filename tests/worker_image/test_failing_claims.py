"""A claim that was granted, and after which a service fails: the job is nobody's again, at no cost."""

from __future__ import annotations

import pytest

from tests.worker_image.test_claims import Host
from tilework.errors import ServiceError
from tilework.jobs.job import State


@pytest.fixture
def host() -> Host:
    return Host()


def test_a_claim_after_which_a_service_fails_is_given_back_and_costs_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = host.drop()
    assert host.consider() is not None
    host.clock.now += 61
    with monkeypatch.context() as patch:
        # an earlier attempt may have stored the result, which is looked for now
        patch.setattr(host.system.outputs, "list", fail)
        with pytest.raises(ServiceError):
            host.consider()
    row = host.row(job)
    assert (row.state, row.attempts, row.losses, row.lease_end) == (State.QUEUED, 0, 1, 0)
    host.clock.now += 2
    held = host.consider()
    assert held is not None
    assert (held.job.attempts, held.job.losses) == (1, 1)


def test_a_claim_that_cannot_be_given_back_either_runs_out(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = host.drop()
    assert host.consider() is not None
    host.clock.now += 61
    with monkeypatch.context() as patch:
        patch.setattr(host.system.outputs, "list", fail)
        patch.setattr(host.life, "release", fail)
        with pytest.raises(ServiceError):
            host.consider()
    assert host.row(job).state is State.RUNNING
    host.clock.now += 61
    assert host.consider() is not None


def fail(*_: object, **__: object) -> None:
    raise ServiceError("It is busy.")
