"""Where the workers live: public subnets without a way in, and a short way to S3 and DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Aws, Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_s3 as s3

    from stacks.settings import Settings

NO_ROUTE_TABLE: Final = "@aws-cdk/aws-ec2:noSubnetRouteTableId"

MOST_ZONES: Final = 3
"""Each zone is a spot market of its own."""

ZONES: Final = 2
"""Every region has so many, and a stack that is not told its region may be deployed to any."""

FEW_ZONES: Final = frozenset({"us-west-1"})
"""Regions of which an account sees two zones only. Source: "Regions and Zones", Amazon EC2 user guide."""

SUBNET_BITS: Final = 20
"""4,091 hosts a subnet. All of one size, so that another zone moves none of those that are there."""


class Network(Construct):
    """A VPC without NAT: 33 USD a month for a gateway would be most of what an idle deployment costs.

    Hosts have public addresses to reach SQS, the image registry and the logs; their security group admits nobody.
    S3 and DynamoDB are reached through gateway endpoints, free of charge, whose policies admit only what is ours.

    In a VPC of its owner's (``vpc_id``) only that security group is made: which way leads out, through which endpoints,
    is written in route tables that are the owner's. ``public_addresses`` is None there: each subnet says itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        buckets: list[s3.IBucket],
        table: dynamodb.Table,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self.public_addresses = None if settings.vpc_id else True
        self.vpc: ec2.IVpc = (
            self._existing(settings) if settings.vpc_id else self._made(settings.region, buckets, table)
        )
        self.workers = ec2.SecurityGroup(
            self,
            "Workers",
            vpc=self.vpc,
            description="Worker hosts: nobody may come in, only HTTPS may go out",
            allow_all_outbound=False,
        )
        self.workers.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS to AWS")

    def _existing(self, settings: Settings) -> ec2.IVpc:
        vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=str(settings.vpc_id),
            availability_zones=list(settings.availability_zones),
            # the library's word for what hosts are started in; whether they are public is not asked
            private_subnet_ids=list(settings.subnet_ids),
        )
        # nobody asks for their route tables
        Annotations.of(vpc).acknowledge_warning(NO_ROUTE_TABLE)
        return vpc

    def _made(self, region: str | None, buckets: list[s3.IBucket], table: dynamodb.Table) -> ec2.Vpc:
        zones = MOST_ZONES if region and region not in FEW_ZONES else ZONES
        vpc = ec2.Vpc(
            self,
            "Vpc",
            # by their number, since their names would have to be looked up
            availability_zones=[Fn.select(number, Fn.get_azs()) for number in range(zones)],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="workers", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=SUBNET_BITS
                )
            ],
            # nothing is in the default group, and it admits only itself: not worth a function of its own
            restrict_default_security_group=False,
        )
        s3_endpoint = vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        for statement in _admitted_to_s3(buckets):
            s3_endpoint.add_to_policy(statement)
        table_endpoint = vpc.add_gateway_endpoint(
            "DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB
        )
        table_endpoint.add_to_policy(_admitted_to_dynamodb(table))
        return vpc


def _admitted_to_s3(buckets: list[s3.IBucket]) -> list[iam.PolicyStatement]:
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
