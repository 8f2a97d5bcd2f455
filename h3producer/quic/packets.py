"""Packet headers that are read and written without a connection.

This file knows what all versions of QUIC have in common (RFC 8999): the long header and Version
Negotiation; and of versions 1 and 2 the Initial header (RFC 9000 §17.2.2, RFC 9369 §3.2). It
refuses to know keys and states.

Its one rule: any bytes at all give a value or None, never an exception.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "FIXED_BIT",
    "LONG_HEADER",
    "MIN_INITIAL_SIZE",
    "VERSION_1",
    "VERSION_2",
    "VERSION_NEGOTIATION",
    "InitialPacket",
    "LongHeader",
    "LongPacket",
    "destination_of",
    "encode_long_header",
    "encode_version_negotiation",
    "has_token",
    "parse_handshake_packets",
    "parse_initial",
    "parse_long_header",
]

LONG_HEADER = 0x80
"""The bit of the first byte that says "long header" (RFC 8999 §5.1)."""

FIXED_BIT = 0x40
"""The bit that is set in each packet of versions 1 and 2 (RFC 9000 §17.2)."""

VERSION_NEGOTIATION = 0
VERSION_1 = 0x00000001
VERSION_2 = 0x6B3343CF

MIN_INITIAL_SIZE = 1200
"""Bytes of UDP payload below which a datagram cannot open a connection (RFC 9000 §14.1)."""

MAX_CONNECTION_ID = 20
"""Bytes of a connection id in versions 1 and 2 (RFC 9000 §17.2)."""

_INITIAL_TYPE = {VERSION_1: 0x00, VERSION_2: 0x10}
"""The packet type bits of an Initial; version 2 moved them on purpose."""


_HANDSHAKE_TYPE = {VERSION_1: 0x20, VERSION_2: 0x30}
"""Those of a Handshake packet."""

_IS_INITIAL = {
    (version, FIXED_BIT | bits): types is _INITIAL_TYPE
    for types in (_INITIAL_TYPE, _HANDSHAKE_TYPE)
    for version, bits in types.items()
}
"""Whether a packet is an Initial one, else it is a Handshake one, by version and bits."""


@dataclass(frozen=True, slots=True)
class LongHeader:
    """The version-independent part of a long header (RFC 8999 §5.1)."""

    version: int
    destination_id: bytes
    source_id: bytes


@dataclass(frozen=True, slots=True)
class InitialPacket(LongHeader):
    """The header of a client's Initial packet, of a version that we speak."""

    token: bytes
    payload: tuple[int, int] = (0, 0)
    """Where its packet number starts and its last byte ends, by what its header says."""


def parse_long_header(datagram: bytes) -> LongHeader | None:
    """Read the invariant part of the first packet; None for a short header or a cut-off one."""
    if len(datagram) < 7 or not datagram[0] & LONG_HEADER:
        return None
    destination_end = 6 + datagram[5]
    if destination_end >= len(datagram):
        return None
    source_end = destination_end + 1 + datagram[destination_end]
    if source_end > len(datagram):
        return None
    return LongHeader(
        version=int.from_bytes(datagram[1:5], "big"),
        destination_id=datagram[6:destination_end],
        source_id=datagram[destination_end + 1 : source_end],
    )


def parse_initial(datagram: bytes, header: LongHeader) -> InitialPacket | None:
    """Read on behind `header`; None unless the first packet is an Initial with a whole token."""
    if datagram[0] & 0x70 != FIXED_BIT | _INITIAL_TYPE.get(header.version, 0xFF):
        return None
    if max(len(header.destination_id), len(header.source_id)) > MAX_CONNECTION_ID:
        return None
    start = 7 + len(header.destination_id) + len(header.source_id)
    token_length, token_start = _parse_varint(datagram, start)
    token_end = token_start + token_length
    length, payload_start = _parse_varint(datagram, token_end)
    if payload_start > len(datagram):
        return None
    return InitialPacket(
        header.version,
        header.destination_id,
        header.source_id,
        datagram[token_start:token_end],
        (payload_start, payload_start + length),
    )


class LongPacket(NamedTuple):
    """Where an Initial or Handshake packet stands in a datagram, and what its header says."""

    is_initial: bool
    version: int
    destination_id: bytes
    source_id: bytes
    start: int
    number_at: int
    """Where its packet number starts."""
    end: int


def parse_handshake_packets(datagram: bytes) -> tuple[list[LongPacket], int]:
    """All packets with a long header that a datagram begins with, and where the last one ends.

    None of them if not all are whole Initial and Handshake packets (RFC 9000 §12.2), an Initial
    packet that is not the first included.
    """
    packets: list[LongPacket] = []
    at, size = 0, len(datagram)
    while at < size and datagram[at] & LONG_HEADER:
        header = parse_long_header(datagram[at:] if at else datagram)
        if (
            header is None
            or max(len(header.destination_id), len(header.source_id)) > MAX_CONNECTION_ID
        ):
            return [], 0
        is_initial = _IS_INITIAL.get((header.version, datagram[at] & 0x70))
        if is_initial is None or (is_initial and packets):
            return [], 0
        behind = at + 7 + len(header.destination_id) + len(header.source_id)
        if is_initial:
            token_size, behind = _parse_varint(datagram, behind)
            behind += token_size
        length, number_at = _parse_varint(datagram, behind)
        end = number_at + length
        if end > size:
            return [], 0
        ids = header.destination_id, header.source_id
        packets.append(LongPacket(is_initial, header.version, *ids, at, number_at, end))
        at = end
    return packets, at


def destination_of(datagram: bytes) -> bytes:
    """The connection id that a long header is for (RFC 8999 §5.1); it may be cut off."""
    return datagram[6 : 6 + datagram[5]]


def has_token(datagram: bytes) -> bool:
    """Whether there is a token, if this is an Initial packet; a guess at the price of a glance."""
    scid_at = 6 + datagram[5]
    if scid_at >= len(datagram):
        return False
    token_at = scid_at + 1 + datagram[scid_at]
    return token_at < len(datagram) and datagram[token_at] != 0


def _parse_varint(data: bytes, start: int) -> tuple[int, int]:
    """A varint and where it ends; that is behind the end of `data` if it is cut off."""
    if start >= len(data):
        return 0, start + 1
    # RFC 9000 §16: the two highest bits of a varint are the logarithm of its size.
    end = start + (1 << (data[start] >> 6))
    value = int.from_bytes(data[start:end], "big")
    return value & ((1 << (8 * (end - start) - 2)) - 1), end


def encode_version_negotiation(header: LongHeader, versions: Iterable[int]) -> bytes:
    """The answer to a packet of a version we do not speak (RFC 8999 §6).

    The connection ids come back swapped, so that the client knows its own packet in it.
    """
    # RFC 9000 §17.2.1: the unused bits are arbitrary, and the highest of them SHOULD be 1.
    first = os.urandom(1)[0] | LONG_HEADER | FIXED_BIT
    parts = [
        encode_long_header(first, VERSION_NEGOTIATION, header.source_id, header.destination_id)
    ]
    parts += [version.to_bytes(4, "big") for version in versions]
    return b"".join(parts)


def encode_long_header(first: int, version: int, destination_id: bytes, source_id: bytes) -> bytes:
    """The invariant part of a long header (RFC 8999 §5.1)."""
    destination = bytes((len(destination_id),)) + destination_id
    source = bytes((len(source_id),)) + source_id
    return bytes((first,)) + version.to_bytes(4, "big") + destination + source
