"""What went over the wire, as far as packet headers tell: the pcap of the quic-interop-runner.

This file knows long headers of QUIC version 1 and 2, and short ones by their first bit. It refuses
to know keys, so what is counted is packets and their sizes. Its one rule: it sees each datagram
where it enters the network, before anything happens to it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.quic.limits import CONNECTION_ID_LENGTH
from h3producer.quic.packets import VERSION_1, VERSION_2

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Packet", "Trace"]

INITIAL, ZERO_RTT, HANDSHAKE, RETRY, ONE_RTT = "Initial", "0-RTT", "Handshake", "Retry", "1-RTT"
TYPES = {
    VERSION_1: (INITIAL, ZERO_RTT, HANDSHAKE, RETRY),
    VERSION_2: (RETRY, INITIAL, ZERO_RTT, HANDSHAKE),
}
OVERHEAD = 1 + 8 + 2 + 16
"""Octets of a 1-RTT packet around its payload: first byte, id, number and tag."""


@dataclass(frozen=True)
class Packet:
    """One packet, as its header has it."""

    to_server: bool
    kind: str
    version: int = 0
    source_id: bytes = b""
    token: bytes = b""
    size: int = 0
    destination_id: bytes = b""
    """Of a 1-RTT packet to the server, whose ids all have the same length."""


class Trace:
    """All packets of one test case."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def add(self, to_server: bool, datagram: bytes) -> None:
        """Take note of a datagram."""
        self.packets += _packets(to_server, datagram)

    def of(self, kind: str, *, to_server: bool) -> list[Packet]:
        """The packets of a type in one direction."""
        return [each for each in self.packets if each.kind == kind and each.to_server is to_server]

    @property
    def handshakes(self) -> int:
        """How many there were: the server has an id for each."""
        return len({each.source_id for each in self.of(HANDSHAKE, to_server=False)})

    @property
    def handshake_sizes(self) -> list[int]:
        """Octets of Handshake packets from the server, by handshake: a certificate is large."""
        sizes: Counter[bytes] = Counter()
        for each in self.of(HANDSHAKE, to_server=False):
            sizes[each.source_id] += each.size
        return list(sizes.values())

    @property
    def retries(self) -> set[bytes]:
        """The tokens of Retry packets."""
        return {each.token for each in self.of(RETRY, to_server=False)}

    @property
    def tokens(self) -> set[bytes]:
        """The tokens that the client gave back."""
        return {each.token for each in self.of(INITIAL, to_server=True)} - {b""}

    def versions(self, kind: str, *, to_server: bool) -> set[int]:
        """The versions of these packets."""
        return {each.version for each in self.of(kind, to_server=to_server)}

    @property
    def destinations(self) -> set[bytes]:
        """The ids that 1-RTT packets of the client were for."""
        return {each.destination_id for each in self.of(ONE_RTT, to_server=True)}

    def size(self, kind: str) -> int:
        """Octets that the client sent in packets of a type."""
        return sum(each.size for each in self.of(kind, to_server=True))


def _packets(to_server: bool, data: bytes) -> Iterator[Packet]:
    while data:
        if not data[0] & 0x80:
            end = 1 + CONNECTION_ID_LENGTH
            yield Packet(to_server, ONE_RTT, size=len(data) - OVERHEAD, destination_id=data[1:end])
            return
        version = int.from_bytes(data[1:5], "big")
        if version not in TYPES:
            return
        kind = TYPES[version][data[0] >> 4 & 3]
        at = 6 + data[5]
        source_id, at = data[at + 1 : at + 1 + data[at]], at + 1 + data[at]
        token = b""
        if kind == RETRY:
            yield Packet(to_server, kind, version, source_id, data[at:-16])
            return
        if kind == INITIAL:
            size, at = _varint(data, at)
            token, at = data[at : at + size], at + size
        size, at = _varint(data, at)
        yield Packet(to_server, kind, version, source_id, token, size)
        data = data[at + size :].lstrip(b"\0")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    end = at + (1 << (data[at] >> 6))
    value = int.from_bytes(data[at:end], "big")
    return value & (1 << 8 * (end - at) - 2) - 1, end
