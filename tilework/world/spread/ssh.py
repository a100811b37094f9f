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

ALIVE_SECONDS = 5
"""After how much silence ssh asks whether the other end lives. It is gone after two questions without an answer: the
starter, which would notice earlier, may have been killed or stopped."""

# A user's own ~/.ssh/config is read, for it says what labs call their hosts and how they are reached (HostName, Port,
# User, ProxyJump, ProxyCommand, known hosts). What it could add beyond that is overruled: ssh takes what it is told
# first. Only SendEnv cannot be; the other host's sshd decides what becomes of that.
_OPTIONS = (
    # no terminal, no question, no stranger
    "BatchMode=yes",
    "RequestTTY=no",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    # a key in a file, and no other way in
    "PubkeyAuthentication=yes",
    "PreferredAuthentications=publickey",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication=no",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "AddKeysToAgent=no",
    # nothing but the agent's two streams
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "Tunnel=no",
    # one connection of its own, one command, and words that can be read
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "ControlMaster=no",
    "ControlPath=none",
    "LogLevel=INFO",
    # and it ends when the other end does
    f"ConnectTimeout={CONNECT_SECONDS}",
    f"ServerAliveInterval={ALIVE_SECONDS}",
    "ServerAliveCountMax=2",
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
