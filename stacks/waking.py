"""What wakes the fleet from none, and sends it back there: a look each minute at the queues themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as functions

    from stacks.settings import Settings

HANDLER: Final = "master.wake_handler.handler"

TIMEOUT_SECONDS: Final = 30
"""Of the function. A look takes two requests of the queues and at most three of the group, of which a silent one is given up
after twelve seconds."""


class Waking(Construct):
    """Has ``function`` look each minute: 43,800 calls a month and twice as many looks at queues (docs/fleet.md: the cost)."""

    def __init__(
        self, scope: Construct, construct_id: str, *, function: functions.Function, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "EachMinute",
            description="Wake the fleet for work that waits, send it to sleep when there was none for long",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            # the next look comes by itself
            targets=[targets.LambdaFunction(function, retry_attempts=0)],
            # who keeps the books elsewhere looks as well
            enabled=settings.keeper == "lambda",
        )
