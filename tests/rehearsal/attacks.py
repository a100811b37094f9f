"""What each role must do, and what it must not: data that the rehearsal tries and docs/security.md can show.

Resources have short names: ``inputs/key`` and ``outputs/key`` are objects, ``inputs`` a bucket, ``jobs``, ``units``,
``results``, ``dead`` and ``dropped`` queues, ``table`` and its ``index``, ``fleet`` the group of hosts; what begins with
``another`` is the account's own, and no part of this deployment.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tilework.jobs.object_keys import WORK

WORK_OBJECT: Final = f"outputs/{WORK}rehearsed"
SWEPT_OBJECT: Final = f"outputs/{WORK}swept"

WORKERS, API, KEEPER, CLOCK, WAKER, PREVIEW = "workers", "api", "keeper", "clock", "waker", "preview"
NOTIFIER, EMPTIER = "notifier", "emptier"

ROLES: Final = {
    WORKERS: "WorkersRole",
    API: "MasterApiServiceRole",
    KEEPER: "MasterKeeperServiceRole",
    CLOCK: "MasterClockServiceRole",
    WAKER: "MasterWakerServiceRole",
    PREVIEW: "PreviewServiceRole",
    NOTIFIER: "StorageNotifier",
    EMPTIER: "CustomS3AutoDeleteObjectsCustomResourceProviderRole",
}
"""How each role's logical id begins in the template. The last two are of CDK's own functions, which a deploy runs: one sets
the bucket's notification, the other empties buckets at a destroy."""


class Attack(NamedTuple):
    """One thing that ``role`` must not do."""

    role: str
    action: str
    resource: str
    why: str


class Allowance(NamedTuple):
    """One thing that ``role`` cannot do its work without."""

    role: str
    action: str
    resource: str


_OWNERS = "an image is its owner's: nobody but its owner replaces or removes it"
_RESULT = "a result that is there stays as it is"
_ONE_JOB = "each part has one job: this is another's"
_NEIGHBOUR = "what is not this deployment's is none of its business"
_STAIRS = "no part may give itself or another more than it has"
_WHOLE = "what holds all of the data is nobody's to remove or to read through"
_COST = "hosts cost: only the waker and the page's upload start any"
_SECRETS = "who is in the pool, and what others are told, is not asked by machines"
_SEALED = "the buckets' own rules are the deploy's to set"

