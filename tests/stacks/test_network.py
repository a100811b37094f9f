from __future__ import annotations

import fnmatch
from typing import Any

from tests.stacks.reading import listed, only, resources, statements, text


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


def test_workers_have_more_than_one_zone_to_find_spot_capacity_in(template: dict[str, Any]) -> None:
    subnets = resources(template, "AWS::EC2::Subnet").values()
    zones = {str(subnet["Properties"]["AvailabilityZone"]) for subnet in subnets}
    assert len(zones) == len(subnets) == 2


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
