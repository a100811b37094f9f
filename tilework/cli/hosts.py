"""``tilework hosts``: whether the hosts of a world can be reached, and how they come to let it in."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

from rich.table import Table

from tilework.cli import consoles, statuses
from tilework.cli.several_hosts import hosts_of
from tilework.errors import HostsError
from tilework.shown import shown
from tilework.world.spread.ssh import authorized_line, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from tilework.world.spread.hosts import Entry


def run(text: str, *, authorize: bool, json: bool) -> int:
    """Show them, after having let the key in where that is wanted; the exit status."""
    if authorize:
        _make(key_of(os.environ))
    with hosts_of(text, 1, lambda _: None) as hosts:
        if authorize:
            for name in hosts.others:
                _authorize(name, key_of(os.environ))
            hosts.try_again()
        entries = hosts.roll()
    if json:
        for entry in entries:
            consoles.print_json_line(entry._asdict())
    else:
        consoles.output().print(_table(entries))
    return statuses.ALL_DONE if all(entry.there for entry in entries) else statuses.NOT_REACHED


def _table(entries: list[Entry]) -> Table:
    table = Table("host", "there", "cores", "address", "", box=None)
    for entry in entries:
        cores = str(entry.cores) if entry.there else ""
        there = "yes" if entry.there else "no"
        table.add_row(shown(entry.name), there, cores, entry.address, shown(entry.fault))
    return table


def _make(key: Path) -> None:
    """A key for this purpose only, where there is none."""
    if key.exists():
        return
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _do(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tilework", "-f", str(key)])
    consoles.talk().print(f"Made a key for this purpose only: {shown(str(key))}", soft_wrap=True)


def _authorize(host: str, key: Path) -> None:
    """Let the key in on ``host``, by whatever way the user has there; ssh may ask for a password, and shows a new host key."""
    public = key.with_name(f"{key.name}.pub").read_text().strip()
    file = "~/.ssh/authorized_keys"
    script = (
        f"umask 077; mkdir -p ~/.ssh; touch {file}; "
        f"{{ grep -vF {shlex.quote(public.split()[1])} {file}; echo {shlex.quote(authorized_line(public))}; }} "
        f"> {file}.tilework && mv {file}.tilework {file}"
    )
    _do(["ssh", "-o", "ControlPath=none", host, script])
    consoles.talk().print(
        f"{shown(host)} lets the key in, to run the agent of a world. Keep it as you keep your own."
    )


def _do(command: list[str]) -> None:
    try:
        done = subprocess.run(command, check=False)
    except FileNotFoundError as error:
        raise HostsError(f"There is no {command[0]} here.", advice="Install the OpenSSH client.") from error
    if done.returncode:
        raise HostsError(f"{command[0]} failed with status {done.returncode}; what it said stands above.")
