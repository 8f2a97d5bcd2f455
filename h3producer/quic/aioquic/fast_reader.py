"""Received packets, the short way: short headers with STREAM and ACK frames, and PADDING and PING.

This file knows what aioquic 1.7.2 does for the ordinary packet of an open connection, and does
just that. It refuses to know anything else: long headers, other keys, other paths and ids, other
frames, and whatever breaks a rule, are aioquic's own to handle.

Its one rule: a datagram is declined before anything has happened, and from its first frame that is
not ordinary on a packet belongs to aioquic's `_payload_received`. So nothing is done twice or by
halves, and every error is aioquic's.
"""

# ruff: noqa: SLF001 - it does what aioquic's connections, streams and keys do

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic import events
from aioquic.quic.connection import (
    QuicConnectionError,
    QuicConnectionState,
    QuicReceiveContext,
)
from aioquic.quic.packet import decode_packet_number
from aioquic.quic.recovery import MAX_ACK_RANGES
from aioquic.tls import Epoch
from cryptography.exceptions import InvalidTag

from h3producer.quic.aioquic.fast_acks import FastAckingConnection
from h3producer.quic.aioquic.fast_timer import FastTimerConnection
from h3producer.quic.aioquic.gathering import GatheringConnection
from h3producer.quic.aioquic.internals import IS_KNOWN_RELEASE, Buffer, BufferReadError
from h3producer.quic.aioquic.numbers import ACKS_PER_PACKET
from h3producer.quic.aioquic.request_streams import RequestStream
from h3producer.quic.aioquic.resetting import ResettableConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from aioquic.quic.connection import NetworkAddress
    from aioquic.quic.crypto import CryptoContext
    from aioquic.quic.recovery import QuicPacketSpace
    from aioquic.quic.stream import QuicStream

    from h3producer.quic.aioquic.gathering import Arrived

__all__ = ["FastReadingConnection"]

_CONNECTED = QuicConnectionState.CONNECTED
"""Members of an enumeration are looked up in a roundabout way."""

SAMPLE_END = 20
"""Bytes after the packet number's first that a packet has at least (RFC 9001 §5.4.2)."""


class _Keys:
    """What opens a packet: the parts of aioquic's crypto context, looked up once."""

    __slots__ = ("aead", "context", "iv", "mask", "open", "phase_bit", "space")

    def __init__(self, context: CryptoContext, space: QuicPacketSpace) -> None:
        assert context.aead is not None
        assert context.hp is not None
        protection = context.hp
        self.context = context
        self.space = space
        self.aead = context.aead
        self.open: Callable[[bytes, bytes, bytes], bytes] = self.aead._aead.decrypt
        self.iv = self.aead._iv
        is_aes = not protection._is_chacha20
        self.mask: Callable[[bytes], bytes]
        self.mask = protection._encryptor.update if is_aes else protection._mask
        self.phase_bit = context.key_phase << 2


