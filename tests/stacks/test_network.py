from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.cases import EXISTING_BUCKET, OWN_VPC
from tests.stacks.reading import listed, only, resources, statements, text

if TYPE_CHECKING:
    from collections.abc import Callable


def test_nobody_comes_in(template: dict[str, Any]) -> None:
    group = only(template, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert not resources(template, "AWS::EC2::SecurityGroupIngress")


def test_only_https_goes_out(template: dict[str, Any]) -> None:
    (rule,) = only(template, "AWS::EC2::SecurityGroup")["SecurityGroupEgress"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)


def test_nothing_in_the_network_costs_while_nobody_works(template: dict[str, Any]) -> None:
    for kind in ("AWS::EC2::NatGateway", "AWS::EC2::EIP"):
        assert not resources(template, kind)
    kinds = {
        item["Properties"]["VpcEndpointType"]
        for item in resources(template, "AWS::EC2::VPCEndpoint").values()
    }
    assert kinds == {"Gateway"}


@pytest.mark.parametrize(
    ("region", "zones"),
    [
        # it may be any, and every region has two
        (None, 2),
        ("eu-central-1", 3),
        ("us-west-1", 2),
    ],
)
def test_workers_have_more_than_one_zone_to_find_spot_capacity_in(
    synthesize: Callable[[Settings], dict[str, Any]], region: str | None, zones: int
) -> None:
    subnets = resources(synthesize(Settings(region=region)), "AWS::EC2::Subnet").values()
    found = [subnet["Properties"]["AvailabilityZone"] for subnet in subnets]
    assert found == [{"Fn::Select": [number, {"Fn::GetAZs": ""}]} for number in range(zones)]


def test_another_zone_moves_no_subnet_that_is_there(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    more = resources(synthesize(Settings(region="eu-central-1")), "AWS::EC2::Subnet")
    for name, subnet in resources(template, "AWS::EC2::Subnet").items():
        assert more[name]["Properties"] == subnet["Properties"]


def test_in_a_network_of_its_owners_only_a_security_group_is_made(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    own = synthesize(OWN_VPC)
    made = [item["Type"] for name, item in own["Resources"].items() if name.startswith("Network")]
    assert made == ["AWS::EC2::SecurityGroup"]
    assert only(own, "AWS::EC2::SecurityGroup")["VpcId"] == OWN_VPC.vpc_id


def test_hosts_start_in_the_subnets_that_the_owner_named_which_say_whether_they_are_public(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    own = synthesize(OWN_VPC)
    assert only(own, "AWS::AutoScaling::AutoScalingGroup")["VPCZoneIdentifier"] == [*OWN_VPC.subnet_ids]
    hosts = only(own, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert "NetworkInterfaces" not in hosts
    assert [text(group) for group in hosts["SecurityGroupIds"]] == [
        f"<{name}>" for name in resources(own, "AWS::EC2::SecurityGroup")
    ]
    (interface,) = only(template, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is True


def test_the_way_to_s3_leads_to_an_existing_bucket_as_well(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    existing = synthesize(EXISTING_BUCKET)
    policy = only(existing, "AWS::EC2::VPCEndpoint", under="NetworkVpcS3")["PolicyDocument"]
    (ours,) = (item for item in policy["Statement"] if item["Sid"] == "OurBuckets")
    bucket = f"arn:<AWS::Partition>:s3:::{EXISTING_BUCKET.input_bucket}"
    assert {bucket, f"{bucket}/*"} <= {text(place) for place in ours["Resource"]}


def test_the_way_to_s3_leads_to_our_buckets_and_to_the_layers_and_packages_only(
    template: dict[str, Any],
) -> None:
    policy = only(template, "AWS::EC2::VPCEndpoint", under="NetworkVpcS3")["PolicyDocument"]
    reached = {text(place) for item in policy["Statement"] for place in listed(item["Resource"])}
    inputs, outputs = sorted(resources(template, "AWS::S3::Bucket"))
    assert reached == {
        *(f"<{name}>{rest}" for name in (inputs, outputs) for rest in ("", "/*")),
        "arn:<AWS::Partition>:s3:::prod-<AWS::Region>-starport-layer-bucket/*",
        "arn:<AWS::Partition>:s3:::al2023-repos-<AWS::Region>-de612dc2/*",
    }


def test_the_way_to_dynamodb_leads_to_our_table_only(template: dict[str, Any]) -> None:
    policy = only(template, "AWS::EC2::VPCEndpoint", under="NetworkVpcDynamo")["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert text(statement["Resource"]).startswith("<JobTable")


def test_whatever_a_worker_may_do_to_buckets_and_table_finds_its_way_there(template: dict[str, Any]) -> None:
    admitted = {
        action
        for name in ("NetworkVpcS3", "NetworkVpcDynamo")
        for item in only(template, "AWS::EC2::VPCEndpoint", under=name)["PolicyDocument"]["Statement"]
        for action in listed(item["Action"])
    }
    needed = {
        action
        for item in statements(template, "WorkersRole")
        for action in listed(item["Action"])
        if action.startswith(("s3:", "dynamodb:"))
    }
    assert needed
    assert {
        one for one in needed if not any(fnmatch.fnmatchcase(one, pattern) for pattern in admitted)
    } == set()
