"""The CDK app: settings in, one stack out. It calls no AWS, looks nothing up, and needs no network.

Run it through the CDK command line (``cdk synth``, ``cdk deploy``), which reads cdk.json.
"""

from __future__ import annotations

import os
import sys

from stacks.node_runtime import NODE

os.environ.setdefault("JSII_NODE", str(NODE))

from aws_cdk import App

from stacks import settings_reading
from stacks.lambda_build import LambdaBuild
from stacks.lambda_contents import PREVIEW
from stacks.plugins import PluginWheels
from stacks.tilework_stack import TileworkStack
from tilework.errors import TileworkError

SAME_BYTES = {"aws:cdk:disable-creation-stack-traces": True}
"""Traces name the temporary folder that the library runs from, and differ each time."""


def main() -> int:
    """Synthesize the app into the folder that the command line names; 1 where a setting makes no sense."""
    app = App(context=SAME_BYTES)
    try:
        settings = settings_reading.read(app.node.try_get_context, os.environ)
        plugins = PluginWheels.of(settings).of_the_master
        code = LambdaBuild.of(settings).bundle(plugins)
        preview = LambdaBuild.of(settings, PREVIEW).bundle(plugins) if settings.preview else None
    except TileworkError as error:
        sys.stderr.write(f"\n{error.reason}\n{error.advice}\n")
        return 1
    TileworkStack(app, "Tilework", settings=settings, master_code=code, preview_code=preview)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
