"""Several deployments in one account, and in an account with rules of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stacks.settings import Settings
from tests.stacks.cases import BOUNDARY, EXISTING_BUCKET, KEPT_CLOSE
from tests.stacks.reading import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OF_THEIR_OWNER: dict[str, tuple[str, ...]] = {
    "AWS::ApiGatewayV2::Api": ("Name",),
    "AWS::ApiGatewayV2::Authorizer": ("Name",),
    "AWS::ApiGatewayV2::Stage": ("StageName",),
    "AWS::AutoScaling::LifecycleHook": ("LifecycleHookName",),
    "AWS::Cognito::UserPoolGroup": ("GroupName",),
    "AWS::Cognito::UserPoolResourceServer": ("Name",),
    "AWS::IAM::Policy": ("PolicyName",),
}
"""Names that need to be unique within their owner only (an API has none that must)."""


OF_OTHERS = {"AttributeName", "MetricName", "ServiceName"}
"""What is called so is not made by us."""


def names(value: Any) -> Iterator[Any]:
    """Every physical name below ``value``: as it is written, or made of something that is not itself a resource."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        if (key.endswith("Name") and key not in OF_OTHERS) or key in {"Domain", "Alias"}:
            yield inner
        if isinstance(inner, dict) and not key.startswith("Fn::"):
            yield from names(inner)


def physical_names(template: dict[str, Any]) -> set[str]:
    own = set(template["Resources"])
    found = set()
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        kept = {
            key: value
            for key, value in properties.items()
            if key not in OF_THEIR_OWNER.get(resource["Type"], ())
        }
        for name in names(kept):
            written = json.dumps(name)
            refers = any(f'"{logical_id}"' in written for logical_id in own)
            if not refers and "AWS::StackName" not in written and "AWS::StackId" not in written:
                found.add(written)
    return found


def test_two_deployments_share_no_physical_name(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    one, other = (
        synthesize(Settings(name=name, access_logs=True, alarm_mail="a@example.org", budget_usd=5))
        for name in ("lab", "course")
    )
    assert '"lab-dev-workers"' in physical_names(one)
    assert physical_names(one) & physical_names(other) == set()
    for template in (one, other):
        assert not [output for output in template["Outputs"].values() if "Export" in output]


def test_dev_and_prod_of_one_name_share_none_either(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    one, other = synthesize(Settings()), synthesize(Settings(environment="prod"))
    assert physical_names(one) & physical_names(other) == set()


def test_a_boundary_is_on_every_role_also_on_those_of_cdks_own_functions(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    roles = resources(synthesize(KEPT_CLOSE), "AWS::IAM::Role")
    assert len(roles) >= 6
    assert {role["Properties"].get("PermissionsBoundary") for role in roles.values()} == {BOUNDARY}
    assert not any(
        "PermissionsBoundary" in role["Properties"] for role in resources(template, "AWS::IAM::Role").values()
    )


def test_a_boundary_is_on_the_role_of_the_check_of_an_existing_bucket_as_well(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    bounded = synthesize(Settings(input_bucket=EXISTING_BUCKET.input_bucket, permission_boundary=BOUNDARY))
    (role,) = resources(bounded, "AWS::IAM::Role", under="StorageExisting").values()
    assert role["Properties"]["PermissionsBoundary"] == BOUNDARY
