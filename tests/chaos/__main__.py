"""Random faults for some minutes, then a balance of all that was dropped: `make chaos MINUTES=5 SEED=7`.

Two supervisors work on a stream of photos, large images and bad files while every three seconds something is done to them
or to what they depend on: processes are killed, stopped or told to leave, services fail, messages come twice or late, jobs
are called off. In the end nothing may be lost, wrong, made twice or left behind. The exit status is 1 if anything is; the
seed makes the same decisions again, though not at the same instructions.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.chaos import remains
from tests.chaos.storm import Storm
from tests.flow.running_system import ROOT

FOLDER = ROOT / ".tilework" / "chaos"
MINUTES = 5.0


def main() -> int:
    """Run it with the arguments of the command line."""
    chosen = _options().parse_args()
    seed = chosen.seed or str(secrets.randbelow(10**6))
    folder = (chosen.folder or FOLDER / f"{time.strftime('%H%M%S')}-{seed}").absolute()
    folder.mkdir(parents=True)
    # the embedded AWS knows no other
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    print(f"Chaos for {chosen.minutes:g} minutes, seed {seed}; logs in {folder}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        report = Storm(folder, seed, chosen.minutes * 60, lambda line: print(line, flush=True)).run()
    finally:
        # what is left was told; who is interrupted, be it before the system stands, leaves nothing either
        for process in remains.processes(folder):
            process.kill()
    print("\n".join(report.lines()))
    if report.balance.holds:
        print("The balance holds.")
        if chosen.folder is None:
            shutil.rmtree(folder)
        return 0
    print(
        f"The balance does not hold. Again: make chaos MINUTES={chosen.minutes:g} SEED={seed}. Logs: {folder}"
    )
    return 1


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--minutes", type=float, default=MINUTES, help=f"of chaos; {MINUTES:g}")
    options.add_argument("--seed", default="", help="of all random decisions; one is drawn, and told")
    options.add_argument(
        "--folder", type=Path, help="for logs and state, which is kept; a new one below .tilework/chaos"
    )
    return options


if __name__ == "__main__":
    sys.exit(main())
