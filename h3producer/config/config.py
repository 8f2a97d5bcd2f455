"""Every setting and every limit of the server, in one frozen dataclass.

This file knows what is served, where, how it presents itself and goes over the network, and which
settings go together. It refuses to know limits (`limits.py`), how a server is operated
(`operation.py`) and found behind a load balancer (`balancing.py`), and what values one may have
(`ranges.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from h3producer.config.balancing import Balancing, check_balancing
from h3producer.config.limits import Limits
from h3producer.config.operation import Operation, check_health_path
from h3producer.config.ranges import (
    AccessLogFormat,
    ConfigError,
    CongestionControl,
    EventLoop,
    RetryMode,
    check_ranges,
)
from h3producer.config.tcp import TcpSide, check_tcp

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Config"]


@dataclass(frozen=True, kw_only=True)
class Config(Limits, Operation, Balancing, TcpSide):
    """Settings of one server. Immutable; make another with `dataclasses.replace`.

    Raises `ConfigError` when a value is out of its range.
    """

    # The application

    app: object | None = None
    """What to serve: an ASGI application, a handler of `Http3Stream`, or where to find either
    as `"module:attribute"`. Loaded when the server starts, not before."""
    factory: bool = False
    """`app` is to be called without arguments and returns the application."""
    app_dir: str = "."
    """Directory from which `"module:attribute"` is imported."""
    root_path: str = ""
    """ASGI `root_path`: where the application is mounted."""
    loop: EventLoop = "asyncio"
    """Of `run` and the command line. `auto`: uvloop if installed; it spares a twentieth at best."""
    limit_concurrency: int | None = None
    """Requests in the application at once, of a process; beyond it 503. None: no limit."""

    # Addresses

    host: str = "localhost"
    """Address or host name to bind; a name such as `localhost` binds each of its families.
    Not 127.0.0.1, as elsewhere: browsers ask ::1 first, and for QUIC they do not fall back."""
    port: int = 4433
    """UDP port; 0 lets the system choose (see `Server.addresses`)."""
    bind: tuple[str, ...] = ()
    """Addresses as `host:port`, `fd://N` for a socket that is already bound, or `systemd://` for
    those that a socket unit passes, `systemd://NAME` for one of them; if there are any, `host` and
    `port` are not used."""

    # TLS

    certfile: str | None = None
    """PEM file with the certificate and its chain. None: on loopback addresses a development
    certificate that is made when it is first needed; elsewhere the server does not start."""
    keyfile: str | None = None
    """PEM file with the private key; None if it stands in `certfile`."""
    keyfile_password: str | None = field(default=None, repr=False)
    """Password of the private key."""
    session_ticket_lifetime: float | None = 7200.0
    """Seconds for which a client may resume its session without a certificate, and tickets have
    the same key. 7200 is OpenSSL's; RFC 8446 §4.6.1 allows a week. None: no tickets."""
    early_data: bool = False
    """Take the requests that a client which resumes its session sends along with its first packet
    (0-RTT). Somebody else may send them again, so only safe ones reach the application before the
    handshake is complete. Needs session tickets and the fast path."""

    # What responses and logs say

    server_header: str | None = "h3producer"
    """Value of the `server` field of responses that have none; None sends none."""
    date_header: bool = True
    """Send `date` in responses that have none (RFC 9110 §6.6.1)."""
    access_log: bool = True
    """Log one line per finished request."""
    access_log_format: AccessLogFormat = "text"
    """`text`: uvicorn's line, and how the exchange ended if not well. `json`: an object with all
    that is known of it: bytes, the time of the first byte, by whom it was cut."""
    log_level: str = "info"
    """The least that is logged: critical, error, warning, info, debug or trace. Applied by
    `run` and the command line; a server inside another program leaves logging to it."""
    log_config: str | Mapping[str, object] | None = None
    """A `logging.config.dictConfig` mapping, or a file with one (JSON, YAML) or with the
    INI format of `logging.config.fileConfig`. None: ours."""

    # Beyond requests and responses

    http_datagrams: bool = False
    """Take HTTP Datagrams (RFC 9297), for handlers that use `Http3Stream.datagrams`."""
    webtransport: bool = False
    """Offer WebTransport over HTTP/3 to ASGI applications. Experimental: it is a draft, and so are
    the scope and the messages. Takes HTTP Datagrams, too."""
    ws_per_message_deflate: bool = True
    """Compress WebSocket messages for clients that offer it (RFC 7692): fewer bytes, more
    processor time, and 300 kB for each socket that does."""

    # The network

    retry: RetryMode = "auto"
    """Validate client addresses with a Retry packet before spending on a handshake
    (RFC 9000 §8.1.2): costs each client one round trip. `auto` does so only while many
    handshakes are unfinished, which is what a flood of forged addresses looks like."""
    congestion_control: CongestionControl = "reno"
    """How fast a response may go over a path: `reno` (RFC 9002 §7) gives way to others soonest;
    `cubic` (RFC 9438) comes back to its rate sooner behind a loss on long, fast paths."""
    gso: bool = True
    """Send many datagrams with a call, on Linux (UDP_SEGMENT). Off for a device that loses them."""
    gro: bool = True
    """Read many datagrams with a call, on Linux (UDP_GRO). Off for a device that mixes them up."""
    fast_path: bool = True
    """Write packets of open connections ourselves instead of by aioquic: half the time of a
    download. Off, or with a release of aioquic that it was not made for, aioquic writes all."""
    max_datagram_size: int = 1452
    """Bytes of UDP payload we send at most. 1200 pass every path (RFC 9000 §14); a download tries
    whether more do, on Linux, and 1200 here turns that off. 1452 fill an Ethernet frame on IPv6."""

    def __post_init__(self) -> None:
        check_ranges(self)
        server = self.server_header or ""
        if not (server.isascii() and server.isprintable()):
            raise ConfigError("server_header must consist of printable ASCII characters.")
        check_health_path(self.health_path)
        check_balancing(self, self.workers)
        if self.keyfile is not None and self.certfile is None:
            raise ConfigError("keyfile is of no use without certfile.")
        if self.early_data and self.session_ticket_lifetime is None:
            raise ConfigError("early_data is of no use without session tickets.")
        if self.early_data and not self.fast_path:
            raise ConfigError("early_data is of no use without fast_path: aioquic's TLS has none.")
        check_tcp(self)
        if self.connection_buffer < self.request_buffer:
            raise ConfigError(
                f"connection_buffer ({self.connection_buffer}) must not be smaller than "
                f"request_buffer ({self.request_buffer})."
            )
        if self.retry == "auto" and self.retry_threshold > self.max_half_open_connections:
            raise ConfigError(
                f"retry_threshold ({self.retry_threshold}) must not be larger than "
                f"max_half_open_connections ({self.max_half_open_connections}): "
                "nobody would ever be asked."
            )

    def __hash__(self) -> int:
        # Some values have no hash (a mapping for `log_config`), and all fields take ten
        # microseconds, which what is kept for a configuration would cost each connection.
        return hash((self.port, self.bind))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of all settings."""
        return tuple(entry.name for entry in fields(cls))
