"""How the agents of other hosts are reached: ssh with a key for this purpose only, and host keys that are known."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_KEY = "~/.ssh/tilework_ed25519"
"""The private key, made by ``tilework hosts --authorize``."""

CONNECT_SECONDS = 5

_OPTIONS = (
    # no terminal, no question, no stranger; and nothing that a user's own settings would add
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "IdentitiesOnly=yes",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "ControlPath=none",
    "RequestTTY=no",
    f"ConnectTimeout={CONNECT_SECONDS}",
)


def key_of(environ: Mapping[str, str]) -> Path:
    """The private key, as the environment names it."""
    return Path(environ.get("TILEWORK_HOSTS_KEY") or USUAL_KEY).expanduser()


def agent_command() -> str:
    """What whatever shell the user has on the other host runs: the agent, out of the same checkout, by the same Python."""
    root = Path(__file__).resolve().parents[3]
    words = ("exec", "env", f"PYTHONPATH={root}", sys.executable, "-P", "-m", "tilework.world.spread.agent")
    return shlex.join(words)


def ssh_command(host: str, key: Path) -> list[str]:
    """The command line that reaches the agent of ``host``."""
    options = [part for option in _OPTIONS for part in ("-o", option)]
    return ["ssh", "-T", "-e", "none", "-i", str(key), *options, host, agent_command()]


def authorized_line(public_key: str) -> str:
    """The line for ``authorized_keys`` of another host: whoever has the key runs the agent there.

    That is no sandbox: an agent runs what its starter sends.
    """
    command = agent_command().replace("\\", "\\\\").replace('"', '\\"')
    return f'restrict,command="{command}" {public_key.strip()}'
