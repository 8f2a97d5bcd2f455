"""First packets are checked with keys that anybody can derive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.keys.initial_keys import authenticate, client_keys
from h3producer.quic.packets import (
    VERSION_1,
    VERSION_2,
    InitialPacket,
    encode_long_header,
    parse_initial,
    parse_long_header,
)
from tests.pair import Client


def first_packet(version: int) -> bytes:
    client = Client(versions=[version])
    client.quic.connect(("192.0.2.2", 443), 0.0)
    return client.take(0.0)[0]


def parsed(datagram: bytes) -> InitialPacket:
    header = parse_long_header(datagram)
    assert header is not None
    initial = parse_initial(datagram, header)
    assert initial is not None
    return initial


def test_the_keys_are_those_of_the_rfc() -> None:
    """RFC 9001 §A.1."""
    key, iv, protection_key = client_keys(VERSION_1, bytes.fromhex("8394c8f03e515708"))
    assert key.hex() == "1f369613dd76d5467730efcbe3b1a22d"
    assert iv.hex() == "fa044b2f42a3fd3b46fb255c"
    assert protection_key.hex() == "9f50449e04a0e810283a1e9933adedd2"


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_what_a_client_sends_is_authentic(version: int) -> None:
    datagram = first_packet(version)
    assert authenticate(datagram, parsed(datagram)) is not None


@pytest.mark.parametrize("place", [0, 7, 20, 30, 100])
def test_a_bit_that_is_wrong_makes_noise_of_it(place: int) -> None:
    datagram = bytearray(first_packet(VERSION_1))
    datagram[place] ^= 1
    assert authenticate(bytes(datagram), parsed(bytes(datagram))) is None


def test_what_does_not_belong_to_the_packet_is_not_looked_at() -> None:
    """A client pads the datagram behind it, or puts another packet there (RFC 9000 §12.2)."""
    datagram = first_packet(VERSION_1)
    end = parsed(datagram).payload[1]
    changed = datagram[:end] + b"x" * 100
    assert authenticate(changed, parsed(changed)) is not None


@given(st.binary(max_size=60), st.sampled_from([0, 1200]))
def test_any_bytes_are_no_packet(data: bytes, size: int) -> None:
    head = encode_long_header(0xC3, VERSION_1, b"original", b"client") + b"\x00"
    datagram = (head + data).ljust(size, b"\x00")
    header = parse_long_header(datagram)
    assert header is not None
    initial = parse_initial(datagram, header)
    assert initial is None or authenticate(datagram, initial) is None
