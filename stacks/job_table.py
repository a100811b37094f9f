"""The job table: the authority on where every job stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from tilework.aws.rows import EXPIRY

if TYPE_CHECKING:
    from stacks.settings import Settings

INDEXES = {"by_state": "shelf", "by_batch": "batch_shelf", "by_owner": "owner_shelf"}
"""Each index and its partition key."""


class JobTable(Construct):
    """One row a job, paid by the request; the indexes list jobs by state, batch and owner, the latest updated first.

    ``shelf`` spreads one state over several partitions of its index, ``batch_shelf`` one state of one batch,
    ``owner_shelf`` one state of one owner; a row without a batch is not in ``by_batch`` and costs nothing there, and so is
    one without an owner in ``by_owner``. Rows that say when they may be forgotten (``job_days``) are.

    Restored to any second in prod only: it costs by the gigabyte, and dev goes with its data anyway.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        arn = settings.kms_key_arn
        self.table = dynamodb.Table(
            self,
            "Jobs",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if arn else dynamodb.TableEncryption.DEFAULT,
            encryption_key=kms.Key.from_key_arn(self, "Key", arn) if arn else None,
            # always: the rows decide
            time_to_live_attribute=EXPIRY,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=settings.is_prod
            ),
            deletion_protection=settings.is_prod,
            removal_policy=RemovalPolicy.RETAIN if settings.is_prod else RemovalPolicy.DESTROY,
        )
        for name, partition in INDEXES.items():
            self.table.add_global_secondary_index(
                index_name=name,
                partition_key=dynamodb.Attribute(name=partition, type=dynamodb.AttributeType.STRING),
                sort_key=dynamodb.Attribute(name="updated", type=dynamodb.AttributeType.NUMBER),
                projection_type=dynamodb.ProjectionType.ALL,
            )

    @property
    def index_arns(self) -> list[str]:
        """The indexes' ARNs: a listing is allowed on them, not on the table."""
        return [f"{self.table.table_arn}/index/{name}" for name in INDEXES]
