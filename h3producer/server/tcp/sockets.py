"""TCP sockets that listen: beside UDP's, on addresses of their own, or ready made.

This file knows addresses and socket options. It refuses to know who is listened to. Its one rule:
it binds all it was asked for or nothing, and who comes from now on waits in the kernel's queue.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

from h3producer.quic.sockets import BindError, parse_bind, show_address

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BACKLOG", "listening_sockets", "named_sockets"]

BACKLOG = 2048
"""Connections that may wait to be accepted; uvicorn's number. The kernel caps it at
`net.core.somaxconn`, 4096 on Linux."""


def listening_sockets(addresses: Iterable[tuple[str, int]]) -> list[socket.socket]:
    """Listen on numeric hosts and ports. Raises `BindError`, whose cause says why."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(_listening(*address)) for address in addresses]
        opened.pop_all()
    return sockets


def named_sockets(binds: Iterable[str]) -> tuple[list[socket.socket], set[socket.socket]]:
    """Listen on `host:port`, in each of the host's families, or on the socket of `fd://N`.

    The second of what is returned are those of the latter kind. Raises `BindError`.
    """
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        shared: set[socket.socket] = set()
        for text in binds:
            target = parse_bind(text)
            if isinstance(target, int):
                bound = [_from_fd(target)]
                shared.update(bound)
            elif isinstance(target, tuple):
                bound = listening_sockets(_resolved(*target))
            else:
                raise BindError(f"Cannot bind {text!r} for TCP: name its descriptor, as fd://N.")
            sockets += bound
            for sock in bound:
                opened.callback(sock.close)
        opened.pop_all()
    return sockets, shared


def _resolved(host: str, port: int) -> list[tuple[str, int]]:
    if host.rstrip(".").lower() == "localhost":
        return [("127.0.0.1", port), ("::1", port)]  # RFC 6761 §6.3, as for UDP
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise BindError(f"Cannot bind {host!r}: {error.strerror}.") from error
    return list(dict.fromkeys((str(info[4][0]), port) for info in found))


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Connections of a server that has just ended wait two minutes for stray packets.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        where = show_address((host, port))
        raise BindError(f"Cannot listen on TCP {where}: {error.strerror}.") from error
    sock.setblocking(False)
    return sock


def _from_fd(number: int) -> socket.socket:
    """Our own copy of a socket that somebody else bound, such as systemd or a parent process."""
    try:
        descriptor = os.dup(number)
    except OSError as error:
        raise BindError(f"Cannot use fd {number}: {error.strerror}.") from error
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        os.close(descriptor)
        raise BindError(f"Cannot use fd {number}: {error.strerror}.") from error
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        sock.close()
        raise BindError(f"Cannot use fd {number}: it is not a TCP socket.")
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock
