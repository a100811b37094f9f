"""docs/security.md tells of each permission, and of no other; its boundary admits them all, and little else."""

from __future__ import annotations

import fnmatch
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.cases import EXISTING_BUCKET, KEPT_CLOSE
from tests.stacks.reading import listed, only, resources, statements, text
from tests.stacks.synthesis import ROOT
from tests.stacks.who_may import Right, rights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCUMENT = (ROOT / "docs" / "security.md").read_text()

SWITCHES = Settings(
    budget_usd=50,
    budget_stops_fleet=True,
    alarm_mail="ops@example.com",
    erase_by_api=True,
    completion_events=True,
)
TOLD = (Settings(), Settings(environment="prod"), SWITCHES, KEPT_CLOSE, EXISTING_BUCKET)
"""Together they have every permission that there is."""

ACCOUNT, REGION = "111122223333", "eu-central-1"
NAMES = {
    "AWS::S3::Bucket": "arn:aws:s3:::tilework-dev-{}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:tilework-dev-{{}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/tilework-dev-{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:tilework-dev-{{}}:*",
    "AWS::AutoScaling::AutoScalingGroup": "tilework-dev-workers",
}
"""What CloudFormation calls a resource that has no name of its own: after the stack and the logical id."""


def documented() -> set[Right]:
    part = DOCUMENT.split("## Who may do what, and why")[1].split("### CDK's emptying")[0]
    found: set[Right] = set()
    for section in part.split("\n### ")[1:]:
        role = section.splitlines()[0]
        for on, may, why in re.findall(r"^\| ([^|`]+) \| (`[^|]+`) \| ([^|]+) \|$", section, re.MULTILINE):
            assert len(why) > 7
            found |= {(role, on, action) for action in re.findall(r"`([a-z0-9]+:\w+)`", may)}
    return found


def test_each_permission_is_documented_with_its_reason_and_no_other(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    there = {right for settings in TOLD for right in rights(synthesize(settings))}
    assert documented() - there == set()
    assert there - documented() == set()


def test_no_role_may_get_at_another_one(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    services = {action.partition(":")[0] for _, _, action in rights(synthesize(SWITCHES))}
    assert not services & {"iam", "sts", "lambda", "ec2", "cloudformation"}


def boundary() -> list[dict[str, Any]]:
    (written,) = re.findall(r"^```json\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    found: list[dict[str, Any]] = json.loads(written)["Statement"]
    return found


def admitted(action: str, resource: str) -> bool:
    return any(
        any(fnmatch.fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        for statement in boundary()
    )


def named(template: dict[str, Any], resource: str) -> str:
    """The resource's ARN in an account."""
    for logical_id, found in template["Resources"].items():
        if f"<{logical_id}>" in resource:
            name = found["Properties"].get("LogGroupName", logical_id)
            bucket = found["Type"] == "AWS::S3::Bucket"
            arn = NAMES[found["Type"]].format(name.lower() if bucket else name)
            resource = resource.replace(f"<{logical_id}>", arn)
    for variable, value in (("Partition", "aws"), ("Region", REGION), ("AccountId", ACCOUNT)):
        resource = resource.replace(f"<AWS::{variable}>", value).replace(f"${{AWS::{variable}}}", value)
    return resource


def allowed(template: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each action of each role with its resource, by the role's policies and by those of the buckets."""
    found = [
        statement
        for role in resources(template, "AWS::IAM::Role")
        for statement in statements(template, role)
    ]
    for policy in resources(template, "AWS::S3::BucketPolicy").values():
        to_roles = policy["Properties"]["PolicyDocument"]["Statement"]
        found += [
            statement
            for statement in to_roles
            if statement["Effect"] == "Allow" and "Fn::GetAtt" in str(statement["Principal"])
        ]
    for statement in found:
        for resource in listed(statement["Resource"]):
            for action in listed(statement["Action"]):
                yield action, named(template, text(resource))


@pytest.mark.parametrize("settings", TOLD[:-1], ids=["default", "prod", "switches", "kept-close"])
def test_the_boundary_of_the_document_admits_all_that_a_deployment_does(
    synthesize: Callable[[Settings], dict[str, Any]], settings: Settings
) -> None:
    done = set(allowed(synthesize(settings)))
    assert len(done) > 60
    assert [pair for pair in sorted(done) if not admitted(*pair)] == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateUser", "*"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/tilework-dev-x"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("s3:GetObject", "arn:aws:s3:::payroll/may.csv"),
        ("s3:PutBucketAcl", "arn:aws:s3:::tilework-dev-x"),
        ("sqs:ReceiveMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"),
        ("dynamodb:Scan", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/tilework-dev-x"),
        ("ec2:RunInstances", "*"),
        (
            "autoscaling:SetDesiredCapacity",
            f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/production",
        ),
        ("ecr:PutImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/cdk-a-container-assets-b"),
    ],
)
def test_the_boundary_admits_nothing_of_anybody_elses(action: str, resource: str) -> None:
    assert not admitted(action, resource)


def test_the_public_routes_that_the_document_names_are_all_there_are(template: dict[str, Any]) -> None:
    routes = resources(template, "AWS::ApiGatewayV2::Route").values()
    public = {
        route["Properties"]["RouteKey"].removeprefix("GET ").replace("{proxy+}", "…")
        for route in routes
        if route["Properties"]["AuthorizationType"] == "NONE"
    }
    section = DOCUMENT.split("## What is public")[1].split("Everything else")[0]
    assert set(re.findall(r"`(/[^`]*)`", section)) == public


def test_what_the_document_says_of_hosts_is_in_the_template(template: dict[str, Any]) -> None:
    launched = only(template, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert launched["MetadataOptions"] == {"HttpPutResponseHopLimit": 1, "HttpTokens": "required"}
    assert "KeyName" not in launched
    group = only(template, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert {rule["ToPort"] for rule in group["SecurityGroupEgress"]} == {443}
