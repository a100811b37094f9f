from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacks.settings import Settings
from tests.stacks.reading import only

if TYPE_CHECKING:
    from collections.abc import Callable


def test_rows_are_found_by_id_and_listed_by_state_latest_first(template: dict[str, Any]) -> None:
    table = only(template, "AWS::DynamoDB::Table")
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by_state"
    assert index["KeySchema"] == [
        {"AttributeName": "shelf", "KeyType": "HASH"},
        {"AttributeName": "updated", "KeyType": "RANGE"},
    ]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
    assert types == {"id": "S", "shelf": "S", "updated": "N"}


def test_an_idle_table_costs_nothing(template: dict[str, Any]) -> None:
    assert only(template, "AWS::DynamoDB::Table")["BillingMode"] == "PAY_PER_REQUEST"


def test_prod_can_be_restored_to_any_second_and_not_deleted_by_mistake(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    table = only(synthesize(Settings(environment="prod")), "AWS::DynamoDB::Table")
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["DeletionProtectionEnabled"] is True
