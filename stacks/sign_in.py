"""Who people are: a user pool with hosted sign-in pages, and one public client that proves itself by PKCE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Aws, Duration, Fn, RemovalPolicy
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from tilework.sign_in import (
    ACCESS,
    API_SCOPE,
    CALLBACK,
    LOOPBACK_PORTS,
    RESOURCE_SERVER,
    SIGNED_OUT,
    loopback_url,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.settings import Settings

PASSWORD_CHARACTERS: Final = 12

INVITATION_DAYS: Final = 3
"""How long the password of an invitation is good."""

TOKEN_MINUTES: Final = 15
"""API Gateway looks at signature and end only: so long somebody who was locked out still gets in."""

SESSION_DAYS: Final = 30
"""After which a client that was used all the time asks for the password again."""

GRACE_SECONDS: Final = 60
"""How long a refresh token is good after its first use, for two programs that use it at once; Cognito's longest."""


class SignIn(Construct):
    """``authorizer`` admits tokens of this pool's one client; people are added by an administrator only.

    Threat protection (leaked passwords, risky sign-ins) would need Cognito's Plus plan, which costs from the first user
    on; the Essentials plan is free for ten thousand users a month.
    """

    def __init__(self, scope: Construct, construct_id: str, *, api_url: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.pool = self._pool(settings)
        self._operators = settings.operators_group
        self.pool.add_group(
            "Operators",
            group_name=self._operators,
            description="See and order what is everybody's, and what is nobody's",
        )
        api_scope = cognito.ResourceServerScope(
            scope_name=ACCESS, scope_description="Use all of Tilework's API"
        )
        server = self.pool.add_resource_server("Api", identifier=RESOURCE_SERVER, scopes=[api_scope])
        self.client = self._client(api_url, cognito.OAuthScope.resource_server(server, api_scope))
        # everybody may read it, so that it must not tell the account; a part of the stack's own random id is as good
        part = Fn.select(0, Fn.split("-", Fn.select(2, Fn.split("/", Aws.STACK_ID))))
        self._prefix = f"{settings.stack_name}-{part}"
        self.pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=self._prefix),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        # without a style the pages of managed login are not there at all
        self.style = cognito.CfnManagedLoginBranding(
            self,
            "Style",
            user_pool_id=self.pool.user_pool_id,
            client_id=self.client.user_pool_client_id,
            use_cognito_provided_values=True,
        )
        self.issuer = f"https://cognito-idp.{Aws.REGION}.amazonaws.com/{self.pool.user_pool_id}"
        self.authorizer = authorizers.HttpJwtAuthorizer(
            "Tokens", self.issuer, jwt_audience=[self.client.user_pool_client_id]
        )
        self.scopes = [API_SCOPE]

    @property
    def environment(self) -> Mapping[str, str]:
        """What the master tells browsers and the command line."""
        return {
            "TILEWORK_SIGN_IN_URL": f"https://{self._prefix}.auth.{Aws.REGION}.amazoncognito.com",
            "TILEWORK_SIGN_IN_CLIENT": self.client.user_pool_client_id,
            "TILEWORK_SIGN_IN_ISSUER": self.issuer,
            "TILEWORK_OPERATORS_GROUP": self._operators,
        }

    def _pool(self, settings: Settings) -> cognito.UserPool:
        is_prod = settings.is_prod
        return cognito.UserPool(
            self,
            "Users",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            password_policy=cognito.PasswordPolicy(
                min_length=PASSWORD_CHARACTERS,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(INVITATION_DAYS),
            ),
            mfa=cognito.Mfa.REQUIRED if is_prod else cognito.Mfa.OPTIONAL,
            # an app on a phone; a text message costs, and can be taken over
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            deletion_protection=is_prod,
            removal_policy=RemovalPolicy.RETAIN if is_prod else RemovalPolicy.DESTROY,
        )

    def _client(self, api_url: str, api_scope: cognito.OAuthScope) -> cognito.UserPoolClient:
        return self.pool.add_client(
            "Client",
            # it runs in browsers and on people's machines, where no secret is one
            generate_secret=False,
            # what else would be admitted makes tokens without the API's scope
            auth_flows=cognito.AuthFlow(user_srp=True),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, api_scope],
                callback_urls=[f"{api_url}{CALLBACK}", *map(loopback_url, LOOPBACK_PORTS)],
                logout_urls=[f"{api_url}{SIGNED_OUT}"],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.minutes(TOKEN_MINUTES),
            id_token_validity=Duration.minutes(TOKEN_MINUTES),
            refresh_token_validity=Duration.days(SESSION_DAYS),
            refresh_token_rotation_grace_period=Duration.seconds(GRACE_SECONDS),
        )
