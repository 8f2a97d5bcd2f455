"""The options of `h3producer APP`: one per setting, named as uvicorn and Hypercorn name them.

This file knows spellings, units and help texts. It refuses to know defaults and ranges: those are
`Config`'s, and an option that is not given leaves them alone.

Its one rule: an option's destination is the name of a `Config` field, and each of its long names
is an environment variable, too: `--ssl-certfile` is `H3PRODUCER_SSL_CERTFILE`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import click

from h3producer.config import KIB, LOG_LEVELS, MIB, Config, RetryMode
from h3producer.quic.sockets import BindError, parse_bind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Convert = Callable[[click.Context, click.Parameter, Any], object]
    """`Any`: what click gives to a callback depends on the option."""

__all__ = ["SERVE_OPTIONS", "config_from_options", "environment_names"]

_UNITS = {"": 1, "k": KIB, "m": MIB, "g": KIB * MIB}

_NONE = float("inf")
"""What `none` becomes until it is `None`: for an option None means "not given"."""


def environment_names(*option_names: str) -> list[str]:
    """The variables that stand for an option, in the order in which they are asked."""
    long_names = [name for names in option_names for name in names.split("/")]
    return [
        "H3PRODUCER_" + name.removeprefix("--").replace("-", "_").upper()
        for name in long_names
        if name.startswith("--") and not name.startswith("--no-")
    ]


def config_from_options(app: str, options: Mapping[str, object]) -> Config:
    """The `Config` for what was given; raises `ConfigError` when a value is out of its range."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    given = {name: None if value == _NONE else value for name, value in given.items()}
    if "server_header" in given:
        given["server_header"] = Config.server_header if given["server_header"] else None
    if isinstance(request_buffer := given.get("request_buffer"), int):
        # A connection must hold what one of its streams may hold.
        given["connection_buffer"] = max(Config.connection_buffer, request_buffer)
    return Config(app=app, **given)  # type: ignore[arg-type]  # names and types match the options


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """Bytes, with k, m or g for KiB, MiB or GiB: `65536`, `64k`, `1MiB`."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+) ?([kmg]?)(i?b)?", value.strip().lower())
    if match is None:
        raise click.BadParameter(f"'{value}' is not a size; give bytes, or as in 64k or 1m.")
    return int(match[1]) * _UNITS[match[2]]


def _seconds_or_none(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> float | None:
    if value is None:
        return None
    try:
        return _NONE if value.strip().lower() == "none" else float(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is neither a number of seconds nor 'none'.") from None


def _count_or_none(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> float | None:
    if value is None:
        return None
    try:
        return _NONE if value.strip().lower() == "none" else int(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is neither a number nor 'none'.") from None


def _binds(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...] | None
) -> tuple[str, ...]:
    for value in values or ():
        try:
            parse_bind(value)
        except BindError as error:
            raise click.BadParameter(str(error)) from None
    return values or ()


def _option(
    *names: str,
    help: str,
    type: type[object] | click.Choice[str] | None = None,
    convert: Convert | None = None,
    metavar: str | None = None,
    multiple: bool = False,
    is_flag: bool | None = None,
) -> click.Option:
    """An option whose last name is its `Config` field."""
    return click.Option(
        names,
        type=type,
        callback=convert,
        metavar=metavar,
        multiple=multiple,
        is_flag=is_flag,
        default=None,
        envvar=environment_names(*names[:-1]),
        help=f"{help}{_show(getattr(Config, names[-1]))}",
    )


def _show(default: object) -> str:
    if default is None or default == () or default == "":
        return ""
    if isinstance(default, bool):
        return f"  [{'on' if default else 'off'}]"
    if isinstance(default, int) and default >= KIB and default % KIB == 0:
        return f"  [{default // KIB}k]"
    return f"  [{default}]"


SERVE_OPTIONS: tuple[click.Parameter, ...] = (
    # Where
    _option("--host", "host", help="Address or name to bind.", metavar="ADDRESS"),
    _option("--port", "port", help="UDP port; 0 takes a free one.", type=int),
    _option(
        "-b",
        "--bind",
        "bind",
        help="HOST:PORT, or fd://N for a bound socket; repeatable, instead of --host and --port.",
        convert=_binds,
        metavar="ADDRESS",
        multiple=True,
    ),
    # TLS
    _option(
        "--ssl-certfile", "--certfile", "certfile", help="Certificate chain, PEM.", metavar="FILE"
    ),
    _option("--ssl-keyfile", "--keyfile", "keyfile", help="Private key, PEM.", metavar="FILE"),
    _option(
        "--ssl-keyfile-password",
        "--keyfile-password",
        "keyfile_password",
        help="Password of the private key; better given by H3PRODUCER_SSL_KEYFILE_PASSWORD.",
        metavar="TEXT",
    ),
    # The application
    _option("--app-dir", "app_dir", help="Where to import APP from.", metavar="DIR"),
    _option("--factory", "factory", help="APP returns the application when called.", is_flag=True),
    _option("--root-path", "root_path", help="Where the application is mounted.", metavar="PATH"),
    _option(
        "--limit-concurrency",
        "limit_concurrency",
        help="Requests in the application at once; beyond it 503.",
        type=int,
    ),
    _option(
        "--timeout-graceful-shutdown",
        "timeout_graceful_shutdown",
        help="How long open requests may go on after INT or TERM; 'none' waits for ever.",
        convert=_seconds_or_none,
        metavar="SECONDS",
    ),
    # Logs and headers
    _option(
        "--log-level",
        "log_level",
        help="The least that is logged.",
        type=click.Choice(LOG_LEVELS, case_sensitive=False),
    ),
    _option(
        "--log-config",
        "log_config",
        help="Logging configuration: JSON, YAML or INI.",
        metavar="FILE",
    ),
    _option("--access-log/--no-access-log", "access_log", help="Log a line per request."),
    _option("--server-header/--no-server-header", "server_header", help="Send a server field."),
    _option("--date-header/--no-date-header", "date_header", help="Send a date field."),
    # HTTP/3 and QUIC
    _option(
        "--idle-timeout",
        "idle_timeout",
        help="Drop a connection after so long without a packet.",
        type=float,
        metavar="SECONDS",
    ),
    _option(
        "--retry",
        "retry",
        help="Validate client addresses before each handshake; auto: only under load.",
        type=click.Choice(get_args(RetryMode)),
    ),
    _option(
        "--retry-threshold",
        "retry_threshold",
        help="Unfinished handshakes from which on --retry auto validates addresses.",
        type=int,
    ),
    _option(
        "--handshake-timeout",
        "handshake_timeout",
        help="Drop a handshake that is not finished after so long.",
        type=float,
        metavar="SECONDS",
    ),
    _option(
        "--max-connections",
        "max_connections",
        help="Connections at once; more are refused.",
        type=int,
    ),
    _option(
        "--max-half-open-connections",
        "max_half_open_connections",
        help="Unfinished handshakes at once; more have to wait.",
        type=int,
    ),
    _option(
        "--max-connections-per-address",
        "max_connections_per_address",
        help="Connections at once from one IPv4 address or IPv6 /64; 'none': any number.",
        convert=_count_or_none,
        metavar="NUMBER",
    ),
    _option(
        "--max-concurrent-streams",
        "max_concurrent_streams",
        help="Requests at once on one connection.",
        type=int,
    ),
    _option(
        "--max-field-section-size",
        "max_field_section_size",
        help="Encoded bytes of request headers.",
        convert=_size,
        metavar="SIZE",
    ),
    _option(
        "--max-pending-datagrams",
        "max_pending_datagrams",
        help="DATAGRAM frames of a connection that may wait to be sent; more are dropped.",
        type=int,
    ),
    _option(
        "--response-buffer",
        "response_buffer",
        help="Bytes of a response that may wait unsent before send() waits.",
        convert=_size,
        metavar="SIZE",
    ),
    _option(
        "--request-buffer",
        "request_buffer",
        help="Bytes of a request that a client may send before the application reads.",
        convert=_size,
        metavar="SIZE",
    ),
    click.Option(
        ["--keylog-file", "keylog_file"],
        envvar=[*environment_names("--keylog-file"), "SSLKEYLOGFILE"],
        help="Append TLS secrets here, for Wireshark; also $SSLKEYLOGFILE.",
        metavar="FILE",
    ),
)
"""In the order in which `--help` shows them."""
