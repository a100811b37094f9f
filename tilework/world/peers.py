"""Whose process is at the other end of a local socket: an abstract name has no permissions, anybody on this host may knock."""

from __future__ import annotations

import os
import socket
import struct

_CREDENTIALS = struct.Struct("3i")  # struct ucred (unix(7)): pid, uid, gid


def is_ours(peer: socket.socket) -> bool:
    """Whether the process that has connected is this user's."""
    _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return bool(uid == os.geteuid())
