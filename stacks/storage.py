"""The buckets: what users drop, what comes out, and, where it is wanted, who asked for either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.existing_bucket import ExistingBucket
from stacks.queues import KEPT_DAYS
from tilework.jobs.object_keys import RESULTS, WORK

if TYPE_CHECKING:
    from stacks.settings import Settings

UNFINISHED_UPLOAD_DAYS: Final = 1
"""Parts of a multipart upload that nobody finished are paid for until they are removed."""

UNFINISHED_DROP_DAYS: Final = 7
"""Of the page's own: a slow line takes a night for 5 GiB, and whoever closed the tab on Friday goes on on Monday."""

WORK_DAYS: Final = 4 * KEPT_DAYS
"""A work object goes with its job, at the latest in the keeper's next hourly sweep. What is left is of jobs that nobody
knows of any more. No job lives as long: it takes hours, and beyond that waits at most for a fleet that was stopped; four
times over its messages were sent again by then."""

ACCESS_LOG_DAYS: Final = 90
"""As long as CloudTrail's own history goes back."""


class Storage(Construct):
    """Input bucket (versioned) and output bucket; private, encrypted, over TLS only, without ACLs.

    An input bucket that is there already (``input_bucket``) is its owner's: nothing of it is changed but that it tells of
    drops. ``made`` are the buckets that are ours.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        arn = settings.kms_key_arn
        self._key = kms.Key.from_key_arn(self, "Key", arn) if arn else None
        self.made: list[s3.Bucket] = []
        self._access_logs: s3.Bucket | None = None
        if settings.access_logs:
            self._access_logs = self._log_bucket()
        self._existing = (
            ExistingBucket(self, "Existing", settings=settings) if settings.input_bucket else None
        )
        self.inputs: s3.IBucket = self._existing.bucket if self._existing else self._input_bucket()
        self.outputs = self._output_bucket()

    def tell_of_drops(self, destination: s3.IBucketNotificationDestination) -> None:
        """Send an event for each object created in the input bucket to ``destination``."""
        if self._existing:
            self._existing.tell_of_drops(destination)
        else:
            self.inputs.add_event_notification(s3.EventType.OBJECT_CREATED, destination)

    def _input_bucket(self) -> s3.Bucket:
        notifier_may = iam.PolicyDocument()
        notifier = iam.Role(
            self,
            "Notifier",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Sets the event notification of the input bucket when the stack is deployed",
            inline_policies={"set-notification": notifier_may},
        )
        old_versions = s3.LifecycleRule(
            id="forget-old-versions",
            noncurrent_version_expiration=Duration.days(self._settings.old_version_days),
            # once no version lies under it any more
            expired_object_delete_marker=True,
        )
        bucket = self._bucket(
            "Input",
            rules=[old_versions, *self._tiering()],
            versioned=True,
            cors=[_uploads_of_the_page()],
            # CDK's own role for this function may set the notifications of every bucket in the account
            notifier=notifier.without_policy_updates(),
        )
        notifier_may.add_statements(*_set_notification(bucket))
        return bucket

    def _output_bucket(self) -> s3.Bucket:
        forgotten_work = s3.LifecycleRule(id="forget-work", prefix=WORK, expiration=Duration.days(WORK_DAYS))
        bucket = self._bucket(
            "Output", rules=[forgotten_work, *self._tiering(RESULTS)], cors=[_downloads_of_the_page()]
        )
        bucket.add_to_resource_policy(_never_replace_a_result(bucket))
        return bucket

    def _log_bucket(self) -> s3.Bucket:
        """Where S3 writes who asked for what.

        Its delivery comes hours late, also between the moment in which a destroy has emptied the bucket and the one in
        which it deletes it (aws-cdk#16332). But whoever empties it first forbids all writing, and then goes the policy that
        alone admits the delivery (ACLs are off), so that in between nothing arrives. S3 delivers to no bucket under a
        KMS key ("Enabling Amazon S3 server access logging", S3 user guide).
        """
        old = s3.LifecycleRule(id="forget-access-logs", expiration=Duration.days(ACCESS_LOG_DAYS))
        return self._bucket("AccessLogs", rules=[old], encrypted_by_s3=True)

    def _tiering(self, prefix: str | None = None) -> list[s3.LifecycleRule]:
        """Hand objects to Intelligent-Tiering at once: what nobody reads for 30 days is cheaper, and as quick to read.

        S3 leaves those below 128 KiB where they are, for which it would not pay.
        """
        if not self._settings.intelligent_tiering:
            return []
        transition = s3.Transition(
            storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(0)
        )
        return [s3.LifecycleRule(id="tier-by-use", prefix=prefix, transitions=[transition])]

    def _bucket(
        self,
        kind: str,
        *,
        rules: list[s3.LifecycleRule],
        versioned: bool = False,
        cors: list[s3.CorsRule] | None = None,
        notifier: iam.IRole | None = None,
        encrypted_by_s3: bool = False,
    ) -> s3.Bucket:
        prefix = self._settings.bucket_prefix
        is_prod = self._settings.is_prod
        key = None if encrypted_by_s3 else self._key
        days = UNFINISHED_DROP_DAYS if versioned else UNFINISHED_UPLOAD_DAYS
        unfinished = s3.LifecycleRule(
            id="abort-unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(days)
        )
        bucket = s3.Bucket(
            self,
            kind,
            bucket_name=f"{prefix}-{kind.lower()}" if prefix else None,
            versioned=versioned,
            cors=cors,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            # one request to KMS for many objects
            bucket_key_enabled=True if key else None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[unfinished, *rules],
            # there are none yet when their own bucket is made
            server_access_logs_bucket=self._access_logs,
            server_access_logs_prefix=f"{kind.lower()}/" if self._access_logs else None,
            removal_policy=RemovalPolicy.RETAIN if is_prod else RemovalPolicy.DESTROY,
            auto_delete_objects=not is_prod,
            notifications_handler_role=notifier,
        )
        self.made.append(bucket)
        return bucket


def _set_notification(bucket: s3.Bucket) -> list[iam.PolicyStatement]:
    stack = Stack.of(bucket)
    logs = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"/aws/lambda/{stack.stack_name}-*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        iam.PolicyStatement(actions=["s3:PutBucketNotification"], resources=[bucket.bucket_arn]),
        iam.PolicyStatement(
            actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], resources=[logs]
        ),
    ]


def _uploads_of_the_page() -> s3.CorsRule:
    """A form or a part that the master signed may come from the page, wherever that is served: the signature decides."""
    return s3.CorsRule(
        allowed_methods=[s3.HttpMethods.POST, s3.HttpMethods.PUT],
        allowed_origins=["*"],
        allowed_headers=["*"],
        exposed_headers=["ETag", "x-amz-version-id"],
        max_age=3600,
    )


def _downloads_of_the_page() -> s3.CorsRule:
    """The page may read what the master signed an address for, to pack many results into one archive."""
    return s3.CorsRule(
        allowed_methods=[s3.HttpMethods.GET],
        allowed_origins=["*"],
        allowed_headers=["*"],
        exposed_headers=["Content-Length", "ETag"],
        max_age=3600,
    )


def _never_replace_a_result(bucket: s3.Bucket) -> iam.PolicyStatement:
    """Refuse whoever would write a result without ``If-None-Match``: a result that is there stays as it is.

    Source: "Enforce conditional writes on Amazon S3 buckets", S3 user guide. Parts of a multipart upload are no
    object creation and pass; its completion is one and must carry the header.
    """
    return iam.PolicyStatement(
        sid="ResultsAreNeverReplaced",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:PutObject"],
        resources=[bucket.arn_for_objects(f"{RESULTS}*")],
        conditions={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    )
