"""Frames and transport parameters of QUIC, octet by octet: legal, illegal and merely unusual.

This file knows how RFC 9000 §18 and §19 lay them out. It refuses to know which packet they belong
into and who may send them: `rogue.py` sends whatever it is given. Its one rule: it shares no line
with the server under test, nor with the QUIC library below it.
"""

from __future__ import annotations

from enum import IntEnum

from tests.conformance.octets import varint

__all__ = [
    "HANDSHAKE_DONE",
    "PADDING",
    "PING",
    "Parameter",
    "Parameters",
    "ack",
    "crypto",
    "encode_parameters",
    "integers",
    "new_connection_id",
    "parse_parameters",
    "path_challenge",
    "reset_stream",
    "stop_sending",
    "stream",
]

PING = b"\x01"
PADDING = b"\x00"
HANDSHAKE_DONE = b"\x1e"

Parameters = list[tuple[int, bytes]]
"""Transport parameters in the order in which they are sent: nothing keeps one from coming twice."""


class Parameter(IntEnum):
    """Transport parameters (RFC 9000 §18.2)."""

    ORIGINAL_DESTINATION_CONNECTION_ID = 0x00
    MAX_IDLE_TIMEOUT = 0x01
    STATELESS_RESET_TOKEN = 0x02
    MAX_UDP_PAYLOAD_SIZE = 0x03
    INITIAL_MAX_DATA = 0x04
    INITIAL_MAX_STREAMS_BIDI = 0x08
    INITIAL_MAX_STREAMS_UNI = 0x09
    ACK_DELAY_EXPONENT = 0x0A
    MAX_ACK_DELAY = 0x0B
    DISABLE_ACTIVE_MIGRATION = 0x0C
    PREFERRED_ADDRESS = 0x0D
    ACTIVE_CONNECTION_ID_LIMIT = 0x0E
    INITIAL_SOURCE_CONNECTION_ID = 0x0F
    RETRY_SOURCE_CONNECTION_ID = 0x10


def integers(*values: int) -> bytes:
    """Variable-length integers one behind the other: many a frame is nothing else."""
    return b"".join(map(varint, values))


# RFC 9000 §18


def parse_parameters(octets: bytes) -> Parameters:
    """Take the value of the TLS extension apart."""
    parameters = []
    while octets:
        identifier, octets = _pull(octets)
        length, octets = _pull(octets)
        parameters.append((identifier, octets[:length]))
        octets = octets[length:]
    return parameters


def encode_parameters(parameters: Parameters) -> bytes:
    """The value of the TLS extension."""
    return b"".join(integers(each, len(value)) + value for each, value in parameters)


def _pull(octets: bytes) -> tuple[int, bytes]:
    size = 1 << (octets[0] >> 6)
    value = int.from_bytes(octets[:size], "big") & ((1 << (8 * size - 2)) - 1)
    return value, octets[size:]


# RFC 9000 §19


def ack(largest: int, first_range: int = 0, *ranges: tuple[int, int], delay: int = 0) -> bytes:
    """An ACK frame; `ranges` are pairs of gap and length."""
    more = b"".join(integers(*each) for each in ranges)
    return b"\x02" + integers(largest, delay, len(ranges), first_range) + more


def reset_stream(stream_id: int, final_size: int, error_code: int = 0x10C) -> bytes:
    """A RESET_STREAM frame."""
    return b"\x04" + integers(stream_id, error_code, final_size)


def stop_sending(stream_id: int, error_code: int = 0x10C) -> bytes:
    """A STOP_SENDING frame."""
    return b"\x05" + integers(stream_id, error_code)


def crypto(data: bytes, offset: int = 0) -> bytes:
    """A CRYPTO frame."""
    return b"\x06" + integers(offset, len(data)) + data


def stream(stream_id: int, data: bytes = b"", offset: int = 0, *, fin: bool = False) -> bytes:
    """A STREAM frame with offset and length."""
    return bytes((0x0E | fin,)) + integers(stream_id, offset, len(data)) + data


def new_connection_id(
    sequence: int, retire_prior_to: int = 0, connection_id: bytes | None = None
) -> bytes:
    """A NEW_CONNECTION_ID frame; the id is made of the sequence number by default."""
    if connection_id is None:
        connection_id = sequence.to_bytes(8, "big")
    token = bytes(8) + sequence.to_bytes(8, "big")
    return (
        b"\x18"
        + integers(sequence, retire_prior_to)
        + bytes((len(connection_id),))
        + connection_id
        + token
    )


def path_challenge(data: bytes = b"whereami") -> bytes:
    """A PATH_CHALLENGE frame."""
    return b"\x1a" + data
