"""Make ``.venv`` from the locked requirements, and again whenever they change. Run by the machine's own Python.

It needs nothing but the standard library, and nothing that Python 3.7 could not read: an old one is to say that it is
too old, and not to stumble over the syntax.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "tilework-requirements"
LOCKS = ("requirements.txt", "pyproject.toml")


class SetUpError(Exception):
    """A step of the set-up failed; the text says which, why and what to do."""


def stamp() -> str:
    """What decides on the environment: the Python that it is made with, and the locks; a line each."""
    found = hashlib.sha256()
    for name in LOCKS:
        found.update((ROOT / name).read_bytes())
    version = " ".join(sys.version.split())
    return f"{version}\n{found.hexdigest()}\n"


def step(title: str, command: list[str], advice: str) -> None:
    """Run a command whose own output tells how far it is; raise SetUpError where it fails."""
    sys.stdout.write(f"{title} ...\n")
    sys.stdout.flush()
    began = time.time()
    status = subprocess.call(command, cwd=str(ROOT), env=surroundings())
    if status != 0:
        raise SetUpError(f"{title} failed (status {status}); the lines above say why.\n{advice}")
    sys.stdout.write(f"{title}: done in {time.time() - began:.0f} s\n")


def surroundings() -> dict[str, str]:
    """Our environment, with pip's temporary files and cache inside the checkout."""
    cache, temporary = ROOT / ".tilework" / "cache" / "pip", ROOT / ".tilework" / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    own = {"PIP_CACHE_DIR": str(cache), "TMPDIR": str(temporary), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return dict(os.environ, **own)


def set_up() -> None:
    """Do what is needed, which the second time is nothing. Raises SetUpError."""
    if sys.version_info < OLDEST:
        raise SetUpError(
            f"Tilework needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and this is {sys.version.split()[0]}.\n"
            "Install a newer one, then say for example `make run PYTHON=python3.12`."
        )
    wanted = stamp()
    made = STAMP.read_text() if STAMP.exists() else ""
    if made == wanted:
        return
    other_python = made.split("\n")[0] not in ("", wanted.split("\n")[0])
    network = "Check the network (a proxy or an index is set as for any pip), then run the same again."
    python = str(ENVIRONMENT / "bin" / "python")
    step(
        "Making .venv",
        [sys.executable, "-m", "venv"] + (["--clear"] if other_python else []) + [str(ENVIRONMENT)],
        "On Debian and Ubuntu the module comes with `apt install python3-venv`.",
    )
    step(
        "Installing the locked requirements into .venv",
        [python, "-m", "pip", "install", "--require-hashes", "--requirement", "requirements.txt"],
        network,
    )
    step(
        "Installing Tilework itself into .venv",
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."],
        network,
    )
    # the last of all: a set-up that was cut short is done again
    STAMP.write_text(wanted)


def main() -> int:
    """0 when `.venv` is as the locks want it."""
    try:
        set_up()
    except SetUpError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; the next start goes on from here.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
