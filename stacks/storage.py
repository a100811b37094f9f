"""The two buckets: what users drop, and what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from tilework.jobs.object_keys import RESULTS

if TYPE_CHECKING:
    from stacks.settings import Settings

UNFINISHED_UPLOAD_DAYS = 1
"""Parts of a multipart upload that nobody finished are paid for until they are removed."""


class Storage(Construct):
    """Input bucket (versioned) and output bucket; private, encrypted, over TLS only, without ACLs."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        notifier_may = iam.PolicyDocument()
        notifier = iam.Role(
            self,
            "Notifier",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Sets the event notification of the input bucket when the stack is deployed",
            inline_policies={"set-notification": notifier_may},
        )
        # CDK's own role for this function may set the notifications of every bucket in the account
        self.inputs = self._bucket(
            "Input", versioned=True, cors=[_uploads_of_the_page()], notifier=notifier.without_policy_updates()
        )
        notifier_may.add_statements(*_set_notification(self.inputs))
        self.outputs = self._bucket("Output", versioned=False)
        self.outputs.add_to_resource_policy(_never_replace_a_result(self.outputs))

    def tell_of_drops(self, destination: s3.IBucketNotificationDestination) -> None:
        """Send an event for each object created in the input bucket to ``destination``."""
        self.inputs.add_event_notification(s3.EventType.OBJECT_CREATED, destination)

    def _bucket(
        self,
        kind: str,
        *,
        versioned: bool,
        cors: list[s3.CorsRule] | None = None,
        notifier: iam.IRole | None = None,
    ) -> s3.Bucket:
        prefix = self._settings.bucket_prefix
        is_prod = self._settings.is_prod
        return s3.Bucket(
            self,
            kind,
            bucket_name=f"{prefix}-{kind.lower()}" if prefix else None,
            versioned=versioned,
            cors=cors,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="abort-unfinished-uploads",
                    abort_incomplete_multipart_upload_after=Duration.days(UNFINISHED_UPLOAD_DAYS),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN if is_prod else RemovalPolicy.DESTROY,
            auto_delete_objects=not is_prod,
            notifications_handler_role=notifier,
        )


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
    """A form that the master signed may be posted from the page, wherever that is served: the signature decides."""
    return s3.CorsRule(
        allowed_methods=[s3.HttpMethods.POST],
        allowed_origins=["*"],
        allowed_headers=["*"],
        exposed_headers=["ETag", "x-amz-version-id"],
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
