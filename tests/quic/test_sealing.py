"""Protection for a whole flush together is the same as packet by packet."""

from __future__ import annotations

import pytest
from aioquic.quic.crypto import CryptoContext
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import CipherSuite

from h3producer.quic.aioquic.sealing import NUMBER_SIZE, OVERHEAD, first_byte, seal

PEER_ID = b"eightids"


def keys(
    cipher_suite: CipherSuite, *, version: int = QuicProtocolVersion.VERSION_1
) -> CryptoContext:
    context = CryptoContext()
    secret = bytes(48 if cipher_suite is CipherSuite.AES_256_GCM_SHA384 else 32)
    context.setup(cipher_suite=cipher_suite, secret=secret, version=version)
    return context


SUITES = pytest.mark.parametrize(
    "cipher_suite",
    [
        CipherSuite.AES_128_GCM_SHA256,
        CipherSuite.AES_256_GCM_SHA384,
        CipherSuite.CHACHA20_POLY1305_SHA256,
    ],
)


@SUITES
@pytest.mark.parametrize("number", [0, 254, 0xFFFE, 1 << 33])
def test_it_is_what_aioquic_would_have_sent(cipher_suite: CipherSuite, number: int) -> None:
    payloads = [b"ab", bytes(range(200)), b"c" * 1170]
    context = keys(cipher_suite)
    first = first_byte(False, 0)
    ours = seal(payloads, first, number, PEER_ID, context)
    stock = [
        context.encrypt_packet(
            bytes((first,)) + PEER_ID + (each & 0xFFFF).to_bytes(NUMBER_SIZE, "big"), payload, each
        )
        for each, payload in enumerate(payloads, number)
    ]
    assert ours == stock


@SUITES
def test_a_datagram_is_so_much_longer_than_its_frames(cipher_suite: CipherSuite) -> None:
    (datagram,) = seal([bytes(100)], first_byte(False, 0), 7, PEER_ID, keys(cipher_suite))
    assert len(datagram) == 100 + len(PEER_ID) + OVERHEAD


@SUITES
def test_a_peer_with_an_empty_id_reads_it(cipher_suite: CipherSuite) -> None:
    (datagram,) = seal([b"hello"], first_byte(False, 0), 7, b"", keys(cipher_suite))
    header, payload, number, _ = keys(cipher_suite).decrypt_packet(datagram, 1, 7)
    assert (header[0], payload, number) == (first_byte(False, 0), b"hello", 7)


def test_the_first_byte_says_spin_key_phase_and_length_of_the_number() -> None:
    """RFC 9000 §17.3.1: 01SRRKPP."""
    assert first_byte(False, 0) == 0b0100_0001
    assert first_byte(True, 0) == 0b0110_0001
    assert first_byte(False, 1) == 0b0100_0101
