"""Packets become datagrams: both protections of a packet, of 1-RTT packets for a flush together.

This file knows the short header, that of Initial and Handshake packets, and what covers them (RFC
9001 §5). It refuses to know frames, and which packets there are. Its one rule: the header
protection of a flush is one call of AES, since a call costs as much as forty blocks; ChaCha20 has a
key stream for each packet and goes one by one.
"""

# ruff: noqa: SLF001 - it does what aioquic's CryptoContext does, with its keys

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.packet import QuicPacketType, encode_long_header_first_byte

from h3producer.quic.packets import VERSION_1, VERSION_2, encode_long_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aioquic.quic.crypto import CryptoContext

__all__ = ["NUMBER_SIZE", "OVERHEAD", "LongHeader", "first_byte", "seal"]

NUMBER_SIZE = 2
"""Bytes of a packet number, as in aioquic: good for 2^15 packets in flight, 39 MB."""

_TAG_SIZE = 16
_SAMPLE = slice(4 - NUMBER_SIZE, 20 - NUMBER_SIZE)

OVERHEAD = 1 + NUMBER_SIZE + _TAG_SIZE
"""Bytes of a datagram that are neither frames nor connection id."""


def first_byte(spin_bit: bool, key_phase: int) -> int:
    """A short header's first byte before its protection (RFC 9000 §17.3.1)."""
    return 0x40 | spin_bit << 5 | key_phase << 2 | NUMBER_SIZE - 1


def seal(
    payloads: Sequence[bytes], first: int, number: int, peer_id: bytes, crypto: CryptoContext
) -> list[bytes]:
    """Datagrams with these payloads, of two bytes each at least, numbered from `number` on.

    `first` is the `first_byte` of all of them.
    """
    assert crypto.aead is not None
    assert crypto.hp is not None
    encrypt, iv = crypto.aead._aead.encrypt, crypto.aead._iv
    start = bytes((first,)) + peer_id
    headers = []
    bodies = []
    for each, payload in enumerate(payloads, number):
        header = start + (each & 0xFFFF).to_bytes(NUMBER_SIZE, "big")
        headers.append(header)
        bodies.append(encrypt((iv ^ each).to_bytes(12, "big"), payload, header))
    if crypto.hp._is_chacha20:
        return list(map(crypto.hp.apply, headers, bodies))
    masks = crypto.hp._encryptor.update(b"".join([body[_SAMPLE] for body in bodies]))
    datagrams = []
    at = 0
    for each, body in enumerate(bodies, number):
        # RFC 9001 §5.4.1: five bits of the first byte of a short header, and the packet number.
        covered = (each & 0xFFFF) ^ (masks[at + 1] << 8 | masks[at + 2])
        datagrams.append(
            b"%c%b%b%b"
            % (first ^ masks[at] & 0x1F, peer_id, covered.to_bytes(NUMBER_SIZE, "big"), body)
        )
        at += 16
    return datagrams


_LONG_FIRST_BYTES = {
    (packet_type is QuicPacketType.INITIAL, version): encode_long_header_first_byte(
        version, packet_type, NUMBER_SIZE - 1
    )
    for packet_type in (QuicPacketType.INITIAL, QuicPacketType.HANDSHAKE)
    for version in (VERSION_1, VERSION_2)
}


class LongHeader:
    """What Initial packets, or else Handshake packets, of a server begin with."""

    __slots__ = ("_first", "_start")

    def __init__(self, is_initial: bool, version: int, peer_id: bytes, host_id: bytes) -> None:
        self._first = _LONG_FIRST_BYTES[is_initial, version]
        start = encode_long_header(self._first, version, peer_id, host_id)
        self._start = start + b"\0" if is_initial else start  # no token: it is the client's to have

    @property
    def overhead(self) -> int:
        """Bytes of a packet that are not frames; its length takes two."""
        return len(self._start) + 2 + NUMBER_SIZE + _TAG_SIZE

    def seal(self, number: int, payload: bytes, crypto: CryptoContext) -> bytes:
        """A packet with this payload, of two bytes at least."""
        assert crypto.aead is not None
        assert crypto.hp is not None
        length = NUMBER_SIZE + len(payload) + _TAG_SIZE | 0x4000
        header = self._start + length.to_bytes(2, "big")
        low = number & 0xFFFF
        nonce = (crypto.aead._iv ^ number).to_bytes(12, "big")
        plain_header = header + low.to_bytes(NUMBER_SIZE, "big")
        body = crypto.aead._aead.encrypt(nonce, payload, plain_header)
        mask = crypto.hp._mask(body[_SAMPLE])
        # RFC 9001 §5.4.1: four bits of the first byte of a long header, and the packet number.
        first = self._first ^ mask[0] & 0x0F
        covered = (low ^ (mask[1] << 8 | mask[2])).to_bytes(NUMBER_SIZE, "big")
        return b"%c%b%b%b" % (first, header[1:], covered, body)
