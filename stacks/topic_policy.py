"""Who may publish to a topic: one service, for this account's own sources, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns


def let_publish(topic: sns.Topic, sid: str, service: str, source_arn: str) -> None:
    """Let the ``service`` publish for what ``source_arn`` names in this account.

    A policy of our own takes the place of the one by which an account's alarms may publish.
    """
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal(service)],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={
                "ArnLike": {"aws:SourceArn": source_arn},
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )
    )
