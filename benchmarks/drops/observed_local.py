"""`make run` with an embedded AWS that is observed, and may be far away; in the place of ``python -m local``."""

from __future__ import annotations

import os
import sys

from local import emulator, launcher
from local.settings import ROOT

if __name__ == "__main__":
    # what is started in folders of its own finds the benchmarks, too
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    emulator.PROGRAM = "benchmarks.drops.observed_ministack"
    sys.exit(launcher.main())
