"""Packets become datagrams: both protections of a 1-RTT packet, for a whole flush together.

This file knows the short header and what covers it (RFC 9001 §5). It refuses to know frames, and
which packets there are. Its one rule: the header protection of a flush is one call of AES, since a
call costs as much as forty blocks; ChaCha20 has a key stream for each packet and goes one by one.
"""

# ruff: noqa: SLF001 - it does what aioquic's CryptoContext does, with its keys

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aioquic.quic.crypto import CryptoContext

__all__ = ["NUMBER_SIZE", "OVERHEAD", "first_byte", "seal"]

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