class FastReadingConnection(
    FastAckingConnection, FastTimerConnection, GatheringConnection, ResettableConnection
):
    """A QuicConnection with a short way for the packets that make up nearly all traffic."""

    reads_fast = IS_KNOWN_RELEASE
    keys: _Keys | None = None
    """Those of the last packet; None while the handshake is not confirmed."""
    heard_at: float | None = None
    """When the last packet of this turn was taken in; what follows from that is left to its end."""

    # Packets

    def read(self, data: bytes, addr: NetworkAddress, now: float, more: bool) -> bool:
        """Take in an ordinary packet; False, and nothing has happened, for any other datagram.

        With `more`, the next call is this again or `finish_reading`.
        """
        if self._state is not _CONNECTED or self._close_pending:
            return False
        keys = self.keys
        if keys is None or keys.context.aead is not keys.aead:
            keys = self.keys = self.learn_keys()
        path = self._network_paths[0]
        if keys is None or path.addr != addr or not path.is_validated:
            return False

        # RFC 9000 §17.3.1: form 0, fixed bit 1; the id; then what header protection covers.
        host_id = self.host_cid
        start = 1 + len(host_id)
        if len(data) < start + SAMPLE_END or data[0] & 0xC0 != 0x40 or data[1:start] != host_id:
            return False
        mask = keys.mask(data[start + 4 : start + SAMPLE_END])
        first = data[0] ^ mask[0] & 0x1F
        if first & 0x1C != keys.phase_bit:  # or reserved bits
            return False
        size = (first & 3) + 1
        end = start + size
        truncated = int.from_bytes(data[start:end]) ^ int.from_bytes(mask[1 : 1 + size])
        space = keys.space
        number = decode_packet_number(truncated, 8 * size, space.expected_packet_number)
        header = bytes((first,)) + host_id + truncated.to_bytes(size)
        try:
            payload = keys.open((keys.iv ^ number).to_bytes(12), data[end:], header)
        except InvalidTag:
            return not self.is_reset(data)  # then it is nobody's
        # RFC 9000 §12.3: "A receiver MUST discard a newly unprotected packet unless it is certain
        # that it has not processed another packet with the same packet number".
        if number > space.largest_received_packet or number not in space.received_packets:
            if number > space.expected_packet_number:
                space.expected_packet_number = number + 1
            if number > self._spin_highest_pn:
                self._spin_bit = bool(first & 0x20) is not self._is_client
                self._spin_highest_pn = number
            self.read_payload(payload, number, now, more)
        return True

    def learn_keys(self) -> _Keys | None:
        """The keys of 1-RTT packets; None while packets may still change more than is done here."""
        if not self._handshake_confirmed:
            return None
        # RFC 9001 §4.9.3: the first 1-RTT packet is the end of 0-RTT keys; aioquic sees to that.
        if self._cryptos[Epoch.ZERO_RTT].recv.is_valid():
            return None
        return _Keys(self._cryptos[Epoch.ONE_RTT].recv, self._spaces[Epoch.ONE_RTT])

    def finish_reading(self) -> None:
        """Make up for what the packets of this turn have left to its end."""
        if self.heard_at is not None:
            self._close_at = self.heard_at + self._idle_timeout()
            self.heard_at = None
        if self.gathered:
            self.tell_gathered()

    def read_payload(self, payload: bytes, number: int, now: float, more: bool) -> None:
        """Take in the frames of a packet that is new, and count it as received."""
        assert self.keys is not None
        space = self.keys.space
        arrived: Arrived = []
        is_ack_eliciting = False
        try:
            is_ack_eliciting = self.read_frames(payload, arrived, space, now)
        except QuicConnectionError as error:
            self._logger.warning(error)
            self.close(error.error_code, error.frame_type, error.reason_phrase)
        if self._state is not _CONNECTED or self._close_pending:
            return

        if more:
            self.heard_at = now
        else:
            self._close_at = now + self._idle_timeout()
        self._ack_eliciting_sent_since_receipt = False
        if number > space.largest_received_packet:
            space.largest_received_packet = number
            space.largest_received_time = now
        space.received_packets.add(number)
        to_acknowledge = space.ack_queue
        ranges = to_acknowledge._RangeSet__ranges  # type: ignore[attr-defined]
        if ranges and ranges[-1].stop == number:
            ranges[-1] = range(ranges[-1].start, number + 1)
        else:
            to_acknowledge.add(number)
            if len(ranges) > MAX_ACK_RANGES:
                to_acknowledge.shift()
        if is_ack_eliciting and space.ack_at is None:
            space.ack_at = now + self._ack_delay

        if more:
            self.gather(arrived)
        else:
            for stream_id, data, end_stream in arrived:
                self.data_arrived(stream_id, data, end_stream)

    # Frames

    def read_frames(
        self, payload: bytes, arrived: Arrived, space: QuicPacketSpace, now: float
    ) -> bool:
        """Do what the frames ask for; return whether the packet wants to be acknowledged.

        Raises `QuicConnectionError` where aioquic does.
        """
        buf = Buffer(data=payload)
        start, end = 0, len(payload)
        acks_left = ACKS_PER_PACKET
        is_ack_eliciting = False
        while start < end:
            try:
                frame_type = buf.pull_uint_var()
                if 0x08 <= frame_type <= 0x0F:
                    is_ordinary = self.read_stream(buf, frame_type, arrived)
                elif frame_type == 0x02 and acks_left:
                    is_ordinary = self.read_ack(buf, space, now)
                else:
                    is_ordinary = frame_type <= 0x01
            except BufferReadError:
                is_ordinary = False
            if not is_ordinary:
                break
            start = buf.tell()
            if frame_type == 0x02:
                acks_left -= 1
            elif frame_type == 0x00:
                start = end - len(payload[start:].lstrip(b"\0"))
                buf.seek(start)
            else:
                is_ack_eliciting = True
        if start < end or not end:
            rest = self.read_rest(payload[start:], arrived, acks_left, now)
            return rest or is_ack_eliciting
        return is_ack_eliciting

    def read_rest(self, payload: bytes, arrived: Arrived, acks_left: int, now: float) -> bool:
        """Leave the frames from here on to aioquic; what arrived before them comes first."""
        self.note_gathered()
        for stream_id, data, end_stream in arrived:
            event = events.StreamDataReceived(data=data, end_stream=end_stream, stream_id=stream_id)
            self._events.append(event)
        arrived.clear()
        context = QuicReceiveContext(
            epoch=Epoch.ONE_RTT,
            host_cid=self.host_cid,
            network_path=self._network_paths[0],
            quic_logger_frames=[],  # `own_packets.py` has told all frames of the packet
            time=now,
            version=None,
        )
        self.ack_context, self.acks_left = context, acks_left
        is_ack_eliciting, _ = self._payload_received(context, payload)
        return is_ack_eliciting

    def read_stream(self, buf: Buffer, frame_type: int, arrived: Arrived) -> bool:
        """Take in a STREAM frame; False, and nothing has happened, if it is not ordinary.

        That is one that continues its stream, or the next stream of a client, within all limits.
        `buf` stands behind the frame's type. Raises `BufferReadError` if it is cut off.
        """
        pull = buf.pull_uint_var
        stream_id = pull()
        offset = pull() if frame_type & 4 else 0
        count = pull() if frame_type & 2 else buf.capacity - buf.tell()
        data = buf.pull_bytes(count)
        stop = offset + count
        limit = self._local_max_data
        if limit.used + count > limit.value:
            return False
        stream = self._streams.get(stream_id)
        if stream is None:
            if offset or count > self._local_max_stream_data_bidi_remote:
                return False
            stream = self.open_next(stream_id)
            if stream is None:
                return False
            receiver = stream.receiver
        else:
            receiver = stream.receiver
            if (
                receiver.is_finished
                or receiver.highest_offset != offset
                or receiver._buffer_start != offset
                or stop > stream.max_stream_data_local
            ):
                return False
        limit.used += count
        receiver.highest_offset = receiver._buffer_start = stop
        end_stream = frame_type & 1 == 1
        if end_stream:
            receiver._final_size = stop
            receiver.is_finished = True
        if count or end_stream:
            arrived.append((stream_id, data, end_stream))
        return True

    def open_next(self, stream_id: int) -> QuicStream | None:
        """The client's next bidirectional stream; None if that is another, or it has no right."""
        limit = self._local_max_streams_bidi
        if self._is_client or stream_id != 4 * limit.used or limit.used >= limit.value:
            return None
        stream = RequestStream(
            stream_id,
            self._local_max_stream_data_bidi_remote,
            self._remote_max_stream_data_bidi_local,
        )
        self._streams[stream_id] = stream
        self._streams_queue.append(stream)
        limit.used += 1
        return stream
