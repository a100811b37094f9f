"""How each action of the tables is really asked for, on a resource by its short name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tilework.aws.fleet_size import IDLE_SINCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rehearsal.places import Resources

TEST_EVENT: Final = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})
"""A message that every reader throws away."""

RECEIPT: Final = "no-such-receipt"

Ask: TypeAlias = "Callable[[Any, Resources, str], object]"


def _object(call: str, **told: Any) -> Ask:
    return lambda s3, to, name: getattr(s3, call)(**to.object(name), **told)


def _version(call: str) -> Ask:
    return lambda s3, to, name: getattr(s3, call)(**to.object(name), VersionId=to.version(name))


def _bucket(call: str, **told: Any) -> Ask:
    return lambda s3, to, name: getattr(s3, call)(Bucket=to.bucket(name), **told)


def _queue(call: str, **told: Any) -> Ask:
    return lambda sqs, to, name: getattr(sqs, call)(QueueUrl=to.queue(name), **told)


def _row(call: str, **told: Any) -> Ask:
    return lambda rows, to, name: getattr(rows, call)(TableName=to.table(name), **told)


def _group(call: str, **told: Any) -> Ask:
    return lambda groups, to, name: getattr(groups, call)(AutoScalingGroupName=to.group(name), **told)


def _tags(call: str, key: str) -> Ask:
    def ask(groups: Any, to: Resources, name: str) -> object:
        tag = {"ResourceId": to.group(name), "ResourceType": "auto-scaling-group", "Key": key}
        own = {"Value": "1", "PropagateAtLaunch": False} if call == "create_or_update_tags" else {}
        return getattr(groups, call)(Tags=[tag | own])

    return ask


def _multipart(s3: Any, to: Resources, name: str) -> object:
    """Begin, one part, the end with the header that a result needs."""
    where = to.object(name)
    upload = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    return s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts, IfNoneMatch="*")


def _put(s3: Any, to: Resources, name: str) -> object:
    where = to.object(name)
    own = {"IfNoneMatch": "*"} if where["Key"].startswith("results/") else {}
    return s3.put_object(**where, Body=b"rehearsed", **own)


def _log_line(logs: Any, to: Resources, name: str) -> object:
    group = to.named(name)
    logs.create_log_stream(logGroupName=group, logStreamName="rehearsal")
    line = {"timestamp": to.now_ms(), "message": "rehearsed"}
    return logs.put_log_events(logGroupName=group, logStreamName="rehearsal", logEvents=[line])


_POLICY: Final = json.dumps({"Version": "2012-10-17", "Statement": []})
_SINCE: Final = {"StartTime": 0, "EndTime": 60}

CALLS: Final[dict[str, Ask]] = {
    "s3:GetObject": _object("get_object"),
    "s3:GetObjectVersion": _version("get_object"),
    "s3:PutObject": _put,
    # without If-None-Match
    "s3:ReplaceObject": _object("put_object", Body=b"forged"),
    "s3:PutMultipart": _multipart,
    "s3:AbortMultipartUpload": _object("abort_multipart_upload", UploadId="none"),
    "s3:DeleteObject": _object("delete_object"),
    "s3:DeleteObjectVersion": _version("delete_object"),
    "s3:ListBucket": _bucket("list_objects_v2"),
    "s3:ListBucketVersions": _bucket("list_object_versions"),
    "s3:GetBucketVersioning": _bucket("get_bucket_versioning"),
    "s3:PutBucketVersioning": _bucket(
        "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}
    ),
    "s3:PutBucketPolicy": _bucket("put_bucket_policy", Policy=_POLICY),
    "s3:PutBucketNotification": lambda s3, to, name: s3.put_bucket_notification_configuration(
        Bucket=to.bucket(name), NotificationConfiguration=to.notification(name)
    ),
    "s3:PutLifecycleConfiguration": _bucket(
        "put_bucket_lifecycle_configuration",
        LifecycleConfiguration={
            "Rules": [{"ID": "x", "Filter": {}, "Status": "Enabled", "Expiration": {"Days": 1}}]
        },
    ),
    "s3:DeleteBucket": _bucket("delete_bucket"),
    "s3:ListAllMyBuckets": lambda s3, _to, _name: s3.list_buckets(),
    "sqs:ReceiveMessage": _queue("receive_message", VisibilityTimeout=0),
    "sqs:DeleteMessage": _queue("delete_message", ReceiptHandle=RECEIPT),
    "sqs:ChangeMessageVisibility": _queue(
        "change_message_visibility", ReceiptHandle=RECEIPT, VisibilityTimeout=0
    ),
    "sqs:SendMessage": _queue("send_message", MessageBody=TEST_EVENT),
    "sqs:GetQueueAttributes": _queue("get_queue_attributes", AttributeNames=["All"]),
    "sqs:SetQueueAttributes": _queue("set_queue_attributes", Attributes={"VisibilityTimeout": "0"}),
    "sqs:PurgeQueue": _queue("purge_queue"),
    "dynamodb:GetItem": lambda rows, to, name: rows.get_item(TableName=to.table(name), Key=to.key(name)),
    "dynamodb:PutItem": lambda rows, to, name: rows.put_item(TableName=to.table(name), Item=to.key(name)),
    "dynamodb:UpdateItem": lambda rows, to, name: rows.update_item(
        TableName=to.table(name),
        Key=to.key(name),
        UpdateExpression="SET rehearsed = :v",
        ExpressionAttributeValues={":v": {"S": "v"}},
    ),
    "dynamodb:DeleteItem": lambda rows, to, name: rows.delete_item(
        TableName=to.table(name), Key=to.key(name)
    ),
    "dynamodb:Scan": _row("scan"),
    "dynamodb:DeleteTable": _row("delete_table"),
    "dynamodb:Query": lambda rows, to, name: rows.query(**to.query(name)),
    "autoscaling:DescribeAutoScalingGroups": lambda groups, _to, _name: groups.describe_auto_scaling_groups(),
    "autoscaling:SetDesiredCapacity": _group("set_desired_capacity", DesiredCapacity=0),
    "autoscaling:UpdateAutoScalingGroup": _group("update_auto_scaling_group", MaxSize=1000),
    "autoscaling:DeleteAutoScalingGroup": _group("delete_auto_scaling_group", ForceDelete=True),
    "autoscaling:RecordLifecycleActionHeartbeat": _group(
        "record_lifecycle_action_heartbeat", LifecycleHookName="drain", InstanceId="i-0123456789abcdef0"
    ),
    "autoscaling:SetInstanceProtection": _group(
        "set_instance_protection", InstanceIds=["i-0123456789abcdef0"], ProtectedFromScaleIn=True
    ),
    "autoscaling:CreateOrUpdateTags": _tags("create_or_update_tags", IDLE_SINCE),
    "autoscaling:DeleteTags": _tags("delete_tags", IDLE_SINCE),
    "autoscaling:TagOtherwise": _tags("create_or_update_tags", "cost-centre"),
    "ec2:RunInstances": lambda ec2, _to, _name: ec2.run_instances(
        ImageId="ami-0123456789abcdef0", InstanceType="c7i.xlarge", MinCount=1, MaxCount=1
    ),
    "ec2:TerminateInstances": lambda ec2, _to, _name: ec2.terminate_instances(
        InstanceIds=["i-0123456789abcdef0"]
    ),
    "ssm:GetParameter": lambda ssm, _to, _name: ssm.get_parameter(Name="/production/password"),
    "ssm:SendCommand": lambda ssm, _to, _name: ssm.send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=["i-0123456789abcdef0"]
    ),
    "sns:Publish": lambda sns, to, name: sns.publish(TopicArn=to.named(name), Message="forged"),
    "iam:PutRolePolicy": lambda iam, to, name: iam.put_role_policy(
        RoleName=to.named(name), PolicyName="more", PolicyDocument=_POLICY
    ),
    "iam:CreateAccessKey": lambda iam, _to, _name: iam.create_access_key(UserName="somebody"),
    "sts:AssumeRole": lambda sts, to, name: sts.assume_role(
        RoleArn=to.role_arn(name), RoleSessionName="stairs"
    ),
    "lambda:InvokeFunction": lambda functions, to, name: functions.invoke(
        FunctionName=to.named(name), Payload=b"{}"
    ),
    "lambda:UpdateFunctionCode": lambda functions, to, name: functions.update_function_code(
        FunctionName=to.named(name), ZipFile=b"zip"
    ),
    "cognito-idp:ListUsers": lambda pools, to, name: pools.list_users(UserPoolId=to.named(name)),
    "cognito-idp:AdminCreateUser": lambda pools, to, name: pools.admin_create_user(
        UserPoolId=to.named(name), Username="mallory@example.org"
    ),
    "cloudformation:DeleteStack": lambda stacks, to, name: stacks.delete_stack(StackName=to.named(name)),
    "logs:DeleteLogGroup": lambda logs, to, name: logs.delete_log_group(logGroupName=to.named(name)),
    "logs:PutLogEvents": _log_line,
    "cloudwatch:GetMetricData": lambda metrics, _to, _name: metrics.get_metric_data(
        MetricDataQueries=[], **_SINCE
    ),
    "events:PutEvents": lambda events, _to, _name: events.put_events(
        Entries=[{"Source": "forged", "DetailType": "forged", "Detail": "{}"}]
    ),
}
"""By the action's name in IAM. ``ReplaceObject``, ``PutMultipart`` and ``TagOtherwise`` are ways to use one: a result written
over the old one, an object of parts, a tag of another name."""
