"""Capsules: what two ends of a tunnel say to each other on its stream (RFC 9297 §3).

This file knows the layout of a capsule, type, length and value, and a reader that takes bytes as
they come. It refuses to know what a capsule means. Its one rule: nothing is kept that was not
asked for. A value is held up to the bound of its type; what is longer, or of a type that nobody
knows, is counted away byte by byte, however long it says it is.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from h3producer.wire.varint import encode_varint, pull_varint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CapsuleReader", "CapsuleType", "encode_capsule"]


class CapsuleType(IntEnum):
    """Types that we know (RFC 9297 §3.5, draft-ietf-webtrans-http3 §4.7 and §6)."""

    DATAGRAM = 0x00
    """An HTTP Datagram on the stream itself, where it is not lost."""
    CLOSE_WEBTRANSPORT_SESSION = 0x2843
    DRAIN_WEBTRANSPORT_SESSION = 0x78AE


def encode_capsule(capsule_type: int, value: bytes = b"") -> bytes:
    """A whole capsule (RFC 9297 §3.2)."""
    return encode_varint(capsule_type) + encode_varint(len(value)) + value


class CapsuleReader:
    """Cuts the bytes of one tunnel into capsules, however they are chunked."""

    __slots__ = ("_held", "_is_held", "_limits", "_remaining", "_type")

    def __init__(self, limits: Mapping[int, int]) -> None:
        """`limits` has the types that are wanted, and the bytes of a value of each at most."""
        self._limits = limits
        self._type = 0
        self._remaining = 0  # bytes of the current value still to come
        self._is_held = False  # whether they are wanted
        self._held = bytearray()  # a cut header, or the value so far

    @property
    def at_boundary(self) -> bool:
        """Whether the bytes taken so far end where a capsule ends.

        RFC 9297 §3.3: a stream that ends elsewhere is malformed.
        """
        return not (self._remaining or self._held)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes | None]]:
        """Take the next bytes, and give what they complete, lazily and in order.

        (type, value) for a capsule that is wanted, once it is whole; (type, None) for any other,
        as soon as its header is there. To be iterated to the end before the next `feed`.
        """
        # RFC 9297 §3.2: "Endpoints that receive a Capsule with an unknown Capsule Type MUST
        # silently drop that Capsule and skip over it to parse the next Capsule."
        offset, size = 0, len(data)
        while offset < size or self._is_held:
            if self._remaining or self._is_held:
                end = min(offset + self._remaining, size)
                self._remaining -= end - offset
                if self._is_held:
                    self._held += data[offset:end]
                    if self._remaining:
                        return
                    self._is_held = False
                    yield self._type, self._take_held()
                offset = end
                continue
            # One byte at a time: a capsule is rare, and its header short.
            self._held.append(data[offset])
            offset += 1
            if self._pull_header():
                self._held.clear()
                limit = self._limits.get(self._type)
                self._is_held = limit is not None and self._remaining <= limit
                if not self._is_held:
                    yield self._type, None

    def _pull_header(self) -> bool:
        """Whether the header is complete with the bytes that are held."""
        head = bytes(self._held)
        capsule_type = pull_varint(head, 0)
        length = capsule_type and pull_varint(head, capsule_type[1])
        if not capsule_type or not length:
            return False
        self._type, self._remaining = capsule_type[0], length[0]
        return True

    def _take_held(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held
