"""Which picture a job takes is frozen by its claim, like its pipeline; one that is not there fails it at once."""

from __future__ import annotations

import pytest

from tests.worker_image.test_claims import Host
from tilework.errors import CrashedError, PictureError, UnexpectedError
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.messages import body_of, native_body
from tilework.jobs.object_keys import picture_key
from tilework.jobs.pictures import pictures_of
from tilework.jobs.story import next_steps
from worker_image.held import Held


class Studio(Host):
    """A host, and a bucket with pictures."""

    def put(self, name: str = "logo", body: bytes = b"picture") -> str:
        """Put a picture in place; the version."""
        version = self.system.inputs.put(picture_key(name), body, metadata={}, content_type="image/png")
        assert self.consider() is None, "a picture became a job"
        return version

    def set_preset(self, pipeline: str) -> None:
        """Have the folder drop/marked go through a pipeline."""
        self.write_presets(f'[presets]\nmarked = "{pipeline}"\n')
        assert self.consider() is None, "the presets became a job"

    def retried(self, job: Job) -> Held | None:
        self.life.retry(self.row(job))
        self.system.jobs.send(body_of(Ask(Drop(job.bucket, job.key, job.version))))
        return self.consider()


@pytest.fixture
def host() -> Studio:
    return Studio()


def versions(held: Held | Job | None) -> dict[str, str]:
    assert held is not None
    text = held.pictures if isinstance(held, Job) else held.task.pictures
    return {name: each.version for name, each in pictures_of(text).items()}


def test_the_claim_freezes_which_version_a_job_takes(host: Studio) -> None:
    first = host.put()
    job = host.drop(pipeline="overlay(logo) | overlay(logo, tile)")
    held = host.consider()
    assert versions(held) == versions(host.row(job)) == {"logo": first}
    host.put(body=b"another")
    # the attempt was lost, and its message comes again
    assert held is not None
    host.life.release(held.job, UnexpectedError("The disk was full."))
    host.clock.now += 100
    assert versions(host.claims.consider(held.message, 0)) == {"logo": first}


def test_another_attempt_goes_on_with_what_was_frozen_also_when_the_name_is_gone(host: Studio) -> None:
    first = host.put()
    host.drop(pipeline="overlay(logo)")
    held = host.consider()
    assert held is not None
    host.life.release(held.job, CrashedError("It died."))
    host.system.inputs.delete(picture_key("logo"))
    host.clock.now += 100
    assert versions(host.claims.consider(held.message, 0)) == {"logo": first}


def test_a_drop_and_a_rerun_take_the_picture_as_it_is_by_then(host: Studio) -> None:
    host.put()
    job = host.drop(pipeline="overlay(logo)")
    host.consider()
    second = host.put(body=b"another")
    ask = Ask(Drop(job.bucket, job.key, job.version), "overlay(logo, tile)")
    host.system.jobs.send(native_body(ask))
    assert versions(host.consider()) == {"logo": second}


def test_a_name_that_no_object_has_fails_the_job_with_what_to_do(host: Studio) -> None:
    job = host.drop(pipeline="overlay(lgo)")
    assert host.consider() is None
    row = host.row(job)
    assert (row.state, row.code, row.pipeline) == (State.FAILED, "bad_picture", "overlay(lgo)")
    assert "'lgo'" in row.reason
    assert ".tilework/pictures/lgo" in row.reason
    assert "tilework pictures" in row.advice
    assert host.queued() == 0
    assert next_steps(row)


def test_a_retry_takes_the_picture_that_is_there_now(host: Studio) -> None:
    job = host.drop(pipeline="overlay(logo)")
    assert host.consider() is None
    first = host.put(body=b"damaged")
    held = host.retried(job)
    assert versions(held) == {"logo": first}
    assert held is not None
    host.life.end(held.job, State.FAILED, failure=PictureError("It cannot be used."))
    second = host.put()
    assert versions(host.retried(job)) == {"logo": second}


def test_a_retry_goes_on_with_its_own_pipeline_and_its_pictures_after_its_preset_has_changed(
    host: Studio,
) -> None:
    first = host.put("a")
    host.put("b")
    host.set_preset("overlay(a)")
    job = host.drop("drop/marked/photo.jpg")
    held = host.consider()
    assert held is not None
    host.life.end(held.job, State.FAILED, failure=PictureError("It cannot be used."))
    host.set_preset("overlay(b)")
    held = host.retried(job)
    assert (versions(held), versions(host.row(job))) == ({"a": first}, {"a": first})
    assert held is not None
    assert held.task.pipeline == "overlay(a)"


def test_a_retry_whose_own_picture_is_gone_fails_with_its_name(host: Studio) -> None:
    host.put("a")
    host.put("b")
    host.set_preset("overlay(a)")
    job = host.drop("drop/marked/photo.jpg")
    held = host.consider()
    assert held is not None
    host.life.end(held.job, State.FAILED, failure=PictureError("It cannot be used."))
    host.set_preset("overlay(b)")
    host.system.inputs.delete(picture_key("a"))
    host.clock.now += 100
    assert host.retried(job) is None
    row = host.row(job)
    assert (row.state, row.code, row.pictures) == (State.FAILED, "bad_picture", "")
    assert "'a'" in row.reason


@pytest.mark.parametrize("changed", ["overlay(b)", "overlay(gone)", "nonsense("])
def test_a_job_is_worked_on_again_as_it_began_whatever_its_preset_names_by_now(
    host: Studio, changed: str
) -> None:
    host.put("b")
    host.set_preset("blur(3)")
    job = host.drop("drop/marked/photo.jpg")
    held = host.consider()
    assert held is not None
    host.life.release(held.job, CrashedError("It died."))
    host.set_preset(changed)
    host.clock.now += 100
    held = host.claims.consider(held.message, 0)
    assert held is not None
    assert (held.task.pipeline, held.task.pictures, host.row(job).pictures) == ("blur(3)", "", "")


def test_other_pipelines_ask_for_no_picture(host: Studio) -> None:
    job = host.drop(pipeline="blur(3)")
    held = host.consider()
    assert held is not None
    assert held.task.pictures == host.row(job).pictures == ""
