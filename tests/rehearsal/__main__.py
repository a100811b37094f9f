"""The whole stack rehearsed on the embedded AWS with permissions enforced: `make rehearse`.

Bootstrap, deploy, drops and results by a host under the workers' own role, the API with tokens and forms, an update and a
broken one under load, every row of the tables of what each role must and must not do, destroy. The exit status is 1 if
anything is wrong. `--short` leaves out what takes another deploy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from local.progress import Progress, make_console
from local.settings import ROOT
from local.stopping import Stopping, StopRequestedError
from local.surroundings import CREDENTIALS
from tests.chaos import remains
from tests.rehearsal.rehearsal import Rehearsal
from tests.rehearsal.report import all_are

FOLDER = ROOT / ".tilework" / "rehearsal"
INTERRUPTED = 130


def main() -> int:
    """Run it with the arguments of the command line."""
    chosen = _options().parse_args()
    folder = (chosen.folder or FOLDER / time.strftime("%H%M%S")).absolute()
    for name in [name for name in os.environ if name.startswith(("AWS_", "TILEWORK_"))]:
        del os.environ[name]
    os.environ |= CREDENTIALS
    stopping = Stopping()
    stopping.listen()
    progress = Progress(make_console(), stopping)
    before = remains.there()
    try:
        report = Rehearsal(folder, progress, short=chosen.short).run()
        with report.part("nothing left on this machine") as part:
            all_are(part, ((one, False) for one in remains.left_behind(folder, before)))
            part.checks += 1
    except StopRequestedError:
        return INTERRUPTED
    finally:
        for process in remains.processes(folder):
            process.kill()
    progress.console.print(report.table())
    for one in report.wrong:
        progress.say(f"Wrong: {one}")
    if not report.holds:
        progress.say(f"The rehearsal has failed. Logs: {folder}")
        return 1
    shutil.rmtree(folder)
    progress.say("Everything is as it must be.")
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m tests.rehearsal",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--short", action="store_true", help="without update, rollback and destroy")
    options.add_argument("--folder", type=Path, help="for logs and state while it runs")
    return options


if __name__ == "__main__":
    sys.exit(main())
