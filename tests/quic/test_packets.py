"""Headers that are read without a connection: right, cut off, hostile."""

from __future__ import annotations

import pytest
from aioquic._buffer import Buffer
from aioquic.quic.packet import QuicPacketType, pull_quic_header
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.packets import (
    VERSION_1,
    VERSION_2,
    InitialPacket,
    LongHeader,
    LongPacket,
    encode_long_header,
    encode_version_negotiation,
    has_token,
    parse_handshake_packets,
    parse_initial,
    parse_long_header,
)

# RFC 9001 §A.2: the client's Initial, up to its packet number.
RFC_INITIAL = bytes.fromhex("c300000001088394c8f03e5157080000449e00000002")

ids = st.binary(max_size=20)


def test_the_initial_of_the_rfc_is_read() -> None:
    header = parse_long_header(RFC_INITIAL)
    assert header == LongHeader(VERSION_1, bytes.fromhex("8394c8f03e515708"), b"")
    assert parse_initial(RFC_INITIAL, header) == InitialPacket(
        VERSION_1, bytes.fromhex("8394c8f03e515708"), b"", b"", (18, 1200)
    )


def test_a_short_header_is_no_long_one() -> None:
    assert parse_long_header(b"\x40" + bytes(30)) is None


@given(st.integers(0x80, 0xFF), st.integers(0, 2**32 - 1), ids, ids, st.binary(max_size=9))
def test_long_headers_of_any_version_come_back(
    first: int, version: int, destination_id: bytes, source_id: bytes, rest: bytes
) -> None:
    packet = encode_long_header(first, version, destination_id, source_id) + rest
    assert parse_long_header(packet) == LongHeader(version, destination_id, source_id)


@pytest.mark.parametrize("length", range(len(RFC_INITIAL)))
def test_a_packet_cut_anywhere_raises_nothing(length: int) -> None:
    cut = RFC_INITIAL[:length]
    header = parse_long_header(cut)
    if header is not None:
        parse_initial(cut, header)


def test_a_source_id_that_ends_behind_the_packet_is_none() -> None:
    assert parse_long_header(bytes.fromhex("c0 00000001 00 05 01020304")) is None


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_none(data: bytes) -> None:
    header = parse_long_header(b"\xc0" + data)
    if header is not None:
        parse_initial(b"\xc0" + data, header)


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
@pytest.mark.parametrize("size", [0, 1, 63, 64, 300])
def test_tokens_of_each_size_are_read(version: int, size: int) -> None:
    first = 0xC0 if version == VERSION_1 else 0xD0
    head = encode_long_header(first, version, b"d" * 8, b"s" * 4)
    length = bytes((size,)) if size < 64 else (0x4000 | size).to_bytes(2, "big")
    packet = head + length + b"t" * size + b"\x05"
    header = parse_long_header(packet)
    assert header is not None
    payload = (len(packet), len(packet) + 5)
    assert parse_initial(packet, header) == InitialPacket(
        version, b"d" * 8, b"s" * 4, b"t" * size, payload
    )


@pytest.mark.parametrize(("token", "expected"), [(b"", False), (b"t", True), (b"t" * 60, True)])
def test_a_token_is_seen_at_a_glance(token: bytes, expected: bool) -> None:
    head = encode_long_header(0xC0, VERSION_1, b"d" * 8, b"s" * 4)
    assert has_token(head + bytes((len(token),)) + token) is expected


@given(st.binary(min_size=7, max_size=60))
def test_a_glance_at_any_bytes_is_no_failure(data: bytes) -> None:
    has_token(data)


def test_a_token_that_ends_behind_the_packet_is_none() -> None:
    packet = encode_long_header(0xC0, VERSION_1, b"d" * 8, b"") + b"\x05abcd"
    header = parse_long_header(packet)
    assert header is not None
    assert parse_initial(packet, header) is None


@pytest.mark.parametrize(
    ("first", "version"),
    [(0xD0, VERSION_1), (0xE0, VERSION_1), (0xF0, VERSION_1), (0xC0, VERSION_2), (0x80, VERSION_1)],
)
def test_other_packets_are_no_initial(first: int, version: int) -> None:
    packet = encode_long_header(first, version, b"d" * 8, b"") + bytes(20)
    header = parse_long_header(packet)
    assert header is not None
    assert parse_initial(packet, header) is None


def test_an_initial_of_an_unknown_version_is_none() -> None:
    packet = encode_long_header(0xC0, 0x0A0A0A0A, b"d" * 8, b"") + bytes(20)
    header = parse_long_header(packet)
    assert header is not None
    assert parse_initial(packet, header) is None


def test_an_id_longer_than_these_versions_allow_is_none() -> None:
    packet = encode_long_header(0xC0, VERSION_1, b"d" * 21, b"") + bytes(20)
    header = parse_long_header(packet)
    assert header is not None
    assert parse_initial(packet, header) is None


def test_version_negotiation_is_understood_by_others() -> None:
    header = LongHeader(0x0A0A0A0A, b"destination", b"source")
    packet = encode_version_negotiation(header, (VERSION_1, VERSION_2))
    read = pull_quic_header(Buffer(data=packet))
    assert read.packet_type is QuicPacketType.VERSION_NEGOTIATION
    assert (read.destination_cid, read.source_cid) == (b"source", b"destination")
    assert read.supported_versions == [VERSION_1, VERSION_2]


def test_packets_of_a_handshake_are_found_one_behind_the_other() -> None:
    initial = encode_long_header(0xC3, VERSION_1, b"original", b"client") + b"\x02to\x40\x64"
    handshake = encode_long_header(0xE3, VERSION_1, b"original", b"client") + b"\x05"
    datagram = initial + bytes(100) + handshake + bytes(5) + b"\x40short header"
    packets, end = parse_handshake_packets(datagram)
    middle, last = len(initial) + 100, len(datagram) - len(b"\x40short header")
    assert packets == [
        LongPacket(True, VERSION_1, b"original", b"client", 0, len(initial), middle),
        LongPacket(False, VERSION_1, b"original", b"client", middle, middle + len(handshake), last),
    ]
    assert end == last


@pytest.mark.parametrize(
    ("first", "version"),
    [
        (0xD3, VERSION_1),  # 0-RTT
        (0xF3, VERSION_1),  # Retry
        (0xE3, VERSION_2),  # 0-RTT
        (0xC3, VERSION_2),  # Retry
        (0x83, VERSION_1),  # without the fixed bit
        (0xC3, 0x1A2A3A4A),
    ],
)
def test_other_packets_among_them_make_none_of_them(first: int, version: int) -> None:
    whole = encode_long_header(0xE3, VERSION_1, b"original", b"client") + b"\x01\x00"
    other = encode_long_header(first, version, b"original", b"client") + b"\x01\x00"
    assert parse_handshake_packets(whole)[1] == len(whole)
    assert parse_handshake_packets(whole + other) == ([], 0)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_bytes_behind_a_long_header_are_found_or_not(data: bytes, cut: int) -> None:
    datagram = encode_long_header(0xE3, VERSION_1, b"original", b"client") + data
    packets, end = parse_handshake_packets(datagram[:cut])
    assert end <= cut
    assert all(each.start < each.number_at <= each.end <= end for each in packets)


@pytest.mark.parametrize("which", ["destination", "source"])
def test_ids_that_are_too_long_belong_to_no_packet_of_a_handshake(which: str) -> None:
    ids = (bytes(21), b"id") if which == "destination" else (b"id", bytes(21))
    datagram = encode_long_header(0xE3, VERSION_1, *ids) + b"\x01\x00"
    assert parse_handshake_packets(datagram) == ([], 0)
