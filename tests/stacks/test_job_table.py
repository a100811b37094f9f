from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacks.settings import Settings
from tests.stacks.cases import KEPT_CLOSE, KEY
from tests.stacks.reading import only
from tilework.aws.rows import EXPIRY
from tilework.aws.table import BY_BATCH, BY_OWNER, BY_STATE

if TYPE_CHECKING:
    from collections.abc import Callable


def test_rows_are_found_by_id_and_listed_by_state_batch_and_owner_latest_first(
    template: dict[str, Any],
) -> None:
    table = only(template, "AWS::DynamoDB::Table")
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    assert set(indexes) == {BY_STATE, BY_BATCH, BY_OWNER}
    for name, partition in ((BY_STATE, "shelf"), (BY_BATCH, "batch_shelf"), (BY_OWNER, "owner_shelf")):
        assert indexes[name]["KeySchema"] == [
            {"AttributeName": partition, "KeyType": "HASH"},
            {"AttributeName": "updated", "KeyType": "RANGE"},
        ]
        assert indexes[name]["Projection"] == {"ProjectionType": "ALL"}
    types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
    assert types == {"id": "S", "shelf": "S", "batch_shelf": "S", "owner_shelf": "S", "updated": "N"}


def test_an_idle_table_costs_nothing(template: dict[str, Any]) -> None:
    assert only(template, "AWS::DynamoDB::Table")["BillingMode"] == "PAY_PER_REQUEST"


def test_prod_can_be_restored_to_any_second_and_not_deleted_by_mistake(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    table = only(synthesize(Settings(environment="prod")), "AWS::DynamoDB::Table")
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["DeletionProtectionEnabled"] is True


def test_dev_goes_with_its_data_and_pays_for_no_restore(template: dict[str, Any]) -> None:
    table = only(template, "AWS::DynamoDB::Table")
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is False
    assert table["DeletionProtectionEnabled"] is False


def test_rows_go_when_they_say_so(template: dict[str, Any]) -> None:
    table = only(template, "AWS::DynamoDB::Table")
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRY, "Enabled": True}


def test_a_key_of_ones_own_encrypts_the_table(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    assert only(template, "AWS::DynamoDB::Table").get("SSESpecification") == {"SSEEnabled": False}
    table = only(synthesize(KEPT_CLOSE), "AWS::DynamoDB::Table")
    assert table["SSESpecification"] == {"KMSMasterKeyId": KEY, "SSEEnabled": True, "SSEType": "KMS"}
