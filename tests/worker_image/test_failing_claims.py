"""A claim that was granted, and after which a service fails: the job is nobody's again, at no cost."""

from __future__ import annotations

import pytest

from tests.worker_image.test_claims import Host
from tilework.errors import ServiceError
from tilework.jobs.job import Job, State


@pytest.fixture
def host() -> Host:
    return Host()


def claim_in_vain(host: Host, monkeypatch: pytest.MonkeyPatch, *failing: tuple[object, str]) -> Job:
    """A job is claimed after its first lease ran out, and then these fail."""
    job = host.drop()
    assert host.consider() is not None
    host.clock.now += 61
    with monkeypatch.context() as patch:
        for service, method in failing:
            patch.setattr(service, method, fail)
        with pytest.raises(ServiceError):
            host.consider()
    return job


def test_a_claim_after_which_a_service_fails_is_given_back_and_costs_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an earlier attempt may have stored the result, which is looked for now
    job = claim_in_vain(host, monkeypatch, (host.system.outputs, "list"))
    row = host.row(job)
    assert (row.state, row.attempts, row.losses, row.lease_end) == (State.QUEUED, 0, 1, 0)
    host.clock.now += 2
    held = host.consider()
    assert held is not None
    assert (held.job.attempts, held.job.losses) == (1, 1)


def test_a_claim_that_cannot_be_given_back_either_runs_out(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = claim_in_vain(host, monkeypatch, (host.system.outputs, "list"), (host.life, "release"))
    assert host.row(job).state is State.RUNNING
    host.clock.now += 61
    assert host.consider() is not None


def fail(*_: object, **__: object) -> None:
    raise ServiceError("It is busy.")
