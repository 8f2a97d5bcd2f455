"""HTTP/1.1 and HTTP/2, on TCP, beside HTTP/3.

This file knows where they listen and what they say of HTTP/3. It refuses to know how they are
spoken (`server/tcp/`). What limits requests and connections over HTTP/3 limits them over TCP, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from h3producer.config.ranges import ConfigError

__all__ = ["TcpSide", "check_tcp"]


@dataclass(frozen=True, kw_only=True)
class TcpSide:
    """The settings of a `Config` for its TCP side."""

    # The TCP side

    with_tcp: bool = False
    """Serve the application over HTTP/1.1 and HTTP/2 as well, on the TCP port of the same number
    and with the same certificate, and say in the responses that there is HTTP/3 (`alt-svc`):
    browsers look there first. Needs the extra `tcp`."""
    tcp_port: int | None = None
    """Another TCP port; 0 lets the system choose. None: the number of the UDP port."""
    tcp_bind: tuple[str, ...] = ()
    """TCP addresses as `host:port`, or `fd://N` for a socket that is already bound; if there are
    any, `tcp_port` and the UDP addresses are not used."""
    alt_svc_max_age: int = 86_400
    """Seconds for which a client may remember where HTTP/3 is; RFC 7838's default. 0 has clients
    forget it, for before HTTP/3 is turned off."""
    alt_svc_port: int | None = None
    """The UDP port as clients see it, for a server behind a port mapping. None: the one we have."""


def check_tcp(settings: TcpSide) -> None:
    """Raise `ConfigError` for settings that do not go together."""
    if not settings.with_tcp and (settings.tcp_port is not None or settings.tcp_bind):
        raise ConfigError("tcp_port and tcp_bind are of no use without with_tcp.")
