"""UDP sockets: which addresses a server binds, and how addresses are shown.

This file knows names, address families and socket options. It refuses to know QUIC: what comes
out are bound, non-blocking sockets, ready for an endpoint each.

Its one rule: it binds all it was asked for or nothing, and says in one sentence what was wrong.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.quic.siblings.passed_sockets import NotPassed, passed_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from h3producer.config import Config
    from h3producer.quic.engine import Address

    BindTarget: TypeAlias = "tuple[str, int] | int | PassedSockets"
    _Target: TypeAlias = tuple[socket.AddressFamily, tuple[object, ...]]

__all__ = [
    "FORBIDS_FRAGMENTS",
    "BindError",
    "PassedSockets",
    "addresses_of",
    "bind_again",
    "bind_sockets",
    "inherited_socket",
    "packed_host",
    "parse_bind",
    "plain_address",
    "show_address",
]

BUFFER_SIZE = 4 * 1024 * 1024
"""Bytes of kernel buffer that we ask for, each way. The default, 208 KiB on Linux, overflows in
2 ms at 1 Gbit/s; the kernel caps what it gives at `net.core.rmem_max`."""

PORT_ATTEMPTS = 10
"""How often port 0 is tried until a port is free on each address of a name."""

# Linux has these, Python's socket module does not.
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE = 10, 23, 3

FORBIDS_FRAGMENTS = sys.platform == "linux"
"""Whether our datagrams arrive whole or not at all, so that one which arrives tells of the path."""


class BindError(OSError):
    """An address cannot be bound; the message is one sentence for a person."""


@dataclass(frozen=True)
class PassedSockets:
    """Sockets that systemd has bound for us: those called `name`, or all."""

    name: str = ""

    def __str__(self) -> str:
        return f"systemd://{self.name}"


def bind_sockets(addresses: Iterable[BindTarget]) -> list[socket.socket]:
    """Bind UDP sockets to all of these: (host, port), the fd of a bound socket, or systemd's.

    A name is bound in each of its families that this machine has, on the same port, also when
    the port is 0. An empty host means all interfaces. Raises `BindError`; then none stays open.
    """
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        for address in addresses:
            bound = _bound(address)
            sockets += bound
            for sock in bound:
                opened.callback(sock.close)
        opened.pop_all()
    return sockets


def addresses_of(config: Config) -> list[BindTarget]:
    """What a server is to bind, as `bind_sockets` wants it. Raises `BindError`."""
    return [parse_bind(each) for each in config.bind] or [(config.host, config.port)]


def parse_bind(text: str, default_port: int = 4433) -> BindTarget:
    """Read `host`, `host:port`, `[::1]:port`, `:port`, `fd://N`, `systemd://` or `systemd://NAME`.

    Raises `BindError`.
    """
    if text.startswith("systemd://"):
        return PassedSockets(text.removeprefix("systemd://"))
    if text.startswith("fd://"):
        number = text.removeprefix("fd://")
        if not (number.isascii() and number.isdigit()):
            raise BindError(f"Cannot bind {text!r}: behind fd:// stands a file descriptor number.")
        return int(number)
    host, port = _split(text)
    if port == "":
        return host, default_port
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise BindError(f"Cannot bind {text!r}: the port must be between 0 and 65535.")
    return host, int(port)


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise BindError(f"Cannot bind {text!r}: write an IPv6 address as [::1]:4433.")
        return host, port[1:]
    if text.count(":") > 1:
        return text, ""  # a bare IPv6 address
    host, _, port = text.partition(":")
    return host, port


def plain_address(address: Address) -> tuple[str, int]:
    """Host and port, without IPv6's extras, and an IPv4-mapped host as IPv4 (RFC 4291 §2.5.5.2)."""
    host = address[0]
    if host.startswith("::ffff:") and "." in host:
        host = host[7:]
    return host, address[1]


def packed_host(host: str) -> bytes:
    """The 4 or 16 bytes of a numeric host, without an IPv6 zone."""
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return socket.inet_pton(socket.AF_INET, host)


