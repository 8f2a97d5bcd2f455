"""What a label says of an end: few words, whatever came.

This file knows how codes and reasons become values of `error.type`. It refuses to know who counts.

Its one rule: a code that nobody has defined is `other`. A client may send any of 2^62.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.errors import ErrorCode
from h3producer.http3.load import Load

if TYPE_CHECKING:
    from h3producer.quic.facts import EndFacts

__all__ = ["OTHER_ERROR", "code_label", "end_label", "limit_of"]

OTHER_ERROR: Final = "other"

_GOOD: Final = frozenset((0, ErrorCode.H3_NO_ERROR))
"""Whoever closes with 0 had nothing to complain about, although HTTP/3 has a code for that."""

_TRANSPORT: Final = {
    0x01: "INTERNAL_ERROR",
    0x02: "CONNECTION_REFUSED",
    0x03: "FLOW_CONTROL_ERROR",
    0x04: "STREAM_LIMIT_ERROR",
    0x05: "STREAM_STATE_ERROR",
    0x06: "FINAL_SIZE_ERROR",
    0x07: "FRAME_ENCODING_ERROR",
    0x08: "TRANSPORT_PARAMETER_ERROR",
    0x09: "CONNECTION_ID_LIMIT_ERROR",
    0x0A: "PROTOCOL_VIOLATION",
    0x0B: "INVALID_TOKEN",
    0x0C: "APPLICATION_ERROR",
    0x0D: "CRYPTO_BUFFER_EXCEEDED",
    0x0E: "KEY_UPDATE_ERROR",
    0x0F: "AEAD_LIMIT_REACHED",
    0x10: "NO_VIABLE_PATH",
    0x11: "VERSION_NEGOTIATION_ERROR",
}
"""RFC 9000 §20.1 and RFC 9368 §10.2, by code."""


def code_label(error_code: int | None) -> str:
    """The name of an HTTP/3 error code; empty if there is none."""
    if error_code is None:
        return ""
    try:
        return ErrorCode(error_code).name
    except ValueError:
        return OTHER_ERROR


def end_label(end: EndFacts) -> str:
    """Why a connection ended; empty if it went well."""
    if end.is_idle:
        return "idle_timeout"
    if end.is_late:
        return "handshake_timeout"
    if end.was_reset:
        return "stateless_reset"
    if end.is_transport:
        if 0x100 <= end.error_code <= 0x1FF:
            return "CRYPTO_ERROR"  # RFC 9000 §20.1: an alert of TLS
        return "" if end.error_code == 0 else _TRANSPORT.get(end.error_code, OTHER_ERROR)
    return "" if end.error_code in _GOOD else code_label(end.error_code)


def limit_of(end: EndFacts) -> str:
    """The setting that ended a connection; empty if it was none."""
    if end.is_late:
        return "handshake_timeout"
    if not end.is_ours or end.error_code != ErrorCode.H3_EXCESSIVE_LOAD:
        return ""
    for load in Load:
        if f" {load.words} per second" in end.reason:
            return f"max_{load.name.lower()}_per_second"
    return OTHER_ERROR
