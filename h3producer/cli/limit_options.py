"""The options of `h3producer APP` that are limits: bytes, counts and seconds.

This file knows their kinds and help texts. It refuses to know how any option works (`option.py`).

Its one rule: a limit is called what its `Config` field is called. Why each default is what it is
stands there, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.cli.option import number, option, or_none, seconds, size

if TYPE_CHECKING:
    import click

    from h3producer.cli.option import Convert

__all__ = ["LIMIT_OPTIONS"]

_Kind = tuple["Convert", str]

_BYTES: Final[_Kind] = (size, "SIZE")
_NUMBER: Final[_Kind] = (number, "NUMBER")
_SECONDS: Final[_Kind] = (seconds, "SECONDS")


def _limit(name: str, kind: _Kind, help: str, *aliases: str, may_be_none: str = "") -> click.Option:
    """`may_be_none` says what the word `none` may stand instead of."""
    convert, metavar = kind
    if may_be_none:
        convert, help = or_none(convert, may_be_none), f"{help} Or 'none'."
    return option(
        "--" + name.replace("_", "-"), *aliases, name, help=help, convert=convert, metavar=metavar
    )


LIMIT_OPTIONS: tuple[click.Option, ...] = (
    # Memory
    _limit(
        "response_buffer",
        _BYTES,
        "Bytes of a response that may wait unsent before send() waits.",
    ),
    _limit(
        "request_buffer",
        _BYTES,
        "Bytes of a request that a client may send before the application reads.",
    ),
    _limit("connection_buffer", _BYTES, "The same of all requests of a connection together."),
    _limit(
        "max_bytes_in_flight", _BYTES, "Bytes on one connection that are sent and unacknowledged."
    ),
    _limit("max_control_payload", _BYTES, "Bytes of a frame on a control stream."),
    # Requests
    _limit("max_concurrent_streams", _NUMBER, "Requests at once on one connection."),
    _limit("max_field_section_size", _BYTES, "Encoded bytes of request headers; beyond it 431."),
    _limit(
        "max_decoded_field_section_size", _BYTES, "Decoded bytes of request headers; beyond it 431."
    ),
    _limit("max_fields", _NUMBER, "Fields of request headers; beyond it 431."),
    _limit(
        "max_request_body_size",
        _BYTES,
        "Bytes of a request body; beyond it 413.",
        may_be_none="a size",
    ),
    # Beyond requests
    _limit(
        "max_received_datagrams",
        _NUMBER,
        "Datagrams of a request that may wait for the application; older ones are dropped.",
    ),
    _limit(
        "max_webtransport_sessions", _NUMBER, "Sessions of WebTransport at once on one connection."
    ),
    # Times
    _limit("request_head_timeout", _SECONDS, "Reject a request whose headers take longer."),
    _limit(
        "keep_alive_timeout",
        _SECONDS,
        "End a connection that has had no request for so long.",
        "--timeout-keep-alive",
    ),
    _limit("idle_timeout", _SECONDS, "Drop a connection after so long without a packet."),
    _limit(
        "min_request_data_rate",
        _NUMBER,
        "Bytes per second of a body that is waited for.",
        may_be_none="a number",
    ),
    _limit(
        "min_response_data_rate",
        _NUMBER,
        "Bytes per second of a response that a client takes.",
        may_be_none="a number",
    ),
    _limit(
        "session_ticket_lifetime",
        _SECONDS,
        "For so long a client may resume its session.",
        may_be_none="a number of seconds",
    ),
    _limit("data_rate_grace", _SECONDS, "Ask for neither rate before."),
    # Load
    _limit("max_requests_per_second", _NUMBER, "On one connection; beyond it, it is closed."),
    _limit("max_resets_per_second", _NUMBER, "Likewise, of requests that the client made fail."),
    _limit("max_unknown_frames_per_second", _NUMBER, "Likewise, of frames of unknown types."),
    _limit("max_unknown_streams_per_second", _NUMBER, "Likewise, of streams of unknown types."),
    _limit("max_empty_data_frames_per_second", _NUMBER, "Likewise, of DATA frames without data."),
    _limit("max_control_frames_per_second", _NUMBER, "Likewise, of GOAWAY and the like."),
    _limit("max_priority_updates_per_second", _NUMBER, "Likewise, of PRIORITY_UPDATE frames."),
    _limit("max_qpack_instructions_per_second", _NUMBER, "Likewise, of QPACK instructions."),
    # The network
    _limit(
        "retry_threshold",
        _NUMBER,
        "Unfinished handshakes from which on --retry auto validates addresses.",
    ),
    _limit("handshake_timeout", _SECONDS, "Drop a handshake that is not finished after so long."),
    _limit("max_connections", _NUMBER, "Connections at once; more are refused."),
    _limit(
        "max_half_open_connections", _NUMBER, "Unfinished handshakes at once; more have to wait."
    ),
    _limit(
        "max_connections_per_address",
        _NUMBER,
        "Connections at once from one IPv4 address or IPv6 /64.",
        may_be_none="a number",
    ),
    _limit(
        "max_pending_datagrams",
        _NUMBER,
        "DATAGRAM frames of a connection that may wait to be sent; more are dropped.",
    ),
    _limit("max_datagram_size", _BYTES, "Bytes of UDP datagrams, if the path takes them."),
    # WebSockets
    _limit("ws_max_size", _BYTES, "Bytes of a WebSocket message; beyond it 1009."),
    _limit(
        "ws_ping_interval", _SECONDS, "Between WebSocket pings.", may_be_none="a number of seconds"
    ),
    _limit(
        "ws_ping_timeout",
        _SECONDS,
        "Until a WebSocket ping is answered.",
        may_be_none="a number of seconds",
    ),
)
"""In the order in which `--help` shows them."""
