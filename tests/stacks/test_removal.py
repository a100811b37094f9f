"""What a destroyed deployment leaves, as docs/operating.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacks.settings import Settings
from tests.stacks.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

STAY = {
    "AWS::S3::Bucket": "input bucket, output bucket, access logs",
    "AWS::DynamoDB::Table": "job table",
    "AWS::Cognito::UserPool": "users",
    "AWS::Logs::LogGroup": "logs",
}
"""Each with its row in the document."""


def kept(template: dict[str, Any]) -> set[str]:
    return {each["Type"] for each in template["Resources"].values() if each.get("DeletionPolicy") == "Retain"}


def test_of_prod_stays_what_the_document_says_and_of_dev_nothing(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    assert kept(synthesize(Settings(environment="prod", access_logs=True))) == set(STAY)
    assert kept(synthesize(Settings(access_logs=True))) == set()
    text = (ROOT / "docs" / "operating.md").read_text()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in text.splitlines() if " | stay" in line}
    assert set(STAY.values()) <= set(rows)
