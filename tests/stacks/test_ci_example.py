"""The example of docs/ci.md: valid, of chores that are there, and for one branch of one repository only."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from stacks.settings_reading import read
from tests.review.linters import cfn_lint
from tests.stacks.synthesis import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL | re.MULTILINE)
WORKFLOW, TEMPLATE = (yaml.safe_load(block) for block in BLOCKS)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
COMMANDS = [step["run"] for step in STEPS if "run" in step]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_a_chore_of_the_makefile(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "make"
    chores = [word for word in words[1:] if re.fullmatch(r"[a-z-]+", word)]
    makefile = (ROOT / "Makefile").read_text()
    assert chores
    assert all(re.search(rf"^{chore}:", makefile, re.MULTILINE) for chore in chores)


def test_its_settings_are_taken() -> None:
    words = shlex.split(WORKFLOW["env"]["SETTINGS"])
    assert words[::2] == ["-c"] * (len(words) // 2)
    given = dict(word.split("=", 1) for word in words[1::2])
    settings = read(given.get, {})
    assert all(getattr(settings, name) == value for name, value in given.items())
    assert settings.region == WORKFLOW["env"]["REGION"]


def test_a_pull_request_gets_no_access_to_the_account() -> None:
    jobs: dict[str, Any] = WORKFLOW["jobs"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in jobs["review"]
    assert not [step for step in jobs["review"]["steps"] if "credentials" in step.get("uses", "")]
    assert jobs["deploy"]["if"] == "github.event_name == 'push'"
    assert jobs["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in BLOCKS[0]


def test_each_action_has_a_version() -> None:
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in STEPS if "uses" in step)


def test_the_role_is_for_one_branch_of_one_repository() -> None:
    role = TEMPLATE["Resources"]["Deploys"]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert TEMPLATE["Resources"]["GitHub"]["Properties"]["Url"] == f"https://{issuer}"
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": {"Fn::Sub": "repo:${Repository}:ref:refs/heads/${Branch}"},
        }
    }
    assert WORKFLOW[True]["push"]["branches"] == [TEMPLATE["Parameters"]["Branch"]["Default"]]
    assert f"role/{role['RoleName']}" in str(STEPS)


def test_the_role_may_take_the_roles_of_the_bootstrap_and_nothing_else() -> None:
    (policy,) = TEMPLATE["Resources"]["Deploys"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    roles = {re.sub(r".*role/|-\$.*", "", each["Fn::Sub"]) for each in statement["Resource"]}
    kinds = ("deploy", "file-publishing", "image-publishing", "lookup")
    assert roles == {f"cdk-hnb659fds-{kind}-role" for kind in kinds}


def test_cloudformation_would_take_the_role(tmp_path: Path) -> None:
    path = tmp_path / "github-role.yaml"
    path.write_text(BLOCKS[1])
    assert cfn_lint([path])[path.name] == []
