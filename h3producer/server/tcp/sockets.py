"""TCP sockets that listen: beside UDP's, on addresses of their own, or ready made.

This file knows addresses and socket options. It refuses to know who is listened to. Its one rule:
it binds all it was asked for or nothing, and who comes from now on waits in the kernel's queue.
"""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from h3producer.quic.udp.sockets import (
    PORT_ATTEMPTS,
    BindError,
    inherited_socket,
    parse_bind,
    show_address,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from h3producer.config import Config

__all__ = ["BACKLOG", "SERVING", "Listening", "bind_beside"]

SERVING = "Serving HTTP/2 and HTTP/1.1 (over TCP) on %s."
"""What is said of the sockets, once somebody answers."""

BACKLOG = 2048
"""Connections that may wait to be accepted; uvicorn's number. The kernel caps it at
`net.core.somaxconn`, 4096 on Linux."""


class Listening(NamedTuple):
    """Sockets that listen."""

    sockets: list[socket.socket]
    is_shared: bool
    """Others have them, too: who waits there does not wait for us alone."""


def bind_beside(
    config: Config,
    bind_udp: Callable[[], Sequence[tuple[str, int]]],
    unbind_udp: Callable[[], None],
) -> Listening:
    """Listen where a `Config` says, by default on what `bind_udp` returns: hosts and UDP ports.

    Where the system chooses the UDP port, and TCP's of that number is taken, `unbind_udp` is called
    and another one tried. Raises `BindError`, and what `bind_udp` raises; UDP's sockets are the
    caller's to close.
    """
    chooses_port = config.port == 0 and not config.bind
    for attempts_left in reversed(range(PORT_ATTEMPTS)):
        beside = bind_udp()
        try:
            return _listening_by(config, beside)
        except BindError as error:
            if not (attempts_left and chooses_port and _is_taken(error)):
                raise
        unbind_udp()
    raise AssertionError("the last attempt returns or raises")


def _listening_by(config: Config, beside: Sequence[tuple[str, int]]) -> Listening:
    if config.tcp_bind:
        return _named(config.tcp_bind)
    port = config.tcp_port
    return Listening(
        _all_listening((host, udp_port if port is None else port) for host, udp_port in beside),
        is_shared=False,
    )


def _all_listening(addresses: Iterable[tuple[str, int]]) -> list[socket.socket]:
    with ExitStack() as opened:
        sockets = [opened.enter_context(_listening(*address)) for address in addresses]
        opened.pop_all()
    return sockets


def _named(binds: Iterable[str]) -> Listening:
    """`host:port`, in each of the host's families, or the socket of `fd://N`."""
    is_shared = False
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        for text in binds:
            target = parse_bind(text)
            if isinstance(target, int):
                bound = [_from_fd(target)]
                is_shared = True
            elif isinstance(target, tuple):
                bound = _all_listening(_resolved(*target))
            else:
                raise BindError(f"Cannot bind {text!r} for TCP: name its descriptor, as fd://N.")
            sockets += bound
            for sock in bound:
                opened.callback(sock.close)
        opened.pop_all()
    return Listening(sockets, is_shared)


def _is_taken(error: BindError) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE


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
    sock = inherited_socket(number, socket.SOCK_STREAM, "a TCP socket")
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock
