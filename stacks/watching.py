"""Watching: who looks sees the dashboard, who does not look is told by an alarm; and the logs do not grow for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource, Fn, RemovalPolicy, Stack
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.alarms import Alarms
from stacks.dashboard import Dashboard, Shown
from stacks.log_group import retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_apigatewayv2 as apigateway
    from aws_cdk import aws_autoscaling as autoscaling

    from stacks.queues import Queues
    from stacks.settings import Settings

LAMBDA: str = functions.CfnFunction.CFN_RESOURCE_TYPE_NAME


class Watching(Construct):
    """``master`` are all functions of the master, and the preview's, by their kinds."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queues: Queues,
        group: autoscaling.AutoScalingGroup,
        master: Mapping[str, functions.Function],
        api: apigateway.HttpApi,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.alarms = Alarms(
            self,
            "Alarms",
            queues=queues,
            logs_of_master={name: function.log_group for name, function in master.items()},
            settings=settings,
        )
        if settings.dashboard:
            shown = Shown(queues=queues, group=group, functions=master, api=api, alarms=self.alarms)
            Dashboard(self, "Dashboard", shown=shown, settings=settings)

    def keep_logs_of_the_deploy(self) -> None:
        """Give CDK's own functions, which work at a deploy only, one log group that forgets.

        By themselves they leave groups that keep everything for ever. To be called when all of the stack is there.
        """
        stack = Stack.of(self)
        # the role that sets the buckets' notifications may write under the stack's name only; what they say while the stack
        # goes may make the group once more, and the next stack of that name must not meet it
        life = Fn.select(0, Fn.split("-", Fn.select(2, Fn.split("/", stack.stack_id))))
        name = f"/aws/lambda/{stack.stack_name}-deploys-{life}"
        group = logs.LogGroup(
            self,
            "DeployLog",
            log_group_name=name,
            retention=retention(self._settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        for each in stack.node.find_all():
            # CDK makes them as bare resources; the stack's own functions name their groups themselves
            if isinstance(each, CfnResource) and each.cfn_resource_type == LAMBDA and not _has_log(each):
                each.add_property_override("LoggingConfig.LogGroup", group.log_group_name)


def _has_log(function: CfnResource) -> bool:
    return isinstance(function, functions.CfnFunction) and function.logging_config is not None
