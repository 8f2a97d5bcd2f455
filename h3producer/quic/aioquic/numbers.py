"""Packet numbers: some are skipped, none is acknowledged that was not sent, keys do not wear out.

This file knows how many packets we have sent. It refuses to know what is in them. aioquic 1.7.2
takes any acknowledgement as it comes: one for the highest number there is declares all that is in
flight lost, and one that runs ahead of the data makes the congestion window grow without a path
that carries it (RFC 9000 §21.4).

Its one rule: a packet costs nothing here. Counting is one comparison per flush, and an ACK frame is
read twice only after a number was skipped, and then as far as there.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnection, QuicConnectionError
from aioquic.quic.packet import QuicErrorCode, QuicFrameType
from aioquic.tls import Epoch

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicReceiveContext

    from h3producer.quic.aioquic.internals import Buffer

__all__ = ["NumberedConnection", "skip_ack"]

FIRST_SKIP = 256
"""Packets until a number is skipped. Each time it takes twice as many: the gap makes each ACK of
the client two bytes longer for a while, and only long transfers are worth the attack."""

MAX_SKIP = 128 * 1024
"""Packets after which a number is skipped at the latest."""

KEY_LIFETIME = 2**22
"""Packets that are protected with one set of keys: half of what AES-GCM permits, so that those
which leave before the update is done are counted, too."""

ACKS_PER_PACKET = 2
"""ACK frames of one packet that are looked at. Nobody needs more than one. Each is held against all
that is in flight: the 230 that fit a packet took 7 ms of a download of 8 MB."""


class NumberedConnection(QuicConnection):
    """A QuicConnection that counts what it sends."""

    next_count = FIRST_SKIP
    """The packet number at which `count` has something to do."""
    next_keys = KEY_LIFETIME
    skip_period = FIRST_SKIP
    keys_since = 0
    """The first number under the keys that we changed to last."""
    skipped = -1
    """The last number that was never used."""
    ack_context: QuicReceiveContext | None = None
    """The packet that the last ACK frame came in, as aioquic knows it."""
    acks_left = 0
    """How many more of this packet count."""

    def count(self) -> None:
        """Skip a number, and change keys in time; to be called between packets."""
        # RFC 9001 §6.6: "Endpoints MUST initiate a key update before sending more protected
        # packets than the confidentiality limit for the selected AEAD permits."
        if self._packet_number >= self.next_keys:
            self.request_key_update()
            self.next_keys = self._packet_number + KEY_LIFETIME
        # RFC 9000 §21.4: "An endpoint MAY skip packet numbers when sending packets to detect this
        # behavior", which is to acknowledge what has not come.
        self.skipped = self._packet_number
        self._packet_number += 1
        self.skip_period = min(2 * self.skip_period, MAX_SKIP)
        distance = random.randrange(self.skip_period // 2, self.skip_period)
        self.next_count = min(self._packet_number + distance, self.next_keys)

    def request_key_update(self) -> None:
        # RFC 9001 §6.1: "An endpoint MUST NOT initiate a subsequent key update unless it has
        # received an acknowledgment for a packet that was sent protected with keys from the
        # current key phase." A peer that missed all of these could not read what follows, for ever.
        if self._handshake_confirmed:
            if self._spaces[Epoch.ONE_RTT].largest_acked_packet < self.keys_since:
                return
            self.keys_since = self._packet_number
        super().request_key_update()

    def _handle_ack_frame(self, context: QuicReceiveContext, frame_type: int, buf: Buffer) -> None:
        if context is not self.ack_context:
            self.ack_context, self.acks_left = context, ACKS_PER_PACKET
        self.acks_left -= 1
        if self.acks_left < 0:
            skip_ack(frame_type, buf)
            return
        honest = self.skipped < 0 or not self.acknowledges_skipped(buf)
        super()._handle_ack_frame(context, frame_type, buf)
        # RFC 9000 §13.1: "An endpoint SHOULD treat receipt of an acknowledgment for a packet it
        # did not send as a connection error of type PROTOCOL_VIOLATION".
        largest = self._spaces[context.epoch].largest_acked_packet
        if not honest or largest >= self._packet_number:
            raise QuicConnectionError(
                error_code=QuicErrorCode.PROTOCOL_VIOLATION,
                frame_type=frame_type,
                reason_phrase="ACK of a packet that was not sent",
            )

    def acknowledges_skipped(self, buf: Buffer) -> bool:
        """Whether one of the ranges covers the number that we left out last."""
        start = buf.tell()
        largest = buf.pull_uint_var()
        buf.pull_uint_var()  # the delay
        ranges = buf.pull_uint_var()
        smallest = largest - buf.pull_uint_var()
        while smallest > self.skipped and ranges:
            largest = smallest - buf.pull_uint_var() - 2
            smallest = largest - buf.pull_uint_var()
            ranges -= 1
        buf.seek(start)
        return smallest <= self.skipped <= largest


def skip_ack(frame_type: int, buf: Buffer) -> None:
    """Read over an ACK frame (RFC 9000 §19.3)."""
    buf.pull_uint_var()
    buf.pull_uint_var()
    fields = 1 + 2 * buf.pull_uint_var()
    if frame_type == QuicFrameType.ACK_ECN:
        fields += 3
    for _ in range(fields):
        buf.pull_uint_var()