ATTACKS: Final = tuple(
    Attack(*row)
    for row in (
        # a worker host decodes what strangers send: of all parts it is the one most likely to be taken over
        (WORKERS, "s3:PutObject", "inputs/uploads/forged.png", _OWNERS),
        (WORKERS, "s3:DeleteObject", "inputs/photo.png", _OWNERS),
        (WORKERS, "s3:DeleteObjectVersion", "inputs/photo.png", _OWNERS),
        (WORKERS, "s3:PutObject", "inputs/.tilework/presets.toml", "presets decide what is computed"),
        (
            WORKERS,
            "s3:PutObject",
            "inputs/.tilework/pictures/logo",
            "pictures are laid on other people's images",
        ),
        (WORKERS, "s3:DeleteObject", "outputs/results/photo.png", _RESULT),
        (WORKERS, "s3:DeleteObjectVersion", "outputs/results/photo.png", _RESULT),
        (WORKERS, "s3:ReplaceObject", "outputs/results/photo.png", _RESULT),
        (WORKERS, "s3:PutObject", "outputs/elsewhere/a.png", "only results/ and work/ are written"),
        (WORKERS, "s3:PutBucketPolicy", "outputs", _SEALED),
        (WORKERS, "s3:PutBucketVersioning", "inputs", _SEALED),
        (WORKERS, "s3:PutBucketNotification", "inputs", _SEALED),
        (WORKERS, "s3:PutLifecycleConfiguration", "inputs", _SEALED),
        (WORKERS, "s3:DeleteBucket", "outputs", _WHOLE),
        (WORKERS, "s3:GetObject", "another bucket/secret.txt", _NEIGHBOUR),
        (WORKERS, "s3:PutObject", "another bucket/stolen.png", _NEIGHBOUR),
        (WORKERS, "s3:ListBucket", "another bucket", _NEIGHBOUR),
        (WORKERS, "s3:ListAllMyBuckets", "*", _NEIGHBOUR),
        (WORKERS, "sqs:ReceiveMessage", "dead", _ONE_JOB),
        (WORKERS, "sqs:DeleteMessage", "dead", _ONE_JOB),
        (WORKERS, "sqs:ReceiveMessage", "results", _ONE_JOB),
        (WORKERS, "sqs:PurgeQueue", "jobs", _WHOLE),
        (WORKERS, "sqs:SetQueueAttributes", "jobs", _SEALED),
        (WORKERS, "sqs:SendMessage", "another queue", _NEIGHBOUR),
        (WORKERS, "sqs:ReceiveMessage", "another queue", _NEIGHBOUR),
        (WORKERS, "dynamodb:DeleteItem", "table", _WHOLE),
        (WORKERS, "dynamodb:Scan", "table", _WHOLE),
        (WORKERS, "dynamodb:Query", "index", _ONE_JOB),
        (WORKERS, "dynamodb:DeleteTable", "table", _WHOLE),
        (WORKERS, "dynamodb:GetItem", "another table", _NEIGHBOUR),
        (WORKERS, "autoscaling:SetDesiredCapacity", "fleet", _COST),
        (WORKERS, "autoscaling:UpdateAutoScalingGroup", "fleet", _COST),
        (WORKERS, "autoscaling:DeleteAutoScalingGroup", "fleet", _COST),
        (WORKERS, "ec2:RunInstances", "*", _COST),
        (WORKERS, "iam:PutRolePolicy", "a role", _STAIRS),
        (WORKERS, "iam:CreateAccessKey", "*", _STAIRS),
        (WORKERS, "sts:AssumeRole", "the api's role", _STAIRS),
        (WORKERS, "lambda:InvokeFunction", "api function", _ONE_JOB),
        (WORKERS, "lambda:UpdateFunctionCode", "api function", _STAIRS),
        (WORKERS, "cognito-idp:ListUsers", "pool", _SECRETS),
        (WORKERS, "cloudformation:DeleteStack", "stack", _WHOLE),
        (WORKERS, "logs:DeleteLogGroup", "its log", "who breaks in must not wipe the traces"),
        (WORKERS, "cloudwatch:GetMetricData", "*", _ONE_JOB),
        (WORKERS, "dynamodb:PutItem", "another table", _NEIGHBOUR),
        (WORKERS, "ssm:GetParameter", "*", "Session Manager's agent needs none of the account's parameters"),
        (WORKERS, "ssm:SendCommand", "*", "no host commands another"),
        (WORKERS, "ec2:TerminateInstances", "*", _NEIGHBOUR),
        (WORKERS, "events:PutEvents", "bus", "what ended is told by the keeper"),
        (WORKERS, "sns:Publish", "alarms", "alarms are CloudWatch's to ring"),
        # the api faces the network: it signs and lists, and does nothing itself
        (API, "s3:PutObject", "inputs/photo.png", "uploads go below uploads/ and submitted/ only"),
        (API, "s3:PutObject", "inputs/.tilework/presets.toml", "presets decide what is computed"),
        (API, "s3:PutObject", "inputs/.tilework/pictures/logo", "pictures are laid on other people's images"),
        (API, "s3:DeleteObject", "inputs/photo.png", _OWNERS),
        (API, "s3:DeleteObjectVersion", "inputs/photo.png", _OWNERS),
        (API, "s3:PutObject", "outputs/results/forged.png", "results are computed"),
        (API, "s3:DeleteObject", "outputs/results/photo.png", _RESULT),
        (API, "s3:GetObject", "another bucket/secret.txt", _NEIGHBOUR),
        (API, "sqs:ReceiveMessage", "jobs", _ONE_JOB),
        (API, "sqs:DeleteMessage", "jobs", _ONE_JOB),
        (API, "sqs:PurgeQueue", "jobs", _WHOLE),
        (API, "sqs:SendMessage", "results", "notices are the workers' to send"),
        (API, "dynamodb:DeleteItem", "table", _WHOLE),
        (API, "dynamodb:Scan", "table", _WHOLE),
        (API, "dynamodb:GetItem", "another table", _NEIGHBOUR),
        (API, "autoscaling:SetDesiredCapacity", "another fleet", _NEIGHBOUR),
        (API, "autoscaling:UpdateAutoScalingGroup", "fleet", _COST),
        (API, "autoscaling:CreateOrUpdateTags", "fleet", _ONE_JOB),
        (API, "cognito-idp:AdminCreateUser", "pool", "who may sign in is the administrator's word"),
        (API, "iam:PutRolePolicy", "a role", _STAIRS),
        (API, "lambda:UpdateFunctionCode", "api function", _STAIRS),
        (API, "events:PutEvents", "bus", "completion events are off"),
        (API, "sns:Publish", "alarms", "alarms are CloudWatch's to ring"),
        (API, "ec2:RunInstances", "*", _COST),
        (API, "sts:AssumeRole", "the workers' role", _STAIRS),
        (KEEPER, "s3:PutObject", "inputs/uploads/forged.png", _OWNERS),
        (KEEPER, "s3:DeleteObject", "inputs/photo.png", _OWNERS),
        (KEEPER, "s3:PutObject", "outputs/results/forged.png", "results are computed"),
        (KEEPER, "s3:DeleteObject", "outputs/results/photo.png", _RESULT),
        (KEEPER, "sqs:ReceiveMessage", "jobs", _ONE_JOB),
        (KEEPER, "sqs:SendMessage", "another queue", _NEIGHBOUR),
        (KEEPER, "dynamodb:DeleteTable", "table", _WHOLE),
        (KEEPER, "dynamodb:Scan", "table", _WHOLE),
        (KEEPER, "autoscaling:SetDesiredCapacity", "fleet", _COST),
        (KEEPER, "events:PutEvents", "bus", "completion events are off"),
        (KEEPER, "cognito-idp:ListUsers", "pool", _SECRETS),
        (CLOCK, "s3:DeleteObject", "inputs/photo.png", _OWNERS),
        (CLOCK, "s3:DeleteObject", "outputs/results/photo.png", _RESULT),
        (CLOCK, "s3:PutObject", "outputs/results/forged.png", "results are computed"),
        (CLOCK, "sqs:ReceiveMessage", "results", _ONE_JOB),
        (CLOCK, "sqs:ReceiveMessage", "jobs", _ONE_JOB),
        (CLOCK, "dynamodb:DeleteItem", "table", _WHOLE),
        (CLOCK, "autoscaling:SetDesiredCapacity", "fleet", _COST),
        (WAKER, "s3:GetObject", "inputs/photo.png", _ONE_JOB),
        (WAKER, "s3:ListBucket", "outputs", _ONE_JOB),
        (WAKER, "sqs:ReceiveMessage", "jobs", _ONE_JOB),
        (WAKER, "sqs:SendMessage", "jobs", _ONE_JOB),
        (WAKER, "dynamodb:GetItem", "table", _ONE_JOB),
        (WAKER, "autoscaling:SetDesiredCapacity", "another fleet", _NEIGHBOUR),
        (WAKER, "autoscaling:UpdateAutoScalingGroup", "fleet", "the most hosts is the deploy's to set"),
        (WAKER, "autoscaling:TagOtherwise", "fleet", "budgets and policies go by other tags"),
        (WAKER, "ec2:RunInstances", "*", _COST),
        # the preview decodes what strangers send, as a worker does, and has nothing to write
        (PREVIEW, "s3:PutObject", "inputs/uploads/forged.png", _OWNERS),
        (PREVIEW, "s3:DeleteObject", "inputs/photo.png", _OWNERS),
        (PREVIEW, "s3:DeleteObjectVersion", "inputs/photo.png", _OWNERS),
        (
            PREVIEW,
            "s3:PutObject",
            "inputs/.tilework/pictures/logo",
            "pictures are laid on other people's images",
        ),
        (PREVIEW, "s3:PutObject", "outputs/results/forged.png", "results are computed"),
        (PREVIEW, "s3:DeleteObject", "outputs/results/photo.png", _RESULT),
        (PREVIEW, "s3:GetObject", "another bucket/secret.txt", _NEIGHBOUR),
        (PREVIEW, "dynamodb:PutItem", "table", _ONE_JOB),
        (PREVIEW, "dynamodb:Query", "index", _ONE_JOB),
        (PREVIEW, "dynamodb:Scan", "table", _WHOLE),
        (PREVIEW, "dynamodb:GetItem", "another table", _NEIGHBOUR),
        (PREVIEW, "sqs:SendMessage", "jobs", _ONE_JOB),
        (PREVIEW, "sqs:ReceiveMessage", "jobs", _ONE_JOB),
        (PREVIEW, "autoscaling:SetDesiredCapacity", "fleet", _COST),
        (PREVIEW, "iam:PutRolePolicy", "a role", _STAIRS),
        (PREVIEW, "sts:AssumeRole", "the workers' role", _STAIRS),
        (PREVIEW, "lambda:UpdateFunctionCode", "api function", _STAIRS),
        (PREVIEW, "cognito-idp:ListUsers", "pool", _SECRETS),
        (NOTIFIER, "s3:PutBucketNotification", "another bucket", _NEIGHBOUR),
        (NOTIFIER, "s3:PutBucketNotification", "outputs", "the input bucket alone tells of drops"),
        (NOTIFIER, "s3:GetObject", "inputs/photo.png", _ONE_JOB),
        (NOTIFIER, "s3:PutBucketPolicy", "inputs", _SEALED),
        (NOTIFIER, "iam:PutRolePolicy", "a role", _STAIRS),
        (EMPTIER, "s3:GetObject", "inputs/photo.png", "who empties a bucket need not read it"),
        (EMPTIER, "s3:PutObject", "inputs/uploads/forged.png", _OWNERS),
        (EMPTIER, "s3:DeleteObject", "another bucket/secret.txt", _NEIGHBOUR),
        (EMPTIER, "dynamodb:DeleteTable", "table", _WHOLE),
        (EMPTIER, "sqs:PurgeQueue", "jobs", _ONE_JOB),
    )
)
"""Each must be denied."""

