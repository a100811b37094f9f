"""The master without a server: functions of one zip, behind an HTTP API, on queues, and on a clock."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import jsii
from aws_cdk import Duration
from aws_cdk import aws_apigateway as rest_api
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.log_group import log_group
from stacks.queues import KEEPER_SECONDS
from stacks.sign_in import SignIn
from stacks.zip_function import zip_function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stacks.queues import Queues
    from stacks.settings import Settings

API_SECONDS: Final = 29
"""An HTTP API gives up after thirty seconds."""

RECONCILE_SECONDS: Final = 900
"""Lambda's longest; a look at a million versions takes several of them, each from where the last one ended."""

MEMORY_MIB: Final = 512
"""Of which a third is used; more is a faster processor, and so a shorter cold start."""

REQUESTS_PER_SECOND: Final = 200
BURST: Final = 600
"""Of a class of forty, whose pages open at once, and then ask every few seconds each; and a bound on what a runaway client
costs."""

PAGE_LIMITS: Final = {"ThrottlingRateLimit": 8, "ThrottlingBurstLimit": 50}
SCRIPT_LIMITS: Final = {"ThrottlingRateLimit": 60, "ThrottlingBurstLimit": 400}
"""Of each public route: all of them together leave a third of the stage's requests to those who are signed in, whatever
strangers do. A page has a dozen scripts, which the browser then keeps for a year."""

LOOK_SECONDS: Final = 600
"""Of ``RECONCILE_SECONDS``, what a look through the input bucket may take; sweeping work/ has the rest."""

NOTICES_AT_ONCE: Final = 100
"""Notices in one call of the keeper, waited for up to ``NOTICES_WAIT``: each call writes few rows."""

NOTICES_WAIT: Final = Duration.seconds(5)

LETTERS_AT_ONCE: Final = 10

PUBLIC: Final = (
    "/",
    "/jobs/{id}",
    "/failures",
    "/fleet",
    "/statistics",
    "/docs",
    "/sign-in",
    "/signed-in",
    "/signed-out",
    "/static/{proxy+}",
)
"""What a browser may GET without a token, so that it can ask for one: pages without any data, their scripts, the API's
description, and where to sign in. All else asks for a token, whatever is added to the master."""


