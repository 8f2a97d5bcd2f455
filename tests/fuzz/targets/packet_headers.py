"""Any datagram → a header or None, never an exception; where aioquic reads one, it is the same.

Covers `quic/packets.py`, which sees datagrams before anybody has shown to be worth anything.
"""

from __future__ import annotations

from aioquic._buffer import Buffer, BufferReadError
from aioquic.quic.packet import QuicHeader, QuicPacketType, pull_quic_header

from h3producer.quic.packets import (
    VERSION_1,
    VERSION_2,
    LongHeader,
    encode_long_header,
    encode_version_negotiation,
    parse_initial,
    parse_long_header,
)
from tests.fuzz.choices import chunk

__all__ = ["SEEDS", "fuzz"]

IDS = chunk(bytes(8)) + chunk(b"client")
PAYLOAD = bytes.fromhex("4004 00000000")


def initial(first: int, version: int, token: bytes) -> bytes:
    return bytes((first,)) + version.to_bytes(4, "big") + IDS + chunk(token) + PAYLOAD


SEEDS = {
    "version 1": initial(0xC0, VERSION_1, b""),
    "version 1 with a token": initial(0xC0, VERSION_1, b"token"),
    "version 2": initial(0xD0, VERSION_2, b"token"),
    "a version of the future": initial(0xC0, 0x0A0A0A0A, b""),
    "Version Negotiation": initial(0x80, 0, b""),
    "0-RTT": initial(0xD0, VERSION_1, b""),
    "no fixed bit": initial(0x80, VERSION_1, b""),
    "a short header": b"\x40" + bytes(30),
    "ids of 255 bytes": bytes.fromhex("c0 00000001 ff") + bytes(255) + b"\xff" + bytes(255),
    "a token that is cut": initial(0xC0, VERSION_1, b"")[:-7] + b"\x7f",
    "a cut token length": initial(0xC0, VERSION_1, b"")[:-7] + b"\xc0",
}


def fuzz(data: bytes) -> None:
    header = parse_long_header(data)
    if header is None:
        return
    rewritten = encode_long_header(data[0], header.version, header.destination_id, header.source_id)
    assert data.startswith(rewritten)
    assert parse_long_header(rewritten) == header
    check_negotiation(header)
    parsed = parse_initial(data, header)
    second = read_by_aioquic(data)
    if parsed is not None:
        assert parsed.version in (VERSION_1, VERSION_2)
        rest = Buffer(data=data[len(rewritten) :])
        assert rest.pull_uint_var() == len(parsed.token)
        assert rest.pull_bytes(len(parsed.token)) == parsed.token
    if second is not None and second.packet_type is QuicPacketType.INITIAL:
        assert parsed is not None
        assert parsed.destination_id == second.destination_cid
        assert parsed.source_id == second.source_cid
        assert parsed.token == second.token


def check_negotiation(header: LongHeader) -> None:
    versions = [VERSION_1, VERSION_2]
    answer = encode_version_negotiation(header, versions)
    back = parse_long_header(answer)
    assert back == LongHeader(0, header.source_id, header.destination_id)
    assert len(answer) <= 7 + len(header.source_id) + len(header.destination_id) + 8


def read_by_aioquic(data: bytes) -> QuicHeader | None:
    try:
        header = pull_quic_header(Buffer(data=data), host_cid_length=8)
    except (ValueError, BufferReadError):
        return None
    return header if header.version in (VERSION_1, VERSION_2) else None
