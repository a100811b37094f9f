"""The networks of this host, as the kernel tells them."""

from __future__ import annotations

import fcntl
import socket
import struct
from ipaddress import IPv4Interface

_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B  # linux/sockios.h
_REQUEST = struct.Struct("16s24x")
_ADDRESS = slice(20, 24)


def network_of(address: str) -> str:
    """The IPv4 network that ``address``, one of this host's own, lies in: ``10.1.2.0/24``. Empty where it is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                own, mask = (_ask(probe, request, name) for request in (_SIOCGIFADDR, _SIOCGIFNETMASK))
            except OSError:
                # an interface without an IPv4 address
                continue
            if own == address:
                return str(IPv4Interface(f"{own}/{mask}").network)
    return ""


def _ask(probe: socket.socket, request: int, name: str) -> str:
    answer: bytes = fcntl.ioctl(probe, request, _REQUEST.pack(name.encode()))
    return socket.inet_ntoa(answer[_ADDRESS])