class MasterService(Construct):
    """``api_function``, ``keeper_function`` and ``clock_function`` have a role each; the stack grants what they may do.

    The last two are the keeper: one hears of notices and dead letters, the other goes through the whole input bucket
    once an hour, which takes longer than a message should wait to be tried again. ``functions`` are all by
    their kinds, those that were added as well.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: Path,
        environment: Mapping[str, str],
        queues: Queues,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._public: list[apigateway.HttpRoute] = []
        self.sign_in: SignIn | None = None
        self._authorizer: apigateway.IHttpRouteAuthorizer
        self.functions: dict[str, functions.Function] = {}
        self._code = functions.Code.from_asset(str(code))
        self._environment = environment
        leave = {"TILEWORK_MAY_ERASE": "1"} if settings.erase_by_api else {}
        shows = {"TILEWORK_PREVIEW": "1"} if settings.preview else {}
        self.api_function = self._function(
            "Api", "master.lambda_handler.handler", seconds=API_SECONDS, **leave, **shows
        )
        tells = {"TILEWORK_COMPLETION_EVENTS": "1"} if settings.completion_events else {}
        self.keeper_function = self._function(
            "Keeper", "master.lambda_handler.keeper_handler", seconds=KEEPER_SECONDS, **tells
        )
        self.clock_function = self._function(
            "Clock",
            "master.lambda_handler.keeper_handler",
            seconds=RECONCILE_SECONDS,
            TILEWORK_LOOK_SECONDS=str(LOOK_SECONDS),
            **tells,
        )
        self.url = self._api()
        self._wake_the_keeper(queues)

    def add_function(self, kind: str, handler: str, *, seconds: int, **told: str) -> functions.Function:
        """One more function of the same zip; it may do nothing until the stack lets it."""
        return self._function(kind, handler, seconds=seconds, **told)

    def route_to(self, function: functions.Function, limits: Mapping[str, Mapping[str, int]]) -> None:
        """Have another function answer some routes (``GET /path``), for the same people, within limits of their own."""
        for key, limit in limits.items():
            method, path = key.split(" ")
            name = "".join(word.capitalize() for word in re.findall(r"[a-z]+", key.lower()))
            routes = self._add_routes(
                self.http_api,
                name,
                apigateway.HttpMethod(method),
                [path],
                authorizer=self._authorizer,
                scopes=self.sign_in.scopes if self.sign_in else None,
                function=function,
            )
            self._limit(routes, {key: limit})

    def _limit(self, routes: Sequence[apigateway.HttpRoute], limits: Mapping[str, Mapping[str, int]]) -> None:
        made = self._http_stage.node.default_child
        for key, limit in limits.items():
            made.add_property_override(f"RouteSettings.{key}", limit)  # type: ignore[union-attr]  # the one resource of a stage
        # a stage is refused where it has settings of a route that is not there yet
        self._http_stage.node.add_dependency(*routes)

    def _function(self, kind: str, handler: str, *, seconds: int, **told: str) -> functions.Function:
        made = self.functions[kind] = zip_function(
            self,
            self._settings,
            kind=kind,
            code=self._code,
            handler=handler,
            memory_mib=MEMORY_MIB,
            seconds=seconds,
            environment={**self._environment, **told},
        )
        return made

    def _api(self) -> str:
        """The HTTP API: no route without a token, but those that a browser needs to get one.

        Where nobody signs in, every route asks for a signature of somebody whom IAM allows to call it.
        """
        api = self.http_api = apigateway.HttpApi(
            self, "HttpApi", description="Tilework's master", create_default_stage=False
        )
        every, page = apigateway.HttpMethod.ANY, apigateway.HttpMethod.GET
        if self._settings.sign_in:
            sign_in = self.sign_in = SignIn(self, "SignIn", api_url=api.api_endpoint, settings=self._settings)
            for name, value in sign_in.environment.items():
                self.api_function.add_environment(name, value)
            self._authorizer = sign_in.authorizer
            self._add_routes(
                api, "Any", every, ["/{proxy+}"], authorizer=sign_in.authorizer, scopes=sign_in.scopes
            )
            self._public = self._add_routes(
                api, "Public", page, PUBLIC, authorizer=apigateway.HttpNoneAuthorizer()
            )
        else:
            signed = self._authorizer = authorizers.HttpIamAuthorizer()
            self._add_routes(api, "Any", every, ["/{proxy+}"], authorizer=signed)
            self._add_routes(api, "Page", page, ["/"], authorizer=signed)
        return self._stage(api)

    def _add_routes(
        self,
        api: apigateway.HttpApi,
        name: str,
        method: apigateway.HttpMethod,
        paths: Sequence[str],
        *,
        authorizer: apigateway.IHttpRouteAuthorizer,
        scopes: list[str] | None = None,
        function: functions.Function | None = None,
    ) -> list[apigateway.HttpRoute]:
        integration = integrations.HttpLambdaIntegration(name, function or self.api_function)
        return [
            route
            for path in paths
            for route in api.add_routes(
                path=path,
                methods=[method],
                integration=integration,
                authorizer=authorizer,
                authorization_scopes=scopes,
            )
        ]

    def _stage(self, api: apigateway.HttpApi) -> str:
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=REQUESTS_PER_SECOND, burst_limit=BURST),
            access_log_settings=_AccessLog(log_group(self, "AccessLog", self._settings)),
        )
        self._http_stage = stage
        if self._public:
            limits = {f"GET {path}": SCRIPT_LIMITS if "static" in path else PAGE_LIMITS for path in PUBLIC}
            self._limit(self._public, limits)
        return stage.url

    def _wake_the_keeper(self, queues: Queues) -> None:
        """Notices and dead letters at once, the reconciliation once an hour; asleep where it is done elsewhere."""
        awake = self._settings.keeper == "lambda"
        for queue, at_once, wait in (
            (queues.results, NOTICES_AT_ONCE, NOTICES_WAIT),
            (queues.dead_letters, LETTERS_AT_ONCE, None),
        ):
            source = sources.SqsEventSource(
                queue,
                batch_size=at_once,
                max_batching_window=wait,
                report_batch_item_failures=True,
                enabled=awake,
            )
            self.keeper_function.add_event_source(source)
        events.Rule(
            self,
            "Hourly",
            description="Reconcile the buckets with the job table",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[targets.LambdaFunction(self.clock_function, retry_attempts=0)],
            enabled=awake,
        )


@jsii.implements(apigateway.IAccessLogSettings)
class _AccessLog:
    """Who asked for what, when, and how it ended, as one JSON object a request.

    ``caller`` is the user's id in the pool, as in the rows of jobs; a hyphen where there was no token.
    """

    def __init__(self, log_group: logs.LogGroup) -> None:
        self._log_group = log_group

    @property
    def destination(self) -> apigateway.IAccessLogDestination:
        """Where the lines go."""
        return apigateway.LogGroupLogDestination(self._log_group)

    @property
    def format(self) -> rest_api.AccessLogFormat:
        """The line."""
        context = rest_api.AccessLogField
        fields = {
            "time": context.context_request_time(),
            "request": context.context_request_id(),
            "caller": context.context_authorizer_claims("sub"),
            "address": context.context_identity_source_ip(),
            "method": context.context_http_method(),
            "path": context.context_path(),
            "status": context.context_status(),
            "bytes": context.context_response_length(),
            "error": context.context_error_message(),
        }
        return rest_api.AccessLogFormat.custom(json.dumps(fields))