WITHOUT_TLS: Final = tuple(
    Attack(role, action, resource, "nothing is told without TLS")
    for role, action, resource in (
        (WORKERS, "s3:GetObject", "inputs/photo.png"),
        (WORKERS, "s3:ListBucket", "inputs"),
        (WORKERS, "s3:PutObject", WORK_OBJECT),
        (WORKERS, "sqs:ReceiveMessage", "jobs"),
        (WORKERS, "sqs:SendMessage", "results"),
        (API, "s3:GetObject", "outputs/results/photo.png"),
        (API, "sqs:SendMessage", "jobs"),
        (KEEPER, "sqs:ReceiveMessage", "dead"),
    )
)
"""What the role may do, tried without TLS: each must be denied."""

BY_STRANGERS: Final = tuple(
    Attack(who, action, resource, "who cannot say who they are get nothing")
    for who in ("nobody", "a wrong secret", "another's session", "another account")
    for action, resource in (
        ("s3:GetObject", "inputs/photo.png"),
        ("s3:PutObject", "inputs/uploads/forged.png"),
        ("s3:ListBucket", "outputs"),
        ("sqs:ReceiveMessage", "jobs"),
        ("sqs:SendMessage", "jobs"),
        ("dynamodb:GetItem", "table"),
    )
)
"""Requests without a signature, with the worker's key and a wrong secret or another session's token, and signed by root of
another account: each must be denied."""

