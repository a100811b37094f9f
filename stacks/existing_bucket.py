"""An input bucket that was there before the stack: only looked at, and asked to tell of its drops."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import Aws, CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.function_role import function_role
from stacks.log_group import log_group

if TYPE_CHECKING:
    from stacks.settings import Settings

CODE: Final = Path(__file__).parent / "inline" / "drops_of_existing_bucket.py"

SECONDS: Final = 60
"""Three requests to S3, each tried again a few times."""

ACTIONS: Final = ("s3:GetBucketVersioning", "s3:GetBucketNotification", "s3:PutBucketNotification")


class ExistingBucket(Construct):
    """``bucket`` by the name that the settings give it; the deploy fails with a sentence where it keeps no versions.

    A synthesis looks nothing up, so a function looks when the stack is deployed. Of ours and not CDK's, which takes the
    ids of the owner's notifications away when ours changes, and knows nothing of versions.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        # the name was checked to be there by whoever makes this
        self.bucket = s3.Bucket.from_bucket_name(self, "Bucket", str(settings.input_bucket))

    def tell_of_drops(self, destination: s3.IBucketNotificationDestination) -> None:
        """Send an event for each object created in the bucket to ``destination``."""
        bound = destination.bind(self, self.bucket)
        told = CustomResource(
            self,
            "Drops",
            resource_type="Custom::TileworkDrops",
            service_token=self._function().function_arn,
            properties={
                "Bucket": self.bucket.bucket_name,
                "Queue": bound.arn,
                # a stack's name is its own in its account and region
                "Id": Aws.STACK_NAME,
            },
        )
        # S3 asks the queue whether it may send before it takes the notification
        told.node.add_dependency(*(bound.dependencies or []))

    def _function(self) -> functions.Function:
        log = log_group(self, "Log", self._settings)
        function = functions.Function(
            self,
            "Function",
            description="Checks that the input bucket keeps versions, and lets it tell of drops",
            code=functions.Code.from_inline(CODE.read_text()),
            handler="index.handler",
            runtime=functions.Runtime(
                f"python{self._settings.lambda_python}",
                functions.RuntimeFamily.PYTHON,
                supports_inline_code=True,
            ),
            timeout=Duration.seconds(SECONDS),
            role=function_role(self, "ServiceRole", log),
            log_group=log,
        )
        function.add_to_role_policy(
            iam.PolicyStatement(actions=list(ACTIONS), resources=[self.bucket.bucket_arn])
        )
        return function
