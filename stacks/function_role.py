"""The role of a function: it writes into its own log, and does nothing else until it is granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs
    from constructs import Construct


def function_role(scope: Construct, construct_id: str, log: logs.ILogGroup) -> iam.Role:
    """Instead of the role that CDK makes: AWSLambdaBasicExecutionRole writes into every log group of the account."""
    role = iam.Role(scope, construct_id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log.grant_write(role)
    return role
