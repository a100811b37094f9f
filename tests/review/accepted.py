"""What the tools mind and we do not: each with its reason, and with the deployment in which a setting mends it.

A reason is to be true of every resource that it names. What it says of our template is held by the tests under
tests/stacks. An entry that covers nothing fails the review, as does a finding that is there in ``mended_in``.
"""

from __future__ import annotations

from typing import Final

from tests.review.findings import Accepted

MASTER: Final = tuple(f"Master/{kind}" for kind in ("Api", "Keeper", "Clock", "Waker", "StopFleet"))
SERVING: Final = (*MASTER, "Preview/Function")
"""Every function that is called by others than CloudFormation."""
AT_DEPLOYS: Final = (
    "BucketNotificationsHandler*",
    "Custom::S3AutoDeleteObjectsCustomResourceProvider/Handler",
    "Storage/Existing/Function",
)
"""Functions that CloudFormation calls while it deploys or destroys."""

INPUT, OUTPUT = r"(<StorageInput\w+\.Arn>|arn:<AWS::Partition>:s3:::acme-photos)", r"<StorageOutput\w+\.Arn>"
REGION: Final = r"arn:(<AWS::Partition>|aws):\w+:(<AWS::Region>|eu-central-1):<AWS::AccountId>"
GROUP: Final = rf"{REGION}:autoScalingGroup:\*:autoScalingGroupName/"


def role(*kinds: str) -> tuple[str, ...]:
    """The policies of the functions' roles."""
    return tuple(f"Master/{kind}ServiceRole/DefaultPolicy" for kind in kinds)


HOSTS: Final = "Workers/Role/DefaultPolicy"
PREVIEW: Final = "Preview/ServiceRole/DefaultPolicy"

WILDCARDS: Final = (
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=r"Resource::\*",
        resources=(HOSTS, *role("Api", "Clock", "Waker", "StopFleet")),
        reason="IAM knows no resource for these actions, all of which read or open the host's own channel: signing in to"
        " the registry, Session Manager's agent, GetMetricData, DescribeAutoScalingGroups. tests/stacks/test_grants.py"
        " and docs/security.md name each; another action on all resources fails there.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=rf"Resource::{INPUT}/\*",
        resources=(HOSTS, PREVIEW, *role("Api", "Keeper", "Clock")),
        reason="Users drop under any key, so who reads drops reads the bucket: only reads it, but for the API's role"
        " where erase_by_api is set. It is a bucket of drops and nothing else.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=rf"Resource::{INPUT}/(uploads|submitted)/\*",
        resources=role("Api"),
        reason="Uploads that the API signs have names that their users choose, below these two prefixes only.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=rf"Resource::{OUTPUT}/\*",
        resources=(PREVIEW, *role("Api", "Keeper", "Clock")),
        reason="Reading only: results have the names of what was dropped, and the books are kept over all of them.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=rf"Resource::{OUTPUT}/(results|work)/\*",
        resources=(HOSTS, *role("Api")),
        reason="Results have the names of what was dropped, and work objects those of jobs. Hosts write both and delete"
        " work objects only; the API's role has this where erase_by_api is set, and only then.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=rf"Resource::{OUTPUT}/work/\*",
        resources=role("Keeper", "Clock"),
        reason="Work objects are named by their jobs; what is left of ended ones is swept.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=rf"Resource::{GROUP}(tilework-(dev|prod)-workers|<WorkersGroup\w+>)",
        resources=(HOSTS, *role("Api", "Waker", "StopFleet")),
        reason="The one group of this deployment, by its name: AWS puts an id into the middle of the ARN that nobody knows"
        " before the group is there.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="IAM5",
        detail=rf"Resource::{REGION}:log-group:/aws/lambda/tilework-(dev|prod)-\*",
        resources=("Storage/Notifier",),
        reason="The log of CDK's own function that sets the bucket's notification, below this stack's name: its role must"
        " be there before the group's name is chosen.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_111",
        resources=(HOSTS,),
        reason="The statement that it means is Session Manager's: actions of the host's agent about itself, for which IAM"
        " knows no resource before the host is there. All other writing names its resource.",
    ),
)

