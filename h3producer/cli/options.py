"""The options of `h3producer APP`: one per setting, named as uvicorn and Hypercorn name them.

This file knows which there are, beside the limits (`limit_options.py`), those for whoever operates
the server (`operation_options.py`) and for a load balancer (`balancing_options.py`), and how what
was given becomes a `Config`. It refuses to know defaults and ranges: those are `Config`'s, and what
is not given leaves them alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from h3producer.cli.balancing_options import BALANCING_OPTIONS
from h3producer.cli.limit_options import LIMIT_OPTIONS
from h3producer.cli.operation_options import OPERATION_OPTIONS
from h3producer.cli.option import NONE, option
from h3producer.cli.tcp_options import TCP_OPTIONS
from h3producer.config import (
    LOG_LEVELS,
    AccessLogFormat,
    Config,
    CongestionControl,
    EventLoop,
    RetryMode,
)
from h3producer.quic.udp.sockets import BindError, parse_bind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SERVE_OPTIONS", "config_from_options"]


def config_from_options(app: str, options: Mapping[str, object]) -> Config:
    """The `Config` for what was given; raises `ConfigError` when a value is out of its range."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    given = {name: None if value == NONE else value for name, value in given.items()}
    if "server_header" in given:
        given["server_header"] = Config.server_header if given["server_header"] else None
    if isinstance(request_buffer := given.get("request_buffer"), int):
        # A connection must hold what one of its streams may hold.
        given["connection_buffer"] = max(Config.connection_buffer, request_buffer)
    return Config(app=app, **given)  # type: ignore[arg-type]  # names and types match the options


def _binds(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...] | None
) -> tuple[str, ...]:
    for value in values or ():
        try:
            parse_bind(value)
        except BindError as error:
            raise click.BadParameter(str(error)) from None
    return values or ()


SERVE_OPTIONS: tuple[click.Parameter, ...] = (
    # Where
    option("--host", "host", help="Address or name to bind.", metavar="ADDRESS"),
    option("--port", "port", help="UDP port; 0 takes a free one.", type=int),
    option(
        "-b",
        "--bind",
        "bind",
        help="HOST:PORT, or fd://N, systemd:// for bound sockets; repeatable, for --host --port.",
        convert=_binds,
        metavar="ADDRESS",
        multiple=True,
    ),
    # TLS
    option(
        "--ssl-certfile", "--certfile", "certfile", help="Certificate chain, PEM.", metavar="FILE"
    ),
    option("--ssl-keyfile", "--keyfile", "keyfile", help="Private key, PEM.", metavar="FILE"),
    option(
        "--ssl-keyfile-password",
        "--keyfile-password",
        "keyfile_password",
        help="Password of the private key; better given by H3PRODUCER_SSL_KEYFILE_PASSWORD.",
        metavar="TEXT",
    ),
    *TCP_OPTIONS,
    # The application
    option("--app-dir", "app_dir", help="Where to import APP from.", metavar="DIR"),
    option("--factory", "factory", help="APP returns the application when called.", is_flag=True),
    option("--root-path", "root_path", help="Where the application is mounted.", metavar="PATH"),
    option(
        "--loop",
        "loop",
        help="Event loop; auto: uvloop if it is installed.",
        type=click.Choice(get_args(EventLoop)),
    ),
    option(
        "--limit-concurrency",
        "limit_concurrency",
        help="Requests in the application at once; beyond it 503.",
        type=int,
    ),
    # Logs and headers
    option(
        "--log-level",
        "log_level",
        help="The least that is logged.",
        type=click.Choice(LOG_LEVELS, case_sensitive=False),
    ),
    option(
        "--log-config",
        "log_config",
        help="Logging configuration: JSON, YAML or INI.",
        metavar="FILE",
    ),
    option("--access-log/--no-access-log", "access_log", help="Log a line per request."),
    option(
        "--access-log-format",
        "access_log_format",
        help="How that line looks.",
        type=click.Choice(get_args(AccessLogFormat)),
    ),
    option("--server-header/--no-server-header", "server_header", help="Send a server field."),
    option("--date-header/--no-date-header", "date_header", help="Send a date field."),
    # HTTP/3 and QUIC
    option(
        "--webtransport",
        "webtransport",
        help="Offer WebTransport over HTTP/3 to the application (experimental).",
        is_flag=True,
    ),
    option(
        "--http-datagrams",
        "http_datagrams",
        help="Take HTTP Datagrams, for handlers that use them.",
        is_flag=True,
    ),
    option(
        "--retry",
        "retry",
        help="Validate client addresses before each handshake; auto: only under load.",
        type=click.Choice(get_args(RetryMode)),
    ),
    option(
        "--congestion-control",
        "congestion_control",
        help="How fast responses may go over a path.",
        type=click.Choice(get_args(CongestionControl)),
    ),
    option(
        "--early-data/--no-early-data",
        "early_data",
        help="Take requests with a client's first packet (0-RTT), which can be replayed.",
    ),
    option("--gso/--no-gso", "gso", help="Send many datagrams with one system call, on Linux."),
    option("--gro/--no-gro", "gro", help="Read many datagrams with one system call, on Linux."),
    option(
        "--fast-path/--no-fast-path", "fast_path", help="Write packets ourselves, not by aioquic."
    ),
    option(
        "--ws-per-message-deflate",
        "ws_per_message_deflate",
        help="Compress WebSocket messages for clients that offer it.",
        type=bool,
        metavar="BOOLEAN",
    ),
    *OPERATION_OPTIONS,
    *BALANCING_OPTIONS,
    *LIMIT_OPTIONS,
)
"""In the order in which `--help` shows them."""
