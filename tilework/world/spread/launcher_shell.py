"""Stands in for ssh when Open MPI starts its daemon on another host: the starter has a connection there already.

Open MPI calls ``launcher_shell.py SOCKET HOST COMMAND…`` and takes the daemon for running as long as this runs. Run as
a program of its own, it needs nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys


def main(name: str, host: str, command: str) -> int:
    """Tell the starter, and wait for the status of the daemon; 1 where the starter is gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as starter:
        starter.connect(f"\0{name}")
        # anybody may have taken the name of one that is gone; struct ucred (unix(7)): pid, uid, gid
        _, owner, _ = struct.unpack("3i", starter.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if owner != os.geteuid():
            return 1
        starter.send(json.dumps([host, command]).encode())
        return int(starter.recv(16) or b"1")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], " ".join(sys.argv[3:])))
