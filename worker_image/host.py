"""The parts of a worker host, put together from its settings and its services; what they do for each other in one place."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tilework.aws.fleet_group import connect_group
from tilework.aws.instance_metadata import InstanceMetadata
from tilework.boottime import boottime
from tilework.jobs.life import JobLife
from tilework.jobs.preset_file import shipped_presets
from tilework.jobs.stage_life import StageLife
from tilework.jobs.unit_work import UnitTerms, UnitWork
from worker_image import metrics
from worker_image.claims import Claims
from worker_image.desk import Desk
from worker_image.end_notices import tell_end
from worker_image.endings import Endings, back_off
from worker_image.feed import Feed
from worker_image.held import HeldUnit
from worker_image.lease_board import LeaseBoard, board_path
from worker_image.leases import Leases, LeaseTerms
from worker_image.membership import Membership
from worker_image.metrics import INTAKE_PAUSE, Meter
from worker_image.outbox import Outbox
from worker_image.pace import Pace, room_in
from worker_image.settling import Settling
from worker_image.sign_of_life import Glances, Identity, SignOfLife
from worker_image.task import UnitOrder
from worker_image.unit_endings import UnitEndings
from worker_image.worlds import Worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.aws.fleet_group import FleetGroup
    from tilework.aws.service_clock import ServiceClock
    from tilework.jobs.queues import Message
    from tilework.jobs.system import System
    from worker_image.held import Holding
    from worker_image.settings import WorkerSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Host:
    """What the supervisor has to do with.

    ``desks`` of jobs and of units are apart, so that no photo waits while the last unit of a scan clears thousands of
    objects away.
    """

    worlds: Worlds
    feed: Feed
    leases: Leases
    outbox: Outbox
    desks: tuple[Desk, Desk]
    settling: Settling
    metadata: InstanceMetadata | None
    membership: Membership | None
    meter: Meter
    sign: SignOfLife

    def take(self, held: Holding) -> None:
        """Feed what a desk has claimed."""
        self.sign.took(held.message.sent)
        self.feed.add(held)

    @property
    def busy(self) -> bool:
        """Whether anything is worked on, claimed or ended."""
        return self.feed.busy or any(desk.busy for desk in self.desks)


def put_together(
    settings: WorkerSettings, system: System, renewals: System, clock: ServiceClock,
    soon: Callable[[Callable[[], None]], None],
) -> Host:  # fmt: skip
    """Make a host that does nothing yet; ``soon`` makes the main thread call a function, from whatever thread.

    ``renewals`` is the same system, for renewals: it gives up soon.
    """
    life = JobLife(system.table, clock.now)
    stages = StageLife(system, clock.now)
    outbox = Outbox(system)
    unit_terms = UnitTerms(settings.lease_seconds, back_off)
    units = UnitWork(system, life, stages, unit_terms, found=lambda row: tell_end(outbox, row, settings.host))
    claims = Claims(
        system, life, outbox, host=settings.host, lease_seconds=settings.lease_seconds,
        presets=shipped_presets(), default=settings.default_pipeline,
    )  # fmt: skip
    board = LeaseBoard(board_path(settings.directory), settings.leases, create=True)
    renewed = JobLife(renewals.table, clock.now)
    leases = Leases(
        renewals.jobs, renewed, board, LeaseTerms(settings.lease_seconds),
        UnitWork(renewals, renewed, StageLife(renewals, clock.now), unit_terms),
    )  # fmt: skip
    pace = Pace(room_in(settings.directory))
    tally = outbox.tally
    desk = partial(
        Desk,
        settings=settings,
        leases=leases,
        pace=pace,
        soon=soon,
        paused=partial(tally.happened, INTAKE_PAUSE),
    )
    job_desk = desk(system.jobs, claims.consider, places=settings.capacity, first=0)
    unit_desk = desk(
        system.units, partial(_take_up, units), places=settings.unit_capacity, first=settings.capacity
    )
    settling = Settling(
        Endings(system, life, outbox, settings.host, let_go=leases.let_go),
        UnitEndings(stages, units, outbox, settings.host, let_go=leases.let_go),
        job_desk=job_desk, unit_desk=unit_desk, pace=pace, tally=tally,
    )  # fmt: skip
    worlds = Worlds(settings, tally, board, soon)
    feed = Feed(worlds.start, settings.shares, settling, soon, outgrown=worlds.outgrown)
    metadata = InstanceMetadata(settings.metadata_url) if settings.metadata_url else None
    membership = _membership(settings, leases) if metadata and settings.fleet_group else None
    meter = Meter(
        tally,
        lambda: metrics.HeldCount(*leases.count()),
        deployment=settings.deployment_name,
        host=settings.host,
    )
    sign = SignOfLife(
        system,
        partial(_identity, settings, clock),
        Glances(worlds.slots, feed.at_work, lambda: metrics.HeldCount(*leases.count()), lambda: tally.count),
        ranks=settings.ranks,
        seconds=settings.sign_seconds,
        soon=soon,
        clock=clock.now,
    )
    desks = (job_desk, unit_desk)
    return Host(worlds, feed, leases, outbox, desks, settling, metadata, membership, meter, sign)


def _take_up(units: UnitWork, message: Message, place: int) -> HeldUnit | None:
    began = boottime()
    task = units.consider(message)
    if task is None:
        return None
    held = HeldUnit(message, UnitOrder(task, place), began)
    log.debug("Claimed.", extra=held.facts)
    return held


def _identity(settings: WorkerSettings, clock: ServiceClock) -> Identity:
    """Who this host is: an EC2 instance asks its metadata, and was started when the machine was."""
    if not settings.metadata_url:
        return Identity(settings.host, clock.now())
    # of its own: that of the watch is for the watch's thread
    ask = InstanceMetadata(settings.metadata_url).get
    told = {name: ask(name) or "" for name in ("instance-id", "instance-type", "instance-life-cycle")}
    return Identity(
        settings.host,
        clock.now() - boottime(),
        instance=told["instance-id"],
        kind=told["instance-type"],
        spot=told["instance-life-cycle"] == "spot",
    )


def _membership(settings: WorkerSettings, leases: Leases) -> Membership:
    # of its own: that of the watch is for the watch's thread
    metadata = InstanceMetadata(settings.metadata_url)

    def find() -> FleetGroup | None:
        instance = metadata.get("instance-id")
        if instance is None:
            return None
        return connect_group(
            settings.deployment.region,
            group=settings.fleet_group,
            entrance=settings.launch_hook,
            hook=settings.termination_hook,
            instance=instance,
        )

    return Membership(find, lambda: any(leases.count()))
