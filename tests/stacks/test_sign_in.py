"""Who may sign in, how, and what a token is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from master.settings import MasterSettings
from stacks.settings import Settings
from tests.stacks.reading import only, resources, text
from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUER = "https://cognito-idp.<AWS::Region>.amazonaws.com/<MasterSignInUsers59163869>"

PREFIX = "tilework-dev-<AWS::StackId>.split(/)[2].split(-)[0]"
"""The first eight digits of the stack's own random id."""


@pytest.fixture
def client(template: dict[str, Any]) -> dict[str, Any]:
    return only(template, "AWS::Cognito::UserPoolClient")


def test_nobody_makes_an_account_for_themselves_and_passwords_are_long_and_mixed(
    template: dict[str, Any],
) -> None:
    pool = only(template, "AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    kinds = ("Lowercase", "Uppercase", "Numbers", "Symbols")
    assert all(policy[f"Require{kind}"] for kind in kinds)
    assert pool["UserPoolTier"] == "ESSENTIALS"


def test_in_prod_a_second_factor_is_asked_for_and_users_outlive_the_stack(
    template: dict[str, Any], synthesize: Callable[[Settings], dict[str, Any]]
) -> None:
    (dev,) = resources(template, "AWS::Cognito::UserPool").values()
    (prod,) = resources(synthesize(Settings(environment="prod")), "AWS::Cognito::UserPool").values()
    told = [
        (
            each["Properties"]["MfaConfiguration"],
            each["Properties"]["DeletionProtection"],
            each["DeletionPolicy"],
        )
        for each in (dev, prod)
    ]
    assert told == [("OPTIONAL", "INACTIVE", "Delete"), ("ON", "ACTIVE", "Retain")]
    assert prod["Properties"]["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_the_one_client_has_no_secret_and_takes_the_authorization_code_grant_only(
    client: dict[str, Any],
) -> None:
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert [text(scope) for scope in client["AllowedOAuthScopes"]] == [
        "openid", "email", "<MasterSignInUsersApiD8999FBD>/api",
    ]  # fmt: skip
    assert client["SupportedIdentityProviders"] == ["COGNITO"]
    # no password in a request, and none of an administrator's
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_tokens_are_short_lived_and_renewed_by_one_that_is_good_once(client: dict[str, Any]) -> None:
    assert client["TokenValidityUnits"]["AccessToken"] == "minutes"
    assert client["AccessTokenValidity"] <= 15
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True


def test_a_code_goes_to_the_page_or_to_this_machine_and_nowhere_else(client: dict[str, Any]) -> None:
    page, *loopback = (text(url) for url in client["CallbackURLs"])
    assert page == "<MasterHttpApi36B87666>/signed-in"
    assert loopback
    assert all(url.startswith("http://localhost:") for url in loopback)
    assert [text(url) for url in client["LogoutURLs"]] == ["<MasterHttpApi36B87666>/signed-out"]


def test_the_gateway_takes_tokens_of_this_pool_and_client_only(template: dict[str, Any]) -> None:
    authorizer = only(template, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "JWT"
    assert text(authorizer["JwtConfiguration"]["Issuer"]) == ISSUER
    assert [text(one) for one in authorizer["JwtConfiguration"]["Audience"]] == [
        "<MasterSignInUsersClient9F89C525>"
    ]


def test_the_sign_in_pages_have_an_address_of_the_stack_that_does_not_tell_the_account_and_a_look(
    template: dict[str, Any],
) -> None:
    domain = only(template, "AWS::Cognito::UserPoolDomain")
    assert "AccountId" not in str(domain)
    assert text(domain["Domain"]) == PREFIX
    assert domain["ManagedLoginVersion"] == 2
    # without one the pages answer that they are not available
    assert only(template, "AWS::Cognito::ManagedLoginBranding")["UseCognitoProvidedValues"] is True


def test_the_master_is_told_where_people_sign_in(template: dict[str, Any]) -> None:
    function = only(template, "AWS::Lambda::Function", under="MasterApi")
    environment = {name: text(value) for name, value in function["Environment"]["Variables"].items()}
    sign_in = MasterSettings.from_environment(environment).sign_in
    assert sign_in is not None
    assert sign_in.url == f"https://{PREFIX}.auth.<AWS::Region>.amazoncognito.com"
    assert (sign_in.client, sign_in.issuer) == ("<MasterSignInUsersClient9F89C525>", ISSUER)


@pytest.mark.parametrize("name", ["aws-lab", "cognito", "my-amazon"])
def test_a_name_that_no_sign_in_page_can_have_is_refused_at_once(name: str) -> None:
    with pytest.raises(SettingsError, match="sign-in pages"):
        Settings(name=name)
    assert Settings(name=name, sign_in=False).stack_name == f"{name}-dev"


def test_the_pool_has_the_group_whose_members_see_all_and_the_master_knows_its_name(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    template = synthesize(Settings(operators_group="heads.of-lab"))
    assert only(template, "AWS::Cognito::UserPoolGroup")["GroupName"] == "heads.of-lab"
    functions = resources(template, "AWS::Lambda::Function").values()
    told = [each["Properties"].get("Environment", {}).get("Variables", {}) for each in functions]
    groups = [each["TILEWORK_OPERATORS_GROUP"] for each in told if "TILEWORK_SIGN_IN_URL" in each]
    # the API and the preview
    assert groups == ["heads.of-lab"] * 2
    with pytest.raises(SettingsError, match="operators_group"):
        Settings(operators_group="heads of lab")