ALLOWANCES: Final = tuple(
    Allowance(*row)
    for row in (
        (WORKERS, "s3:ListBucket", "inputs"),
        (WORKERS, "s3:ListBucketVersions", "inputs"),
        (WORKERS, "s3:GetBucketVersioning", "inputs"),
        (WORKERS, "s3:GetObject", "inputs/photo.png"),
        (WORKERS, "s3:GetObjectVersion", "inputs/photo.png"),
        (WORKERS, "s3:GetObject", "outputs/results/photo.png"),
        (WORKERS, "s3:PutObject", "outputs/results/new.png"),
        (WORKERS, "s3:PutMultipart", "outputs/results/large.tif"),
        (WORKERS, "s3:AbortMultipartUpload", "outputs/results/large.tif"),
        (WORKERS, "s3:PutObject", WORK_OBJECT),
        (WORKERS, "s3:GetObject", WORK_OBJECT),
        (WORKERS, "s3:DeleteObject", SWEPT_OBJECT),
        (WORKERS, "sqs:ReceiveMessage", "jobs"),
        (WORKERS, "sqs:ReceiveMessage", "units"),
        (WORKERS, "sqs:DeleteMessage", "jobs"),
        (WORKERS, "sqs:ChangeMessageVisibility", "units"),
        (WORKERS, "sqs:SendMessage", "jobs"),
        (WORKERS, "sqs:SendMessage", "units"),
        (WORKERS, "sqs:SendMessage", "results"),
        (WORKERS, "sqs:SendMessage", "dead"),
        (WORKERS, "sqs:GetQueueAttributes", "results"),
        (WORKERS, "dynamodb:GetItem", "table"),
        (WORKERS, "dynamodb:PutItem", "table"),
        (WORKERS, "dynamodb:UpdateItem", "table"),
        (WORKERS, "logs:PutLogEvents", "its log"),
        (WORKERS, "autoscaling:RecordLifecycleActionHeartbeat", "fleet"),
        (WORKERS, "autoscaling:SetInstanceProtection", "fleet"),
        (API, "s3:ListBucketVersions", "inputs"),
        (API, "s3:GetObject", "inputs/photo.png"),
        (API, "s3:GetObject", "outputs/results/photo.png"),
        (API, "s3:ListBucket", "outputs"),
        (API, "s3:PutObject", "inputs/uploads/rehearsed.png"),
        (API, "s3:PutObject", "inputs/submitted/rehearsed.png"),
        (API, "dynamodb:Query", "index"),
        (API, "dynamodb:PutItem", "table"),
        (API, "sqs:SendMessage", "jobs"),
        (API, "sqs:GetQueueAttributes", "dead"),
        (API, "autoscaling:DescribeAutoScalingGroups", "*"),
        (API, "autoscaling:SetDesiredCapacity", "fleet"),
        (KEEPER, "sqs:ReceiveMessage", "results"),
        (KEEPER, "sqs:ReceiveMessage", "dead"),
        (KEEPER, "sqs:DeleteMessage", "dead"),
        (KEEPER, "sqs:SendMessage", "units"),
        (KEEPER, "s3:PutObject", WORK_OBJECT),
        (KEEPER, "dynamodb:Query", "index"),
        (KEEPER, "dynamodb:UpdateItem", "table"),
        (CLOCK, "s3:ListBucketVersions", "inputs"),
        (CLOCK, "s3:ListBucketVersions", "outputs"),
        (CLOCK, "s3:DeleteObject", SWEPT_OBJECT),
        (CLOCK, "sqs:SendMessage", "jobs"),
        (CLOCK, "sqs:GetQueueAttributes", "jobs"),
        (CLOCK, "dynamodb:PutItem", "table"),
        (CLOCK, "cloudwatch:GetMetricData", "*"),
        (WAKER, "sqs:GetQueueAttributes", "jobs"),
        (WAKER, "sqs:GetQueueAttributes", "units"),
        (WAKER, "autoscaling:DescribeAutoScalingGroups", "*"),
        (WAKER, "autoscaling:SetDesiredCapacity", "fleet"),
        (WAKER, "autoscaling:CreateOrUpdateTags", "fleet"),
        (WAKER, "autoscaling:DeleteTags", "fleet"),
        (PREVIEW, "s3:GetObject", "inputs/photo.png"),
        (PREVIEW, "s3:GetObjectVersion", "inputs/photo.png"),
        (PREVIEW, "s3:GetObject", "outputs/results/photo.png"),
        (PREVIEW, "dynamodb:GetItem", "table"),
        (NOTIFIER, "s3:PutBucketNotification", "inputs"),
        (EMPTIER, "s3:ListBucket", "inputs"),
        (EMPTIER, "s3:DeleteObjectVersion", "inputs/uploads/rehearsed.png"),
    )
)
"""Each must be allowed, so that what is denied is not denied because everything is."""
