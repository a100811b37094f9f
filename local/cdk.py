"""``python -m local.cdk ARGUMENT…``: the CDK's command line as this checkout locks it, with the Node of its wheel.

What `make synth` and `make deploy` run. The tools are installed first, where they are not there yet; everything else,
credentials above all, is as in the caller's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from local import toolchain
from local.progress import Progress, make_console
from local.settings import ROOT, LocalSettings
from local.stopping import Stopping
from local.surroundings import of_children
from stacks.settings_reading import read
from tilework.errors import TileworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Install the tools, then become the CDK's command line; returns only where something fails."""
    places = LocalSettings.from_environment({}).places
    for folder in (places.logs, places.temporary):
        folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(make_console(), Stopping())
    own = of_children(os.environ, places)
    try:
        toolchain.install(progress, places, own, read(context_of(arguments).get, os.environ))
    except TileworkError as error:
        progress.say(f"\n{error.reason}\n{error.advice}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return _become(
        [*toolchain.cdk_command(places), *arguments],
        {"PATH": own["PATH"], **toolchain.cdk_environment(places)},
    )


def context_of(arguments: list[str]) -> Mapping[str, object]:
    """The context that the CDK's command line would hand to the app: cdk.json's, and over it each ``-c key=value``."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-c", "--context", action="append", default=[])
    told: list[str] = parser.parse_known_args(arguments)[0].context
    context: dict[str, object] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context | {key: value for key, _, value in (each.partition("=") for each in told)}


def _become(command: list[str], own: Mapping[str, str]) -> NoReturn:
    os.chdir(ROOT)
    # the caller's own AWS settings decide where a deploy goes
    os.execve(command[0], command, {**os.environ, **own})  # noqa: S606 - becoming the command is the point


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
