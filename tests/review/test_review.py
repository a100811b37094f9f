"""The review of the templates: what is found is told, and so is what was accepted for nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.review.accepted import ACCEPTED
from tests.review.findings import Accepted, Finding, idle, open_findings
from tests.review.linters import cfn_lint, checkov
from tests.review.templates import REVIEWED, checked
from tests.stacks.synthesis import App

if TYPE_CHECKING:
    from pathlib import Path

OPEN = Finding("checkov", "CKV_1", "Storage/Input", "", "It is open.", "default")
MENDED = Finding("checkov", "CKV_1", "Storage/Input", "", "It is open.", "prod")
TABLE = [
    Accepted(tool="checkov", rule="CKV_1", resources=("Storage/*",), reason="Nobody comes.", mended_in="prod")
]


def flawed(**changed: Any) -> dict[str, Any]:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": changed}
    return {"Resources": {"Photos": bucket}}


def test_what_nobody_has_accepted_is_told() -> None:
    assert open_findings([OPEN], []) == [OPEN]
    assert open_findings([OPEN], TABLE) == []


def test_what_a_setting_mends_is_not_accepted_where_it_is_set() -> None:
    assert open_findings([OPEN, MENDED], TABLE) == [MENDED]


def test_what_was_accepted_and_is_not_there_any_more_is_told() -> None:
    assert idle([OPEN], TABLE) == []
    assert len(idle([], TABLE)) == 1
    (elsewhere,) = idle([OPEN], [*TABLE, Accepted(tool="checkov", rule="CKV_2", resources=("*",), reason="")])
    assert "CKV_2" in elsewhere


def test_another_detail_is_another_finding() -> None:
    named = Accepted(
        tool="cdk-nag", rule="IAM5", resources=("Role",), detail=r"Resource::\*", reason="No other."
    )
    assert open_findings([Finding("cdk-nag", "IAM5", "Role", "Resource::*")], [named]) == []
    assert open_findings([Finding("cdk-nag", "IAM5", "Role", "Action::s3:*")], [named])


@pytest.mark.parametrize(
    "entry", ACCEPTED, ids=lambda entry: f"{entry.tool}-{entry.rule}-{entry.resources[0]}"
)
def test_each_acceptance_says_why_in_a_sentence_and_where_it_is_mended(entry: Accepted) -> None:
    assert len(entry.reason) > 20
    assert entry.reason.endswith(".")
    assert entry.resources
    assert entry.mended_in in {"", *REVIEWED}


def test_cfn_lint_finds_what_cloudformation_would_refuse(tmp_path: Path) -> None:
    path = tmp_path / "refused.json"
    path.write_text(json.dumps(flawed(VersioningConfiguration={"Status": "Sometimes"})))
    (found,) = cfn_lint([path])["refused.json"]
    assert (found["rule"], found["resource"]) == ("E3030", "Photos")


def test_checkov_finds_a_bucket_that_is_open(tmp_path: Path) -> None:
    path = tmp_path / "open.json"
    path.write_text(json.dumps(flawed(AccessControl="PublicRead")))
    assert ("CKV_AWS_20", "Photos") in {
        (found["rule"], found["resource"]) for found in checkov([path])["open.json"]
    }


def test_cdk_nag_finds_a_policy_that_allows_everything(tmp_path: Path) -> None:
    from aws_cdk import Stack
    from aws_cdk import aws_iam as iam

    app = App(outdir=str(tmp_path), analytics_reporting=False)
    stack = Stack(app, "Tilework")
    policy = iam.ManagedPolicy(stack, "All")
    policy.add_statements(iam.PolicyStatement(actions=["s3:*"], resources=["*"]))
    found = checked("all", app, tmp_path).findings
    assert {("IAM5", "All", "Resource::*"), ("IAM5", "All", "Action::s3:*")} <= {
        (finding.rule, finding.resource, finding.detail) for finding in found
    }
