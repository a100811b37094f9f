"""Who may do what: each role's permissions, action by action and resource by resource, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from tilework.aws.fleet_size import IDLE_SINCE
from tilework.jobs.object_keys import RESULTS, SUBMITTED, UPLOADS, WORK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_s3 as s3

    from stacks.job_table import JobTable
    from stacks.queues import Queues
    from stacks.storage import Storage

READ: Final = ("s3:GetObject", "s3:GetObjectVersion")
IN_PARTS: Final = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
"""Of an upload in parts; to begin, to send and to complete one is ``s3:PutObject``."""

TAKE: Final = (
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
)
SEND: Final = ("sqs:SendMessage",)
LOOK: Final = ("sqs:GetQueueAttributes",)

USE_KEY: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""To read what is encrypted, and to write; a multipart upload and a table's row need both to be written."""

ENCRYPTING: Final = ("s3", "dynamodb")
"""Whatever holds what is encrypted with the owner's key."""


@dataclass(frozen=True, slots=True)
class Grants:
    """The resources that permissions are about; ``kms_key_arn`` is None where AWS's own keys encrypt."""

    storage: Storage
    queues: Queues
    job_table: JobTable
    kms_key_arn: str | None = None

    def to_workers(self, role: iam.IGrantable) -> None:
        """Read inputs, write results without deleting any, keep house under work/, take work, tell of it."""
        queues = self.queues
        self._use_key(role)
        self._read_inputs(role)
        _list(role, self.storage.outputs)
        outputs = [self.storage.outputs.arn_for_objects(f"{prefix}*") for prefix in (RESULTS, WORK)]
        _allow(role, (*READ, "s3:PutObject", *IN_PARTS), outputs)
        _allow(role, ("s3:DeleteObject",), [self.storage.outputs.arn_for_objects(f"{WORK}*")])
        _allow(role, TAKE, [queues.jobs.queue_arn, queues.units.queue_arn])
        sends_to = (queues.jobs, queues.units, queues.results, queues.dead_letters)
        _allow(role, SEND, [queue.queue_arn for queue in sends_to])
        self._write_rows(role)
        # what a host looks at before it starts
        _allow(role, LOOK, [queues.results.queue_arn, queues.dead_letters.queue_arn])
        _allow(role, ("s3:GetBucketVersioning",), [self.storage.inputs.bucket_arn])

    def to_api(self, role: iam.IGrantable) -> None:
        """Sign uploads and downloads, list, cancel, retry and rerun jobs; it never reads a message, nor deletes."""
        queues = self.queues
        self._use_key(role)
        self._read_inputs(role)
        self._read_outputs(role)
        uploads = [self.storage.inputs.arn_for_objects(f"{prefix}*") for prefix in (UPLOADS, SUBMITTED)]
        _allow(role, ("s3:PutObject",), uploads)
        _allow(role, IN_PARTS, [self.storage.inputs.arn_for_objects(f"{UPLOADS}*")])
        self._write_rows(role)
        self._list_rows(role)
        _allow(role, SEND, [queues.jobs.queue_arn])
        looks_at = (queues.jobs, queues.units, queues.dead_letters)
        _allow(role, LOOK, [queue.queue_arn for queue in looks_at])

    def to_preview(self, role: iam.IGrantable) -> None:
        """Read images, results and rows, one at a time: it lists nothing that people ask for, and changes nothing."""
        self._use_key(role)
        self._read_inputs(role)
        self._read_outputs(role)
        _allow(role, ("dynamodb:GetItem",), [self.job_table.table.table_arn])

    def erase(self, role: iam.IGrantable) -> None:
        """Delete images with all their versions, results, work objects and rows."""
        storage = self.storage
        _allow(role, ("s3:DeleteObject", "s3:DeleteObjectVersion"), [storage.inputs.arn_for_objects("*")])
        outputs = [storage.outputs.arn_for_objects(f"{prefix}*") for prefix in (RESULTS, WORK)]
        _allow(role, ("s3:DeleteObject", "s3:DeleteObjectVersion"), outputs)
        _allow(role, ("dynamodb:DeleteItem",), [self.job_table.table.table_arn])

    @staticmethod
    def tell_of_endings(role: iam.IGrantable) -> None:
        """Put events on the account's default bus."""
        bus = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:event-bus/default"
        _allow(role, ("events:PutEvents",), [bus])

    def to_keeper(self, role: iam.IGrantable) -> None:
        """Fold notices, judge dead letters."""
        queues = self.queues
        self._keep_books(role)
        _allow(role, TAKE, [queues.results.queue_arn, queues.dead_letters.queue_arn])
        # a unit's dead letter is counted where its other failures are
        _allow(role, ("s3:PutObject",), [self.storage.outputs.arn_for_objects(f"{WORK}*")])

    def to_clock(self, role: iam.IGrantable) -> None:
        """Find what was forgotten and send it again, sweep work/ of ended jobs."""
        self._keep_books(role)
        # how old the jobs queue's oldest message is; IAM knows neither a resource nor a condition for this action
        # ("Actions, resources, and condition keys for Amazon CloudWatch"), so that it reads all metrics, and only reads
        _allow(role, ("cloudwatch:GetMetricData",), ["*"])

    def to_waker(self, role: iam.IGrantable, group_arn: str) -> None:
        """Look at the queues of work, have some hosts or none, note since when there was nothing to do."""
        queues = self.queues
        _allow(role, LOOK, [queues.jobs.queue_arn, queues.units.queue_arn])
        self.wake(role, group_arn)
        note = iam.PolicyStatement(
            actions=["autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"],
            resources=[group_arn],
            # no other tag: some are what budgets and policies go by
            conditions={"ForAllValues:StringEquals": {"aws:TagKeys": [IDLE_SINCE]}},
        )
        role.grant_principal.add_to_principal_policy(note)

    def wake(self, role: iam.IGrantable, group_arn: str) -> None:
        """Look at the fleet and say how many hosts there are to be, within its limits."""
        _allow(role, ("autoscaling:SetDesiredCapacity",), [group_arn])
        # IAM knows neither a resource nor a condition for it ("Actions, resources, and condition keys for Amazon EC2
        # Auto Scaling"), so that it sees all groups, and only sees
        _allow(role, ("autoscaling:DescribeAutoScalingGroups",), ["*"])

    def _keep_books(self, role: iam.IGrantable) -> None:
        queues = self.queues
        self._use_key(role)
        self._read_inputs(role)
        self._read_outputs(role)
        _allow(role, ("s3:DeleteObject",), [self.storage.outputs.arn_for_objects(f"{WORK}*")])
        self._write_rows(role)
        self._list_rows(role)
        _allow(role, (*SEND, *LOOK), [queues.jobs.queue_arn, queues.units.queue_arn])

    def _use_key(self, role: iam.IGrantable) -> None:
        """Through the services that hold what it encrypts, and never directly."""
        if self.kms_key_arn is None:
            return
        through = [f"{service}.{Aws.REGION}.{Aws.URL_SUFFIX}" for service in ENCRYPTING]
        conditions = {"StringEquals": {"kms:ViaService": through}}
        _allow(role, USE_KEY, [self.kms_key_arn], conditions)

    def _read_inputs(self, role: iam.IGrantable) -> None:
        _list(role, self.storage.inputs)
        _allow(role, READ, [self.storage.inputs.arn_for_objects("*")])

    def _read_outputs(self, role: iam.IGrantable) -> None:
        _list(role, self.storage.outputs)
        _allow(role, READ, [self.storage.outputs.arn_for_objects("*")])

    def _write_rows(self, role: iam.IGrantable) -> None:
        actions = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
        _allow(role, actions, [self.job_table.table.table_arn])

    def _list_rows(self, role: iam.IGrantable) -> None:
        _allow(role, ("dynamodb:Query",), self.job_table.index_arns)


def _list(role: iam.IGrantable, bucket: s3.IBucket) -> None:
    # without leave to list, S3 answers 403 where a version is gone, and a deleted drop looks like a failure
    _allow(role, ("s3:ListBucket", "s3:ListBucketVersions"), [bucket.bucket_arn])


def _allow(
    role: iam.IGrantable,
    actions: tuple[str, ...],
    resources: list[str],
    conditions: Mapping[str, object] | None = None,
) -> None:
    statement = iam.PolicyStatement(actions=list(actions), resources=resources, conditions=conditions)
    role.grant_principal.add_to_principal_policy(statement)
