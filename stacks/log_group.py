"""Logs that forget, and go with a deployment whose data go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Settings


def retention(settings: Settings) -> logs.RetentionDays:
    """How long lines are kept."""
    return logs.RetentionDays.THREE_MONTHS if settings.is_prod else logs.RetentionDays.ONE_WEEK


def log_group(scope: Construct, construct_id: str, settings: Settings) -> logs.LogGroup:
    """A log group with a generated name."""
    return logs.LogGroup(
        scope,
        construct_id,
        retention=retention(settings),
        removal_policy=RemovalPolicy.RETAIN if settings.is_prod else RemovalPolicy.DESTROY,
    )
