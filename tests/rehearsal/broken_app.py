"""The app with a resource too many: a bucket whose name is taken, after all else has changed."""

from __future__ import annotations

import os

from stacks.node_runtime import NODE

os.environ.setdefault("JSII_NODE", str(NODE))

from aws_cdk import App
from aws_cdk import aws_s3 as s3

from stacks import settings_reading
from stacks.lambda_build import LambdaBuild
from stacks.tilework_stack import TileworkStack
from tests.rehearsal.places import ANOTHER

if __name__ == "__main__":
    app = App()
    settings = settings_reading.read(app.node.try_get_context, os.environ)
    stack = TileworkStack(app, "Tilework", settings=settings, master_code=LambdaBuild.of(settings).bundle())
    taken = s3.CfnBucket(stack, "Taken", bucket_name=ANOTHER)
    for changed in ("Workers/Group/ASG", "Queues/Jobs/Resource"):
        node = stack.node.find_child(changed.partition("/")[0])
        for name in changed.split("/")[1:]:
            node = node.node.find_child(name)
        taken.add_dependency(node)
    app.synth()
