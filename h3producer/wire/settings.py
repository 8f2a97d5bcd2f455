"""The payload of a SETTINGS frame: pairs of integers (RFC 9114 §7.2.4).

This file knows identifiers, which of them are never allowed, and the one whose value can be wrong
in itself. It refuses to know what a value means to us. Its one rule: every identifier and every
value is kept as it came, all 62 bits, since a value cut to 32 bits would turn a generous limit
into none.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.varint import encode_varint, pull_varint

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Setting", "encode_settings", "parse_settings"]


class Setting(IntEnum):
    """Identifiers that we know (RFC 9114 §7.2.4.1 and the registry of §11.2.2)."""

    QPACK_MAX_TABLE_CAPACITY = 0x01
    """Bytes of dynamic table that the peer's encoder may use (RFC 9204 §5)."""
    MAX_FIELD_SECTION_SIZE = 0x06
    """Largest field section the sender takes, counted as in RFC 9114 §4.2.2."""
    QPACK_BLOCKED_STREAMS = 0x07
    """Streams that may wait for the encoder stream (RFC 9204 §5)."""
    ENABLE_CONNECT_PROTOCOL = 0x08
    """1: the server takes extended CONNECT (RFC 8441 §3, RFC 9220 §3)."""
    H3_DATAGRAM = 0x33
    """1: HTTP datagrams are understood (RFC 9297 §2.1.1)."""


_RESERVED = frozenset((0x00, 0x02, 0x03, 0x04, 0x05))


def encode_settings(settings: Mapping[int, int]) -> bytes:
    """The payload of a SETTINGS frame, in the order of the mapping.

    Raises ValueError for an identifier or a value that is no variable-length integer.
    """
    return b"".join(
        encode_varint(identifier) + encode_varint(value) for identifier, value in settings.items()
    )


def parse_settings(payload: bytes) -> dict[int, int]:
    """What a SETTINGS payload says; unknown identifiers are kept, ignoring them is the caller's.

    Raises Http3ConnectionError with H3_FRAME_ERROR when a pair is cut, and H3_SETTINGS_ERROR
    for an identifier that is reserved or comes twice, and for a switch that is neither on nor off.
    """
    settings: dict[int, int] = {}
    offset = 0
    while offset < len(payload):
        identifier = pull_varint(payload, offset)
        value = identifier and pull_varint(payload, identifier[1])
        if not identifier or not value:
            # RFC 9114 §7.1: "a frame payload that terminates before the end of the identified
            # fields MUST be treated as a connection error of type H3_FRAME_ERROR."
            raise Http3ConnectionError(
                ErrorCode.H3_FRAME_ERROR, "SETTINGS ends in the middle of a setting."
            )
        _add(settings, identifier[0], value[0])
        offset = value[1]
    return settings


def _add(settings: dict[int, int], identifier: int, value: int) -> None:
    # RFC 9114 §7.2.4.1: "These reserved settings MUST NOT be sent, and their receipt MUST be
    # treated as a connection error of type H3_SETTINGS_ERROR."
    if identifier in _RESERVED:
        raise Http3ConnectionError(
            ErrorCode.H3_SETTINGS_ERROR, f"Setting {identifier:#x} is reserved in HTTP/3."
        )
    # RFC 9114 §7.2.4: "The same setting identifier MUST NOT occur more than once in the SETTINGS
    # frame. A receiver MAY treat the presence of duplicate setting identifiers as a connection
    # error of type H3_SETTINGS_ERROR."
    if identifier in settings:
        raise Http3ConnectionError(
            ErrorCode.H3_SETTINGS_ERROR, f"Setting {identifier:#x} comes twice."
        )
    # RFC 9297 §2.1.1: "If the SETTINGS_H3_DATAGRAM setting is received with a value that is neither
    # 0 nor 1, the receiver MUST terminate the connection with error H3_SETTINGS_ERROR."
    if identifier == Setting.H3_DATAGRAM and value > 1:
        raise Http3ConnectionError(
            ErrorCode.H3_SETTINGS_ERROR, f"SETTINGS_H3_DATAGRAM is {value}, not 0 or 1."
        )
    settings[identifier] = value
