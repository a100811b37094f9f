"""A function of one of our zips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as functions

from stacks.function_role import function_role
from stacks.log_group import log_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from stacks.settings import Settings

PROCESSORS: Final = {"x86_64": functions.Architecture.X86_64, "arm64": functions.Architecture.ARM_64}


def zip_function(
    scope: Construct,
    settings: Settings,
    *,
    code: functions.Code,
    handler: str,
    memory_mib: int,
    seconds: int,
    environment: Mapping[str, str],
    kind: str = "",
) -> functions.Function:
    """With a log and a role of its own, which may do nothing else until the stack lets it; ``kind`` where a scope has several."""
    log = log_group(scope, f"{kind}Log", settings)
    return functions.Function(
        scope,
        kind or "Function",
        code=code,
        handler=handler,
        runtime=functions.Runtime(f"python{settings.lambda_python}", functions.RuntimeFamily.PYTHON),
        architecture=PROCESSORS[settings.architecture],
        memory_size=memory_mib,
        timeout=Duration.seconds(seconds),
        # Lambda sets the region itself, and refuses to be told
        environment={name: value for name, value in environment.items() if name != "AWS_REGION"},
        role=function_role(scope, f"{kind}ServiceRole", log),
        log_group=log,
    )
