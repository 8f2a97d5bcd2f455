"""How large a message may get, and permessage-deflate: both as extensions of wsproto.

This file knows when a message is too large: as soon as its frames announce it, and, if it is
compressed, while it is inflated, of which a kilobyte may be a megabyte. It refuses to know what
is in a message. Its one rule: no byte beyond the bound is ever made.

The bound of a message is `ws_max_size`. A client has a hundred streams, so what all its sockets
hold of messages that are not whole, or large and not yet received, has a bound as well: as much as
`MESSAGES_OF_A_CONNECTION` of the largest.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.frame_protocol import CloseReason, Opcode, RsvBits

if TYPE_CHECKING:
    from wsproto.frame_protocol import FrameDecoder, FrameProtocol

    from h3producer.http3.transport import QuicTransport

__all__ = [
    "LARGE_MESSAGE",
    "MESSAGES_OF_A_CONNECTION",
    "Allowance",
    "BoundedDeflate",
    "MessageBound",
    "allowance_of",
]

MESSAGES_OF_A_CONNECTION: Final = 2
"""Times `ws_max_size`: what all sockets of one connection may hold. Who uploads several of the
largest messages at once, on as many sockets, needs a larger `ws_max_size`."""

LARGE_MESSAGE: Final = 64 * 1024
"""Bytes of a message that counts until it is received; a smaller one is the inbox's to bound."""


class Allowance:
    """What all sockets of one connection may hold, in bytes."""

    __slots__ = ("__weakref__", "left")

    def __init__(self, limit: int) -> None:
        self.left = limit


_allowances: WeakKeyDictionary[QuicTransport, Allowance] = WeakKeyDictionary()


def allowance_of(transport: QuicTransport, max_size: int) -> Allowance:
    """The allowance of a connection, made when its first socket is."""
    allowance = _allowances.get(transport)
    if allowance is None:
        allowance = _allowances[transport] = Allowance(MESSAGES_OF_A_CONNECTION * max_size)
    return allowance


class MessageBound(Extension):
    """The bound of what one socket receives; it is not negotiated, and changes nothing."""

    name = "bound"

    def __init__(self, max_size: int, allowance: Allowance) -> None:
        self._max_size = max_size
        self._allowance = allowance
        self._size = 0
        """Bytes of the message so far, as they are once inflated."""
        self._announced = 0
        """Those of them that a header has announced of which nothing has followed."""
        self._is_compressed = False
        self._is_in_message = False
        self.held = 0
        """Bytes of the last whole message that count until somebody gives them back."""

    def enabled(self) -> bool:
        return True

    def offer(self) -> bool | str:
        return False

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,
    ) -> CloseReason | RsvBits:
        """Refuse a frame that is too large before any of it has come."""
        # wsproto asks again if the mask had not come yet.
        self._size -= self._announced
        self._allowance.left += self._announced
        self._announced = 0
        self._is_in_message = not opcode.iscontrol()
        if self._is_in_message:
            if opcode is not Opcode.CONTINUATION:
                self._is_compressed = rsv.rsv1
            if not self._is_compressed:
                if not self.take(payload_length):
                    return CloseReason.MESSAGE_TOO_BIG
                self._announced = payload_length
        return RsvBits(False, False, False)

    def frame_inbound_payload_data(
        self, proto: FrameDecoder | FrameProtocol, data: bytes
    ) -> bytes | CloseReason:
        self._announced = 0
        return data

    def frame_inbound_complete(
        self, proto: FrameDecoder | FrameProtocol, fin: bool
    ) -> bytes | CloseReason | None:
        if fin and self._is_in_message:
            self.held = self._size if self._size > LARGE_MESSAGE else 0
            self._allowance.left += self._size - self.held
            self._size = 0
        return None

    @property
    def room(self) -> int:
        """Bytes that the message may still grow by."""
        return min(self._max_size - self._size, self._allowance.left)

    def take(self, size: int) -> bool:
        """The message grows; False if it may not."""
        if size > self.room:
            return False
        self._size += size
        self._allowance.left -= size
        return True

    def give_back(self, held: int) -> None:
        """A message that `held` so much was received, or will never be."""
        self._allowance.left += held

    def release(self) -> None:
        """Nobody waits for the rest of the message."""
        self.give_back(self._size)
        self._size = 0


class BoundedDeflate(PerMessageDeflate):
    """wsproto's permessage-deflate (RFC 7692), which inflates no more than may come of it.

    Stands in front of its `MessageBound` in wsproto's list, so that a message is whole when that
    is told so.
    """

    def __init__(self, bound: MessageBound) -> None:
        super().__init__()
        self._bound = bound

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,
    ) -> CloseReason | RsvBits:
        """As wsproto, for which a PING in the middle of a message ends its compression."""
        if not opcode.iscontrol():
            return super().frame_inbound_header(proto, opcode, rsv, payload_length)
        self._inbound_is_compressible = False
        return RsvBits(False, False, False)

    def frame_inbound_payload_data(
        self, proto: FrameDecoder | FrameProtocol, data: bytes
    ) -> bytes | CloseReason:
        if not (self._inbound_compressed and self._inbound_is_compressible):
            return data
        return self._inflate(data)

    def frame_inbound_complete(
        self, proto: FrameDecoder | FrameProtocol, fin: bool
    ) -> bytes | CloseReason | None:
        if not self._inbound_is_compressible or not fin:
            return None
        rest: bytes | CloseReason | None = None
        if self._inbound_compressed:
            # RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the
            # payload of the message."
            rest = self._inflate(b"\x00\x00\xff\xff")
            # A client may flush by ending the stream of blocks (§7.2.3.4): another begins.
            if self.client_no_context_takeover or self._has_ended():
                self._decompressor = None
        self._inbound_compressed = None
        return rest

    def _inflate(self, data: bytes) -> bytes | CloseReason:
        inflater = self._decompressor
        assert inflater is not None, "the header of the frame has made one"
        room = self._bound.room
        try:
            # Never 0, which for zlib is no bound at all.
            inflated = inflater.decompress(data, room + 1)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        if not self._bound.take(len(inflated)):
            return CloseReason.MESSAGE_TOO_BIG
        return inflated

    def _has_ended(self) -> bool:
        return self._decompressor is not None and self._decompressor.eof
