"""``python -m local``: what `make run` runs."""

import sys

from local.launcher import main

sys.exit(main())
