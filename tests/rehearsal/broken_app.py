"""The app with a resource too many: a stream of a log that is not there, after all else has changed.

A bucket whose name is taken would be seen before anything is changed.
"""

from __future__ import annotations

import os

from stacks.node_runtime import NODE

os.environ.setdefault("JSII_NODE", str(NODE))

from aws_cdk import App
from aws_cdk import aws_logs as logs

from stacks import settings_reading
from stacks.lambda_build import LambdaBuild
from stacks.lambda_contents import MASTER, PREVIEW
from stacks.tilework_stack import TileworkStack

if __name__ == "__main__":
    app = App()
    settings = settings_reading.read(app.node.try_get_context, os.environ)
    codes = [LambdaBuild.of(settings, each).bundle() for each in (MASTER, PREVIEW)]
    stack = TileworkStack(app, "Tilework", settings=settings, master_code=codes[0], preview_code=codes[1])
    broken = logs.CfnLogStream(stack, "Broken", log_group_name="no-such-group")
    for changed in ("Workers/Group/ASG", "Queues/Jobs/Resource"):
        node = stack.node.find_child(changed.partition("/")[0])
        for name in changed.split("/")[1:]:
            node = node.node.find_child(name)
        broken.add_dependency(node)
    app.synth()
