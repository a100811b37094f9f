"""Run on a host of the lab: reaches for another with no descriptor left, then with many; prints how it looks each time."""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile

from tilework.world.spread.hosts import Hosts
from tilework.world.spread.shares import HostShare
from tilework.world.spread.ssh import key_of


def main() -> None:
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # found by trying, once
    tempfile.gettempdir()
    told: list[str] = []
    hosts = Hosts([HostShare("b", 1)], key_of(os.environ), told.append)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
    with hosts:
        rolls = [hosts.roll()]
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))
        hosts.try_again()
        rolls.append(hosts.roll())
    sys.stdout.write(json.dumps([told, *([entry.there for entry in roll] for roll in rolls)]))


if __name__ == "__main__":
    main()
