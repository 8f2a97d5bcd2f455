"""What values each setting may have.

This file knows the words and the numbers that one setting takes, taken alone. It refuses to know
what a setting means and which settings go together (`config.py`).
"""

from __future__ import annotations

from typing import Literal, get_args

__all__ = [
    "KIB",
    "LOG_LEVELS",
    "MIB",
    "RANGES",
    "AccessLogFormat",
    "ConfigError",
    "CongestionControl",
    "EventLoop",
    "RetryMode",
    "Steering",
    "check_ranges",
]

KIB = 1024
MIB = 1024 * 1024

RetryMode = Literal["always", "auto", "never"]
CongestionControl = Literal["reno", "cubic"]
EventLoop = Literal["auto", "asyncio", "uvloop"]
Steering = Literal["auto", "kernel", "relay"]

AccessLogFormat = Literal["text", "json"]

LOG_LEVELS = ("critical", "error", "warning", "info", "debug", "trace")
"""From the quietest to the loudest; `trace` is below `logging.DEBUG`, as in uvicorn."""


class ConfigError(ValueError):
    """A setting is out of its range; the message is one sentence for a person."""


def check_ranges(settings: object) -> None:
    """Raise `ConfigError` for the first attribute of `settings` that is out of its range."""
    for name, low, high in RANGES:
        value = getattr(settings, name)
        is_in_range = name in _MAY_BE_NONE if value is None else low <= value <= high
        if not is_in_range:
            raise ConfigError(f"{name} must be between {low} and {high}, not {value}.")
    for name, words in _CHOICES.items():
        if (word := getattr(settings, name)) not in words:
            raise ConfigError(f"{name} must be one of {', '.join(words)}, not {word!r}.")


_CHOICES = {
    "access_log_format": get_args(AccessLogFormat),
    "congestion_control": get_args(CongestionControl),
    "log_level": LOG_LEVELS,
    "loop": get_args(EventLoop),
    "steering": get_args(Steering),
    "retry": get_args(RetryMode),
}

_MAY_BE_NONE = frozenset(
    (
        "tcp_port",
        "alt_svc_port",
        "certificate_interval",
        "ws_ping_interval",
        "ws_ping_timeout",
        "limit_concurrency",
        "limit_max_requests",
        "timeout_worker_healthcheck",
        "timeout_graceful_shutdown",
        "session_ticket_lifetime",
        "max_request_body_size",
        "min_request_data_rate",
        "min_response_data_rate",
        "max_connections_per_address",
    )
)
"""Numbers without which nothing is limited."""

RANGES: tuple[tuple[str, float, float], ...] = (
    ("port", 0, 65535),
    ("tcp_port", 0, 65535),
    ("alt_svc_port", 1, 65535),
    ("alt_svc_max_age", 0, 31_536_000),
    ("limit_concurrency", 1, 1_000_000),
    ("drain_delay", 0, 3_600),
    ("certificate_interval", 0.1, 86_400),
    ("timeout_graceful_shutdown", 0, 86_400),
    ("workers", 1, 63),
    ("limit_max_requests", 1, 1 << 62),
    ("limit_max_requests_jitter", 0, 1 << 62),
    # A worker is asked once a second.
    ("timeout_worker_healthcheck", 1, 86_400),
    ("reload_delay", 0, 3_600),
    ("session_ticket_lifetime", 1, 604_800),
    ("qlog_sample", 0, 1),
    # A connection's file may have 32 MiB, and the newest are what one looks for.
    ("qlog_max_size", MIB, 1024 * 1024 * MIB),
    ("response_buffer", 1, 1024 * MIB),
    # RFC 9114 §6.2: control streams alone need 1,024 bytes.
    ("request_buffer", 2 * KIB, 1024 * MIB),
    ("connection_buffer", 2 * KIB, 4096 * MIB),
    # The initial window (RFC 9002 §7.2), and what packet numbers of two bytes tell apart.
    ("max_bytes_in_flight", 12_000, 32 * MIB),
    ("max_control_payload", 64, 16 * MIB),
    ("max_field_section_size", 256, 16 * MIB),
    ("max_decoded_field_section_size", 256, 64 * MIB),
    # A request has four pseudo-headers.
    ("max_fields", 4, 1_000_000),
    ("max_request_body_size", 0, 1 << 62),
    ("max_concurrent_streams", 1, 100_000),
    ("request_head_timeout", 1, 86_400),
    ("keep_alive_timeout", 1, 86_400),
    ("idle_timeout", 0.1, 86_400),
    ("min_request_data_rate", 1, 1024 * MIB),
    ("min_response_data_rate", 1, 1024 * MIB),
    # Kestrel: more than its heartbeat, a second.
    ("data_rate_grace", 1, 86_400),
    ("max_requests_per_second", 1, 10_000_000),
    ("max_resets_per_second", 1, 10_000_000),
    ("max_unknown_frames_per_second", 1, 10_000_000),
    ("max_unknown_streams_per_second", 1, 10_000_000),
    ("max_empty_data_frames_per_second", 1, 10_000_000),
    ("max_control_frames_per_second", 1, 10_000_000),
    ("max_priority_updates_per_second", 1, 10_000_000),
    ("max_qpack_instructions_per_second", 1, 10_000_000),
    ("ws_max_size", 1, 1024 * MIB),
    ("ws_ping_interval", 0.1, 86_400),
    ("ws_ping_timeout", 0.1, 86_400),
    # aioquic has two bytes for the length of a frame or packet.
    ("max_datagram_size", 1200, 16_383),
    ("retry_threshold", 1, 1_000_000),
    ("handshake_timeout", 0.1, 3_600),
    ("max_pending_datagrams", 1, 100_000),
    ("max_received_datagrams", 1, 100_000),
    ("max_webtransport_sessions", 1, 100_000),
    # draft-ietf-quic-load-balancers, "Config Rotation" and the YANG model.
    ("lb_config_id", 0, 6),
    ("lb_nonce_length", 4, 18),
    ("max_connections", 1, 10_000_000),
    ("max_half_open_connections", 1, 1_000_000),
    ("max_connections_per_address", 1, 10_000_000),
)
