"""Synthesis in this process: with the feature flags of cdk.json, and any zip for the master's code."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from local.settings import LocalSettings
from local.toolchain import cdk_environment

# before the library is imported: it starts its Node at once
for _name, _value in cdk_environment(LocalSettings.from_environment({}).places).items():
    os.environ.setdefault(_name, _value)

from aws_cdk import App  # noqa: E402 - starts its Node

from stacks.tilework_stack import TileworkStack  # noqa: E402 - starts it as well

if TYPE_CHECKING:
    from stacks.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def any_code(folder: Path) -> Path:
    """A zip that stands for the master's."""
    code = folder / "code.zip"
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("master/lambda_handler.py", "")
    return code


def app_of(settings: Settings, code: Path, outdir: Path) -> App:
    """The app, before it is synthesized into ``outdir``."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    # traces of where each construct was made: half of the time, and in no template
    app = App(
        context={**flags, "aws:cdk:disable-creation-stack-traces": True},
        outdir=str(outdir),
        analytics_reporting=False,
    )
    TileworkStack(app, "Tilework", settings=settings, master_code=code, preview_code=code)
    return app
