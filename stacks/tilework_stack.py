"""The one stack: it composes the constructs and grants access, and makes nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Environment, Stack, Tags
from aws_cdk import aws_iam as iam

from master.fleet_steps import IDLE_SECONDS
from stacks.budget import STOP_SECONDS, Budget
from stacks.deployment import environment_of
from stacks.grants import Grants
from stacks.job_table import JobTable
from stacks.master_service import MasterService
from stacks.network import Network
from stacks.preview_service import ROUTES, PreviewService
from stacks.queues import Queues
from stacks.scaling import Scaling
from stacks.storage import Storage
from stacks.waking import HANDLER, TIMEOUT_SECONDS, Waking
from stacks.watching import Watching
from stacks.worker_container import WorkerContainer
from stacks.workers import Workers

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk.aws_lambda import Function
    from constructs import Construct

    from stacks.settings import Settings


class TileworkStack(Stack):
    """One deployment of Tilework; ``master_code`` and ``preview_code`` are the zips that stacks.lambda_build makes.

    The second is not looked at where the settings want no preview.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        master_code: Path,
        preview_code: Path | None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            # never the account's: nothing is looked up in it
            env=Environment(region=settings.region) if settings.region else None,
            stack_name=settings.stack_name,
            description="Tilework: exact image processing from bucket to bucket",
            termination_protection=settings.is_prod,
        )
        Tags.of(self).add("tilework", settings.stack_name)
        self._settings = settings
        self._storage = Storage(self, "Storage", settings=settings)
        self._queues = Queues(self, "Queues", settings=settings)
        self._job_table = JobTable(self, "JobTable", settings=settings)
        self._storage.tell_of_drops(self._queues.of_drops())
        self._environment = environment_of(self._storage, self._queues, self._job_table, settings)
        self._grants = Grants(self._storage, self._queues, self._job_table, settings.kms_key_arn)
        self._add_fleet()
        self._master = self._add_master(master_code)
        wanted = preview_code if settings.preview else None
        self._beside = {} if wanted is None else {"Preview": self._add_preview(wanted)}
        self._budget = None if settings.budget_usd is None else self._add_budget()
        self._watching = self._add_watching()
        self._tell()
        if settings.permission_boundary:
            self._bound_all_roles(settings.permission_boundary)
        if settings.emulated:
            self._leave_out_what_the_emulator_cannot_take()
        self._watching.keep_logs_of_the_deploy()

    def _add_fleet(self) -> None:
        settings = self._settings
        network = Network(
            self,
            "Network",
            buckets=[self._storage.inputs, self._storage.outputs],
            table=self._job_table.table,
            settings=settings,
        )
        workers = self._workers = Workers(
            self,
            "Workers",
            network=network,
            container=WorkerContainer(self, "Container", settings=settings),
            environment=self._environment,
            settings=settings,
        )
        self._grants.to_workers(workers.role)
        workers.log_group.grant_write(workers.role)
        Scaling(self, "Scaling", group=workers.group, queues=self._queues, settings=settings)

    def _add_master(self, code: Path) -> MasterService:
        master = MasterService(
            self,
            "Master",
            code=code,
            environment={
                **self._environment,
                "TILEWORK_FLEET_GROUP": self._workers.group.auto_scaling_group_name,
            },
            queues=self._queues,
            settings=self._settings,
        )
        self._grants.to_api(master.api_function)
        if self._settings.erase_by_api:
            self._grants.erase(master.api_function)
        self._grants.to_keeper(master.keeper_function)
        self._grants.to_clock(master.clock_function)
        if self._settings.completion_events:
            self._grants.tell_of_endings(master.keeper_function)
            self._grants.tell_of_endings(master.clock_function)
        self._grants.wake(master.api_function, self._workers.group_arn)
        self._add_waking(master)
        return master

    def _add_preview(self, code: Path) -> Function:
        sign_in = self._master.sign_in
        preview = PreviewService(
            self,
            "Preview",
            code=code,
            environment={**self._environment, **(sign_in.environment if sign_in else {})},
            settings=self._settings,
        )
        self._grants.to_preview(preview.function)
        self._master.route_to(preview.function, ROUTES)
        return preview.function

    def _add_waking(self, master: MasterService) -> None:
        idle = {"TILEWORK_IDLE_SECONDS": f"{IDLE_SECONDS:.0f}"}
        waker = master.add_function("Waker", HANDLER, seconds=TIMEOUT_SECONDS, **idle)
        self._grants.to_waker(waker, self._workers.group_arn)
        Waking(self, "Waking", function=waker, settings=self._settings)

    def _bound_all_roles(self, policy_arn: str) -> None:
        """Those of CDK's own functions as well: an account that asks for a boundary refuses every role without it."""
        boundary = iam.ManagedPolicy.from_managed_policy_arn(self, "Boundary", policy_arn)
        iam.PermissionsBoundary.of(self).apply(boundary)

    def _add_watching(self) -> Watching:
        return Watching(
            self,
            "Watching",
            queues=self._queues,
            group=self._workers.group,
            master={**self._master.functions, **self._beside},
            api=self._master.http_api,
            settings=self._settings,
        )

    def _add_budget(self) -> Budget:
        budget = Budget(self, "Budget", settings=self._settings)
        if self._settings.budget_stops_fleet:
            group = self._workers.group.auto_scaling_group_name
            stop = self._master.add_function(
                "StopFleet", "master.fleet_stop.handler", seconds=STOP_SECONDS, TILEWORK_FLEET_GROUP=group
            )
            budget.stop(group, stop)
        return budget

    def _tell(self) -> None:
        """What a client needs to join, by the names that the local launcher and the command line look for."""
        outputs = {
            "InputBucket": self._storage.inputs.bucket_name,
            "OutputBucket": self._storage.outputs.bucket_name,
            "JobsQueueUrl": self._queues.jobs.queue_url,
            "UnitsQueueUrl": self._queues.units.queue_url,
            "ResultsQueueUrl": self._queues.results.queue_url,
            "DeadLetterQueueUrl": self._queues.dead_letters.queue_url,
            "JobTable": self._job_table.table.table_name,
            "ApiUrl": self._master.url,
        }
        if self._master.sign_in is not None:
            outputs["UserPool"] = self._master.sign_in.pool.user_pool_id
        for name, value in outputs.items():
            CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)

    def _leave_out_what_the_emulator_cannot_take(self) -> None:
        """All that ``emulated`` does: the embedded AWS rolls back, or waits for ever, where it meets these."""
        for alarm in self._watching.alarms.on_math:
            # an alarm on metric math fails the deploy
            self._watching.alarms.node.try_remove_child(alarm.node.id)
        if self._budget is not None:
            # a type of resource that it does not know
            self._budget.node.try_remove_child(self._budget.month.node.id)
        for bucket in self._storage.made:
            # CDK's function that empties a bucket brings no SDK of its own, and never answers
            bucket.node.try_remove_child("AutoDeleteObjectsCustomResource")
        if self._master.sign_in is not None:
            # a type of resource that it does not know; its sign-in pages have one look anyway
            self._master.sign_in.node.try_remove_child(self._master.sign_in.style.node.id)
