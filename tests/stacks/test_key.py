"""A KMS key of one's own: who may use it, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stacks.cases import KEPT_CLOSE, KEY
from tests.stacks.reading import listed, resources, statements, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.settings import Settings

ROLES = (
    "WorkersRole",
    "MasterApiServiceRole",
    "MasterKeeperServiceRole",
    "MasterClockServiceRole",
    "PreviewServiceRole",
)


def about_keys(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in found if any(action.startswith("kms:") for action in listed(item["Action"]))]


@pytest.mark.parametrize("role", ROLES)
def test_whoever_reads_or_writes_uses_this_key_through_the_services_that_hold_the_data_and_no_other_way(
    synthesize: Callable[[Settings], dict[str, Any]], role: str
) -> None:
    (statement,) = about_keys(statements(synthesize(KEPT_CLOSE), role))
    assert (statement["Effect"], statement["Resource"]) == ("Allow", KEY)
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    (services,) = statement["Condition"].values()
    assert [text(service) for service in services["kms:ViaService"]] == [
        "s3.<AWS::Region>.<AWS::URLSuffix>",
        "dynamodb.<AWS::Region>.<AWS::URLSuffix>",
    ]


def test_nobody_else_uses_it(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    template = synthesize(KEPT_CLOSE)
    users = {name for name in resources(template, "AWS::IAM::Role") if about_keys(statements(template, name))}
    assert {next(role for role in ROLES if name.startswith(role)) for name in users} == set(ROLES)


def test_without_one_nobody_asks_for_keys(template: dict[str, Any]) -> None:
    for name in resources(template, "AWS::IAM::Role"):
        assert about_keys(statements(template, name)) == []