STORAGE: Final = (
    Accepted(
        tool="cdk-nag",
        rule="S1",
        resources=("Storage/Input", "Storage/Output"),
        mended_in="kept-close",
        reason="Server access logs are a setting (access_logs): they cost by the request and hold who saw what, for which"
        " not everybody has a use. Who asked the API is logged in any case.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_18",
        resources=("Storage/Input", "Storage/Output"),
        reason="As S1 of cdk-nag: the setting access_logs.",
        mended_in="kept-close",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_18",
        resources=("Storage/AccessLogs",),
        reason="The bucket of the access logs itself: logging into itself it would never end.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_21",
        resources=("Storage/Output",),
        reason="A result is written once: the bucket's policy refuses whoever would replace it, and no role may delete one"
        " (but the API's, where erase_by_api is set). Old versions of work objects would be paid for and read by nobody.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_21",
        resources=("Storage/AccessLogs",),
        reason="S3 alone writes there, each object under a name of its own, and they expire after 90 days.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="DDB3",
        resources=("JobTable/Jobs",),
        reason="Point-in-time recovery is paid for by the gigabyte; a dev deployment is destroyed with its data anyway.",
        mended_in="prod",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_28",
        resources=("JobTable/Jobs",),
        reason="As DDB3 of cdk-nag: on in prod.",
        mended_in="prod",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_119",
        resources=("JobTable/Jobs",),
        reason="Encrypted with DynamoDB's own key, or with the owner's, which is a setting (kms_key_arn).",
        mended_in="kept-close",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_27",
        resources=tuple(
            f"Queues/{kind}" for kind in ("Jobs", "Units", "Results", "DeadLetters", "DroppedNotices")
        ),
        reason="Encrypted with SQS's own key (SSE-SQS), which checkov does not count. S3 cannot notify a queue under the"
        " managed KMS key; messages name images and hold none.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_26",
        resources=("Watching/Alarms/Topic",),
        reason="Told over TLS only, of numbers only. CloudWatch may not publish under SNS's managed key"
        " (docs/decisions/alarm-topic.md); with the owner's (kms_key_arn) the topic is encrypted.",
        mended_in="kept-close",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_26",
        resources=("Budget/Spent",),
        reason="It tells that the month's budget is spent, over TLS only. AWS Budgets may not publish under SNS's managed"
        " key either, and to admit it to another one is for that key's owner to write.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_158",
        resources=("Master/*Log", "Preview/Log", "Storage/Existing/Log", "Watching/DeployLog", "Workers/Log"),
        reason="CloudWatch Logs encrypts all logs with a key of its own. They hold names of images and no pixel; another"
        " key must admit the service in its policy, which is its owner's to write.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_173",
        resources=SERVING,
        reason="Names of buckets, queues and tables, and settings: no secret is among them. Lambda encrypts them at rest"
        " with a key of its own.",
    ),
)

NETWORK: Final = (
    Accepted(
        tool="cdk-nag",
        rule="VPC7",
        resources=("Network/Vpc",),
        reason="Flow logs are paid for by the gigabyte that is logged, here images without end. Nobody may come in, and"
        " only HTTPS may go out; in a VPC of one's own (vpc_id) its owner's flow logs tell.",
        mended_in="own-vpc",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_88",
        resources=("Workers/Template",),
        reason="Without a NAT gateway (33 USD a month) a host needs an address to go out; its security group admits nobody"
        " in. In a VPC of one's own the subnets decide.",
        mended_in="own-vpc",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_117",
        resources=(*SERVING, *AT_DEPLOYS),
        reason="They speak to nothing but AWS's own endpoints, over TLS, signed by their roles. Within a VPC they would need"
        " a NAT gateway or an interface endpoint for each service, and would be no more shut off than they are.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="APIG4",
        resources=tuple(
            f"Master/HttpApi/GET--{path}"
            for path in (
                "",
                "jobs--[{]id[}]",
                "failures",
                "fleet",
                "statistics",
                "docs",
                "sign-in",
                "signed-in",
                "signed-out",
                "static--*",
            )
        ),
        reason="What a browser must GET before it can ask for a token: pages without data, their scripts, the API's"
        " description, where to sign in. Every other route, also one that is added later, asks for a token.",
        mended_in="no-sign-in",
    ),
)

FLEET: Final = (
    Accepted(
        tool="cdk-nag",
        rule="AS3",
        resources=("Workers/Group/ASG",),
        reason="Hosts come and go all day, for the work and for spot: a notice of each would be mail that nobody reads. The"
        " group keeps its history, and alarms tell when work does not move.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="EC26",
        resources=("Workers/Group/ASG",),
        reason="The rule ends in an error at a group with a launch template and several instance types. The template's"
        " volume is encrypted, which tests/stacks/test_workers.py asserts.",
    ),
)

MASTERS: Final = (
    Accepted(
        tool="cdk-nag",
        rule="COG2",
        resources=("Master/SignIn/Users",),
        reason="A second factor is required in prod; in dev each user may add one.",
        mended_in="prod",
    ),
    Accepted(
        tool="cdk-nag",
        rule="COG8",
        resources=("Master/SignIn/Users",),
        reason="Cognito's Plus plan costs from the first user on. Nobody can sign up, an administrator invites, and in prod a"
        " second factor is required.",
    ),
    Accepted(
        tool="cdk-nag",
        rule="L1",
        resources=(*SERVING, "Storage/Existing/Function"),
        reason="The runtime is a setting (lambda_python), since the zip holds packages compiled for it, by hash. Each that the"
        " setting takes is patched by AWS.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_115",
        resources=(*SERVING, *AT_DEPLOYS),
        reason="A reservation is taken from the account's pool, and a new account's has none to give: the deploy would fail."
        " The API and the preview are throttled by their gateway; the others have one caller each.",
    ),
    Accepted(
        tool="checkov",
        rule="CKV_AWS_116",
        resources=(*SERVING, *AT_DEPLOYS),
        reason="A dead-letter queue is for asynchronous calls that must not be lost. The API, the preview and the functions of a deploy"
        " are called synchronously; the keeper takes from queues that have one; clock and waker look again by themselves;"
        " Lambda tries the fleet's stop three times, and an alarm tells of a failure.",
    ),
    Accepted(
        tool="cfn-lint",
        rule="W3005",
        resources=(*SERVING, *AT_DEPLOYS),
        reason="CDK names a function's role beside its policies as something to wait for. The role alone would be waited for"
        " in any case: one word too many, and no fault.",
    ),
)

ACCEPTED: Final = (*WILDCARDS, *STORAGE, *NETWORK, *FLEET, *MASTERS)
