"""The job table: the authority on where every job stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

if TYPE_CHECKING:
    from stacks.settings import Settings

INDEXES = {"by_state": "shelf", "by_batch": "batch_shelf"}
"""Each index and its partition key."""


class JobTable(Construct):
    """One row a job, paid by the request; the indexes list jobs by state and by batch, the latest updated first.

    ``shelf`` spreads one state over several partitions of its index, ``batch_shelf`` one state of one batch; a row
    without a batch is not in ``by_batch`` and costs nothing there.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Jobs",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.DEFAULT,
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
