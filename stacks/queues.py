"""The queues: work in two sizes, what is told about it, and what struck out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from tilework.jobs.quotas import MESSAGE_DAYS
from tilework.jobs.transitions import MAX_LOSSES

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_s3 import IBucketRef

    from stacks.settings import Settings

MOST_RECEIVES = MAX_LOSSES
"""A last resort only: drains, spot losses and heartbeats that came late are receives too, while attempts are counted
in the job's row. As many as the row's own last resort: neither is to come before the other."""

KEPT_DAYS = MESSAGE_DAYS

NOTICE_DAYS = 1
"""A notice is worth a moment's display; what it tells is in the job table anyway."""

KEEPER_SECONDS = 60
"""How long one call of the keeper may take."""

KEEPER_VISIBILITY = 6 * KEEPER_SECONDS
"""Six times the function's timeout, as Lambda's guide to SQS event sources asks for."""


class Queues(Construct):
    """Jobs, units, results, and a dead-letter queue for the first two; one of its own for notices.

    All encrypted with SQS's own key, also where buckets and table have one of the owner's: S3 cannot notify a queue under
    the managed KMS key (aws-cdk#14370), and under another one only if that key's policy admits S3, which is its owner's
    to write. Messages name images, and hold none.

    Who may send, and who may receive, is said by the identity policies of our roles, each of which names its queues
    (:mod:`stacks.grants`). Queue policies say whom none of them could ever admit: who comes without TLS, and who is not
    of this account. They refuse nobody within it: `tilework retry` sends with the credentials of whoever types it, and in
    an outage somebody must be able to look at a message in the console.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = self._queue("DeadLetters", visibility=KEEPER_VISIBILITY, days=KEPT_DAYS)
        self.dropped_notices = self._queue("DroppedNotices", visibility=KEEPER_VISIBILITY, days=KEPT_DAYS)
        lease = settings.lease_seconds
        self.jobs = self._queue("Jobs", visibility=lease, days=KEPT_DAYS, dead=self.dead_letters)
        self.units = self._queue("Units", visibility=lease, days=KEPT_DAYS, dead=self.dead_letters)
        self.results = self._queue(
            "Results", visibility=KEEPER_VISIBILITY, days=NOTICE_DAYS, dead=self.dropped_notices
        )

    def of_drops(self) -> s3.IBucketNotificationDestination:
        """The jobs queue as the place where a bucket's events go."""
        return _DropsOf(self.jobs)

    def _queue(self, kind: str, *, visibility: int, days: int, dead: sqs.Queue | None = None) -> sqs.Queue:
        redrive = sqs.DeadLetterQueue(max_receive_count=MOST_RECEIVES, queue=dead) if dead else None
        queue = sqs.Queue(
            self,
            kind,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(visibility),
            retention_period=Duration.days(days),
            dead_letter_queue=redrive,
        )
        queue.add_to_resource_policy(_nobody_of_other_accounts(queue))
        return queue


def _nobody_of_other_accounts(queue: sqs.Queue) -> iam.PolicyStatement:
    """Refuse other accounts' principals, whatever another statement may come to allow.

    Services are no account's (``aws:PrincipalIsAWSService``); of them the bucket's events alone are admitted. ``Bool``, not
    ``BoolIfExists``: a service that does not say what it is must not be shut out, and nothing admits who signs nothing.
    """
    return iam.PolicyStatement(
        sid="NobodyOfOtherAccounts",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["sqs:*"],
        resources=[queue.queue_arn],
        conditions={
            "StringNotEquals": {"aws:PrincipalAccount": Aws.ACCOUNT_ID},
            "Bool": {"aws:PrincipalIsAWSService": "false"},
        },
    )


@jsii.implements(s3.IBucketNotificationDestination)
class _DropsOf:
    """Unlike CDK's own destination it admits the bucket of this account only: bucket names are reused by others."""

    def __init__(self, queue: sqs.Queue) -> None:
        self._queue = queue

    def bind(
        self,
        scope: Construct,  # noqa: ARG002  # the interface's
        bucket: IBucketRef,
    ) -> s3.BucketNotificationDestinationConfig:
        """Allow ``bucket`` to send to the queue, before the notification is set."""
        allowed = self._queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="DropsOfOurBucket",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self._queue.queue_arn],
                conditions={
                    "ArnEquals": {"aws:SourceArn": bucket.bucket_ref.bucket_arn},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        return s3.BucketNotificationDestinationConfig(
            arn=self._queue.queue_arn,
            type=s3.BucketNotificationDestinationType.QUEUE,
            dependencies=[allowed.policy_dependable] if allowed.policy_dependable else None,
        )
