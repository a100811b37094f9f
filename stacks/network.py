"""Where the workers live: public subnets without a way in, and a short way to S3 and DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_s3 as s3

MOST_ZONES = 3
"""Each zone is a spot market of its own; a stack without a region of its own gets two of them."""


class Network(Construct):
    """A VPC without NAT: 33 USD a month for a gateway would be most of what an idle deployment costs.

    Hosts have public addresses to reach SQS, the image registry and the logs; their security group admits nobody.
    S3 and DynamoDB are reached through gateway endpoints, free of charge, whose policies admit only what is ours.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        buckets: list[s3.Bucket],
        table: dynamodb.Table,
    ) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=MOST_ZONES,
            nat_gateways=0,
            subnet_configuration=[ec2.SubnetConfiguration(name="workers", subnet_type=ec2.SubnetType.PUBLIC)],
            # nothing is in the default group, and it admits only itself: not worth a function of its own
            restrict_default_security_group=False,
        )
        self.workers = ec2.SecurityGroup(
            self,
            "Workers",
            vpc=self.vpc,
            description="Worker hosts: nobody may come in, only HTTPS may go out",
            allow_all_outbound=False,
        )
        self.workers.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS to AWS")
        s3_endpoint = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        for statement in _admitted_to_s3(buckets):
            s3_endpoint.add_to_policy(statement)
        table_endpoint = self.vpc.add_gateway_endpoint(
            "DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB
        )
        table_endpoint.add_to_policy(_admitted_to_dynamodb(table))


def _admitted_to_s3(buckets: list[s3.Bucket]) -> list[iam.PolicyStatement]:
    ours = [arn for bucket in buckets for arn in (bucket.bucket_arn, bucket.arn_for_objects("*"))]
    # Sources: "Amazon ECR interface VPC endpoints", ECR user guide; "AL2023 repositories", Amazon Linux user guide
    layers = f"arn:{Aws.PARTITION}:s3:::prod-{Aws.REGION}-starport-layer-bucket/*"
    packages = f"arn:{Aws.PARTITION}:s3:::al2023-repos-{Aws.REGION}-de612dc2/*"
    return [
        iam.PolicyStatement(
            sid="OurBuckets",
            principals=[iam.AnyPrincipal()],
            actions=[
                "s3:GetObject*",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:ListBucket*",
                "s3:GetBucketVersioning",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            resources=ours,
        ),
        iam.PolicyStatement(
            sid="ImageLayersAndPackages",
            principals=[iam.AnyPrincipal()],
            actions=["s3:GetObject"],
            resources=[layers, packages],
        ),
    ]


def _admitted_to_dynamodb(table: dynamodb.Table) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="OurTable",
        principals=[iam.AnyPrincipal()],
        actions=[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:ConditionCheckItem",
        ],
        resources=[table.table_arn],
    )
