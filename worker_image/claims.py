"""From a message to a job that this host holds, or to what becomes of a message whose claim is refused."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilework.boottime import boottime
from tilework.errors import (
    AccessDeniedError,
    FolderMarkerError,
    ForeignBucketError,
    PictureError,
    PipelineError,
    PresetsError,
    RefusedError,
    TileworkError,
    UnreadableMessageError,
    VersionGoneError,
)
from tilework.imaging.pipeline import parse
from tilework.jobs.bucket_presets import BucketPresets
from tilework.jobs.job import Ask, Job, State, unreadable_id
from tilework.jobs.messages import asks, body_of, records_apart
from tilework.jobs.object_keys import is_folder_marker, result_stem
from tilework.jobs.pictures import BucketPictures
from tilework.jobs.presets import Presets, choose
from tilework.jobs.results import find_outcome
from tilework.jobs.stage_life import StageLife
from tilework.jobs.transitions import Claimant, Outcome, Refusal, no_attempts_left
from tilework.jobs.work_objects import sweep
from worker_image.end_notices import tell_end
from worker_image.endings import back_off
from worker_image.held import Held
from worker_image.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.life import JobLife
    from tilework.jobs.queues import Message
    from tilework.jobs.stores import ObjectInfo
    from tilework.jobs.system import System
    from tilework.jobs.transitions import Claim
    from worker_image.outbox import Outbox

log = logging.getLogger(__name__)

NOTE_CHARACTERS = 200
"""How much of an unreadable body is kept in its row."""

_OF_A_PIPELINE = (type(None), PipelineError, PresetsError, PictureError)
"""Failures that tell of the pipeline asked for, and nothing of the drop; and none at all."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is known of a drop before its claim: its pipeline's text, pictures and size, or the failure that ends it."""

    ask: Ask
    pipeline: str
    source_bytes: int
    failure: TileworkError | None = None
    pictures: str = ""