def show_address(address: tuple[str, int]) -> str:
    """`host:port`, an IPv6 host in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bound(address: BindTarget) -> list[socket.socket]:
    if isinstance(address, int):
        return [_from_fd(address)]
    if isinstance(address, PassedSockets):
        return _from_systemd(address)
    return _bind_name(*address)


def _from_systemd(wanted: PassedSockets) -> list[socket.socket]:
    try:
        descriptors = passed_descriptors(wanted.name)
    except NotPassed as reason:
        raise BindError(f"Cannot bind {wanted}: {reason}.") from reason
    with ExitStack() as opened:
        sockets = [opened.enter_context(_from_fd(number)) for number in descriptors]
        opened.pop_all()
    return sockets


def _from_fd(number: int) -> socket.socket:
    sock = inherited_socket(number, socket.SOCK_DGRAM, "a UDP socket")
    if sock.getsockname()[1] == 0:
        sock.close()
        raise BindError(f"Cannot use fd {number}: the socket is not bound.")
    _tune(sock)
    return sock


def inherited_socket(number: int, kind: socket.SocketKind, what: str) -> socket.socket:
    """Our own copy of a socket that somebody else bound, such as systemd or a parent process.

    Raises `BindError` if the descriptor is none of that `kind`, which is called `what`.
    """
    try:
        descriptor = os.dup(number)
    except OSError as error:
        raise BindError(f"Cannot use fd {number}: {error.strerror}.") from error
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        os.close(descriptor)
        raise BindError(f"Cannot use fd {number}: {error.strerror}.") from error
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != kind:
        sock.close()
        raise BindError(f"Cannot use fd {number}: it is not {what}.")
    return sock


def _bind_name(host: str, port: int) -> list[socket.socket]:
    found = _resolve(host, port)
    for _ in range(PORT_ATTEMPTS):
        try:
            return _bind_each(found, port)
        except OSError as error:
            last = error
            # The port that the system chose for one family may be taken in the other.
            if port != 0 or error.errno != errno.EADDRINUSE:
                break
    raise BindError(f"Cannot bind {show_address((host, port))}: {last.strerror}.") from last


def _resolve(host: str, port: int) -> list[_Target]:
    if host.rstrip(".").lower() == "localhost":
        # RFC 6761 §6.3: the name means the loopback addresses, whatever a hosts file says of
        # it. Browsers ask ::1 first and do not fall back to IPv4 for QUIC.
        return [(socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port))]
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise BindError(f"Cannot bind {host!r}: {error.strerror}.") from error
    return list(dict.fromkeys((info[0], info[4]) for info in found))


def _bind_each(targets: list[_Target], port: int) -> list[socket.socket]:
    """Bind each; an address that this machine lacks is left out unless it is the only one."""
    missing: OSError | None = None
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        for family, address in targets:
            chosen = sockets[0].getsockname()[1] if sockets and port == 0 else port
            try:
                sock = _bind(family, (address[0], chosen, *address[2:]))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error
                continue
            opened.callback(sock.close)
            sockets.append(sock)
        opened.pop_all()
    if missing is not None and not sockets:
        raise missing
    return sockets


def _bind(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            # A socket per family: both can have the same port, and no address comes IPv4-mapped.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    _tune(sock)
    return sock


def bind_again(sock: socket.socket) -> socket.socket:
    """Another socket on the address of one that has SO_REUSEPORT; raises OSError if that fails."""
    other = socket.socket(sock.family, socket.SOCK_DGRAM)
    try:
        if sock.family == socket.AF_INET6:
            v6_only = sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(sock.getsockname())
    except OSError:
        other.close()
        raise
    _tune(other)
    return other


def _enlarge(sock: socket.socket, option: int) -> None:
    """Ask for `BUFFER_SIZE`, unless the socket has as much as we would get.

    Whoever bound it may go beyond the kernel's cap, as systemd does, and we would only cut it.
    """
    with socket.socket(sock.family, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, option, BUFFER_SIZE)
        granted = other.getsockopt(socket.SOL_SOCKET, option)
    if sock.getsockopt(socket.SOL_SOCKET, option) < granted:
        sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_SIZE)


def _tune(sock: socket.socket) -> None:
    sock.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        with suppress(OSError):
            _enlarge(sock, option)
    if sys.platform == "linux":
        # RFC 9000 §14: "UDP datagrams MUST NOT be fragmented at the IP layer." An IPv6 socket that
        # somebody else bound may serve IPv4, too.
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
        if sock.family == socket.AF_INET6:
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