class Claims:
    """Claims jobs for ``host``.

    ``presets`` are the shipped ones, name to pipeline; the bucket's own go before them. ``default`` is the deployment's
    own pipeline.
    """

    def __init__(
        self, system: System, life: JobLife, outbox: Outbox, *, host: str, lease_seconds: float,
        presets: Mapping[str, str], default: str,
    ) -> None:  # fmt: skip
        self._system = system
        self._life = life
        self._outbox = outbox
        self._stages = StageLife(system, life.now)
        self._host = host
        self._lease_seconds = lease_seconds
        self._presets = BucketPresets(system.inputs, Presets.shipped(presets), life.now)
        self._pictures = BucketPictures(system.inputs, life.now)
        self._default = default

    def consider(self, message: Message, place: int) -> Held | None:
        """Claim the job that ``message`` tells: what this host now holds, or None where there is nothing to work on.

        Then the message has been dealt with. Raises ServiceError where it must come again.
        """
        ask = self._understand(message)
        if ask is None:
            return None
        wish = self._wish(ask)
        began = boottime()
        claimant = Claimant(self._host, message.id, self._lease_seconds)
        claim = self._life.claim(
            wish.ask, pipeline=wish.pipeline, source_bytes=wish.source_bytes, claimant=claimant,
            pictures=wish.pictures,
        )  # fmt: skip
        if claim.refusal is not None:
            self._refused(message, claim)
            log.debug(
                "A message was refused: its job is %s.", claim.refusal.name, extra={"job": claim.job.id}
            )
            return None
        try:
            held = self._granted(message, claim, wish, place, began)
        except Exception:
            self._give_back(message, claim)
            raise
        if held is not None:
            log.info("Claimed: %s", held.job.key, extra=held.facts)
        return held

    def _granted(self, message: Message, claim: Claim, wish: Wish, place: int, began: float) -> Held | None:
        wish = self._as_frozen(wish, claim.job)
        if self._over_already(message, claim, wish):
            return None
        job = claim.job
        if wish.pictures and not job.pictures:
            job = self._life.show(job, wish.pictures)
        return Held(message, job, self._task(job, place), renewed=began)

    def _give_back(self, message: Message, claim: Claim) -> None:
        """Let go of what was claimed and not begun; where that fails too, its lease runs out, as if the host had died."""
        try:
            self._life.release(claim.job)
            self._system.jobs.set_visibility(message, back_off(message.receives))
        except TileworkError as error:
            log.warning("A claim could not be given back: %s", error.reason, extra={"job": claim.job.id})

    def _understand(self, message: Message) -> Ask | None:
        """The one ask of a message. One that tells nothing is deleted, of one that tells several each goes its own way."""
        bucket = self._system.inputs.bucket
        try:
            found = asks(message.body, bucket)
        except (UnreadableMessageError, ForeignBucketError) as error:
            apart = records_apart(message.body)
            if not apart:
                note = f"The body began: {message.body[:NOTE_CHARACTERS]}"
                row = self._life.reject(unreadable_id(message.body), bucket, error, note)
                log.warning("A message was refused: %s", error.reason, extra={"job": row.id})
        else:
            if len(found) == 1:
                return found[0]
            apart = [body_of(ask) for ask in found]
        for body in apart:
            self._system.jobs.send(body)
        self._system.jobs.delete([message])
        return None

    def _wish(self, ask: Ask) -> Wish:
        """Ask the object itself how it wants to be processed."""
        key = ask.drop.key
        try:
            info = self._system.inputs.head(key, ask.drop.version)
        except (VersionGoneError, RefusedError) as error:
            if isinstance(error, AccessDeniedError):
                raise
            return Wish(ask, ask.pipeline or "", 0, error)
        ask = _named(ask, info)
        if is_folder_marker(key, info.size):
            return Wish(ask, "", 0, FolderMarkerError("The object only stands for a folder."))
        text = info.metadata.get("pipeline", "") if ask.pipeline is None else ask.pipeline
        try:
            chosen = choose(
                key,
                info.metadata if ask.pipeline is None else {"pipeline": text},
                lambda: self._presets.of_drop(info.modified),
                self._default,
            )
        except (PipelineError, PresetsError) as error:
            return Wish(ask, text, info.size, error)
        # an order of a user's is as new as anything in the bucket
        dropped = info.modified if ask.pipeline is None else self._life.now()
        try:
            pictures = self._pictures.of_drop(chosen.picture_names, dropped)
        except PictureError as error:
            return Wish(ask, chosen.canonical, info.size, error)
        return Wish(ask, chosen.canonical, info.size, pictures=pictures)

    def _as_frozen(self, wish: Wish, row: Job) -> Wish:
        """``wish`` as the row has it, where an earlier claim froze another pipeline than is asked for by now.

        Its pictures are looked up where the row has none of them (any more).
        """
        if row.pipeline == wish.pipeline or not isinstance(wish.failure, _OF_A_PIPELINE):
            return wish
        try:
            pictures = row.pictures or self._pictures.of_drop(
                parse(row.pipeline).picture_names, self._life.now()
            )
        except (PipelineError, PictureError) as error:
            return replace(wish, pipeline=row.pipeline, failure=error, pictures="")
        return replace(wish, pipeline=row.pipeline, failure=None, pictures=pictures)

    def _refused(self, message: Message, claim: Claim) -> None:
        row = claim.job
        if claim.refusal is Refusal.HELD and not row.stage:
            left = max(1.0, row.lease_end - self._life.now())
            self._system.jobs.set_visibility(message, left)
            return
        if claim.refusal is Refusal.HELD:
            # whoever planned it with this message may have died before all units of the first stage were sent
            self._stages.told_again(row, message.id)
        elif claim.refusal is Refusal.ENDED:
            sweep(self._system.outputs, row.id, row.epoch)
        self._system.jobs.delete([message])

    def _over_already(self, message: Message, claim: Claim, wish: Wish) -> bool:
        """End a job whose end is known without any work: refused, out of attempts, or stored by an earlier attempt."""
        row = claim.job
        stored = self._stored(row) if row.lease_number > 1 else None
        if stored is not None:
            over = self._life.done(row, stored)
        elif wish.failure is not None and not (row.pictures and isinstance(wish.failure, PictureError)):
            skipped = isinstance(wish.failure, VersionGoneError | FolderMarkerError)
            over = self._life.end(row, State.SKIPPED if skipped else State.FAILED, failure=wish.failure)
        elif claim.exhausted:
            over = self._life.end(row, State.FAILED, failure=no_attempts_left(row))
        else:
            return False
        self._outbox.delete(message)
        tell_end(self._outbox, over, self._host)
        return True

    def _stored(self, row: Job) -> Outcome | None:
        """What is told by the result that an earlier attempt stored before it died."""
        return find_outcome(self._system.outputs, row)

    @staticmethod
    def _task(job: Job, place: int) -> Task:
        return Task(
            job.id, job.key, job.version, job.source_bytes, job.pipeline, result_stem(job), place, job.lease_number,
            job.pictures,
        )  # fmt: skip


def _named(ask: Ask, info: ObjectInfo) -> Ask:
    """``ask`` with the owner and batch that the object's metadata names, where the message names none."""
    owner = ask.owner or info.metadata.get("owner", "")
    batch = ask.batch or info.metadata.get("batch", "")
    return Ask(ask.drop, ask.pipeline, ask.revision, owner, batch)
