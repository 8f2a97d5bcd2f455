"""Packets of a handshake, the short way: Initial and Handshake packets as most clients send them.

This file knows what aioquic 1.7.2 does for a datagram that begins with such packets, and does just
that. It refuses to know TLS, and anything else: 0-RTT, Retry, other versions, ids and addresses,
and what comes behind the handshake, are aioquic's own to handle.

Its one rule: as in `fast_reader.py`, a datagram is declined before anything has happened, and from
its first frame that is not ordinary on a packet belongs to aioquic's `_payload_received`.
"""

# ruff: noqa: SLF001 - it does what aioquic's connections and keys do

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import (
    QuicConnectionError,
    QuicConnectionState,
    QuicNetworkPath,
    QuicReceiveContext,
)
from aioquic.quic.packet import QuicErrorCode, QuicFrameType, decode_packet_number
from aioquic.quic.recovery import MAX_ACK_RANGES
from aioquic.tls import Epoch
from cryptography.exceptions import InvalidTag

from h3producer.quic.aioquic.fast_reader import SAMPLE_END, FastReadingConnection
from h3producer.quic.aioquic.handshaking import HandshakingConnection
from h3producer.quic.aioquic.internals import Buffer, BufferReadError
from h3producer.quic.aioquic.numbers import ACKS_PER_PACKET
from h3producer.quic.packets import (
    FIXED_BIT,
    MIN_INITIAL_SIZE,
    LongPacket,
    parse_handshake_packets,
)

if TYPE_CHECKING:
    from aioquic.quic.connection import NetworkAddress
    from aioquic.quic.crypto import CryptoContext

__all__ = ["HandshakeReadingConnection"]

_CONNECTED, _FIRSTFLIGHT = QuicConnectionState.CONNECTED, QuicConnectionState.FIRSTFLIGHT
_INITIAL, _HANDSHAKE = Epoch.INITIAL, Epoch.HANDSHAKE
"""Members of an enumeration are looked up in a roundabout way."""


class HandshakeReadingConnection(FastReadingConnection, HandshakingConnection):
    """A QuicConnection with a short way for the datagrams of an ordinary handshake."""

    def tell(self) -> None:
        """Hand what aioquic noted to the observer."""
        raise NotImplementedError

    def receive_datagram(self, data: bytes, addr: NetworkAddress, now: float) -> None:
        if not (self.reads_fast and self.read_handshake(data, addr, now)):
            super().receive_datagram(data, addr, now)

    def read_handshake(self, data: bytes, addr: NetworkAddress, now: float) -> bool:
        """Take in a datagram of a handshake; False, and nothing has happened, for any other."""
        is_ours = self.identity is not None and self._quic_logger is None
        if not is_ours or self._close_pending:
            return False
        packets, end = parse_handshake_packets(data)
        # RFC 9000 §14.1: an Initial packet in a smaller datagram is discarded.
        if not packets or (packets[0].is_initial and len(data) < MIN_INITIAL_SIZE):
            return False
        if self._handshake_confirmed:
            return end == len(data) and self.is_late(addr)
        path = self.begin(packets, addr) if self._state is _FIRSTFLIGHT else self.go_on(packets)
        if path is None or path.addr != addr:
            return False
        if not path.is_validated:
            path.bytes_received += len(data)
        if self._close_at is None:
            self._close_at = now + self._idle_timeout()
        for packet in packets:
            self.read_long(data, packet, path, now)
            if self._state is not _CONNECTED or self._close_pending:
                return True
        # Behind them stands a 1-RTT packet, or padding. Keys for it come with the client's address.
        if end < len(data) and data[end] & FIXED_BIT and path.is_validated:
            self.tell()  # of the handshake first
            if not self.read(data[end:], addr, now, more=False):
                super().receive_datagram(data[end:], addr, now)
        return True

    def is_late(self, addr: NetworkAddress) -> bool:
        """Whether packets of the handshake do nothing: it is over, and with it their keys."""
        path = self._network_paths[0]
        return self._state is _CONNECTED and path.addr == addr and path.is_validated

    def begin(self, packets: list[LongPacket], addr: NetworkAddress) -> QuicNetworkPath | None:
        """Make keys and streams for a client's first datagram; None if it is no ordinary one."""
        first = packets[0]
        if not first.is_initial or any(each.source_id != first.source_id for each in packets):
            return None
        path = QuicNetworkPath(addr)
        self._network_paths = [path]
        self._version = first.version
        self._initialize(first.destination_id)
        # RFC 9000 §17.2.2 has a CRYPTO frame in the first packet, which need not come first.
        vars(self).pop("_payload_received", None)
        return path

    def go_on(self, packets: list[LongPacket]) -> QuicNetworkPath | None:
        """The path that such packets may come by; None if they are no ordinary ones."""
        known, host_id = self._remote_initial_source_connection_id, self.host_cid
        for each in packets:
            if each.source_id != known or each.version != self._version:
                return None
            if not each.is_initial and each.destination_id != host_id:
                return None
        return self._network_paths[0] if len(self._network_paths) == 1 else None

    def read_long(self, data: bytes, packet: LongPacket, path: QuicNetworkPath, now: float) -> None:
        """Take in one packet, if there are keys for it."""
        epoch = _INITIAL if packet.is_initial else _HANDSHAKE
        space = self._spaces[epoch]
        pair = self._cryptos_initial[packet.version] if epoch is _INITIAL else self._cryptos[epoch]
        opened = open_long(data, packet, pair.recv, space.expected_packet_number)
        if opened is None:
            return
        first, number, payload = opened
        # RFC 9000 §12.3: "A receiver MUST discard a newly unprotected packet unless it is certain
        # that it has not processed another packet with the same packet number".
        if number in space.received_packets:
            return
        if first & 0x0C:
            self.close(
                error_code=QuicErrorCode.PROTOCOL_VIOLATION,
                frame_type=QuicFrameType.PADDING,
                reason_phrase="Reserved bits must be zero",
            )
            return
        if number > space.expected_packet_number:
            space.expected_packet_number = number + 1
        if not packet.is_initial:
            self._discard_epoch(_INITIAL)
        if self._peer_cid.sequence_number is None:
            self._peer_cid.cid = packet.source_id
            self._peer_cid.sequence_number = 0
        if self._state is _FIRSTFLIGHT:
            self._remote_initial_source_connection_id = packet.source_id
            self._set_state(_CONNECTED)
        context = QuicReceiveContext(epoch, packet.destination_id, path, None, now, packet.version)
        self.read_messages(context, payload, number)

    def read_messages(self, context: QuicReceiveContext, payload: bytes, number: int) -> None:
        """Take in the frames of a packet that is new, and count it as received."""
        now, space = context.time, self._spaces[context.epoch]
        is_ack_eliciting = False
        try:
            is_ack_eliciting = self.read_handshake_frames(context, payload)
        except QuicConnectionError as error:
            self._logger.warning(error)
            self.close(error.error_code, error.frame_type, error.reason_phrase)
        if self._state is not _CONNECTED or self._close_pending:
            return
        self._close_at = now + self._idle_timeout()
        self._ack_eliciting_sent_since_receipt = False
        if context.epoch is _HANDSHAKE:
            # RFC 9000 §8.1: "receipt of a packet protected with Handshake keys confirms that the
            # peer successfully processed an Initial packet", and so is where it says.
            context.network_path.is_validated = True
        if space.discarded:
            return
        if number > space.largest_received_packet:
            space.largest_received_packet = number
            space.largest_received_time = now
        space.ack_queue.add(number)
        space.received_packets.add(number)
        if len(space.ack_queue) > MAX_ACK_RANGES:
            space.ack_queue.shift()
        if is_ack_eliciting and space.ack_at is None:
            space.ack_at = now + self._ack_delay

    def read_handshake_frames(self, context: QuicReceiveContext, payload: bytes) -> bool:
        """Do what the frames ask for; return whether the packet wants to be acknowledged.

        Raises `QuicConnectionError` where aioquic does.
        """
        buf = Buffer(data=payload)
        start, end = 0, len(payload)
        acks_left = ACKS_PER_PACKET
        is_ack_eliciting = False
        while start < end:
            frame_type = payload[start]
            buf.seek(start + 1)
            if frame_type == QuicFrameType.CRYPTO:
                self.read_crypto(context, buf)
                is_ack_eliciting = True
            elif frame_type == QuicFrameType.PADDING:
                buf.seek(end - len(payload[start:].lstrip(b"\0")))
            elif frame_type == QuicFrameType.PING:
                is_ack_eliciting = True
            elif frame_type == QuicFrameType.ACK and acks_left and self.read_own_ack(context, buf):
                acks_left -= 1
            else:
                break
            start = buf.tell()
        if start < end or not end:
            self.ack_context, self.acks_left = context, acks_left
            rest, _ = self._payload_received(context, payload[start:])
            return rest or is_ack_eliciting
        return is_ack_eliciting

    def read_crypto(self, context: QuicReceiveContext, buf: Buffer) -> None:
        """Take in a CRYPTO frame; `buf` stands behind its type."""
        try:
            self._handle_crypto_frame(context, QuicFrameType.CRYPTO, buf)
        except BufferReadError:
            raise QuicConnectionError(
                error_code=QuicErrorCode.FRAME_ENCODING_ERROR,
                frame_type=QuicFrameType.CRYPTO,
                reason_phrase="Failed to parse frame",
            ) from None

    def read_own_ack(self, context: QuicReceiveContext, buf: Buffer) -> bool:
        """Take in an ACK frame; False, and nothing has happened, if it is not ordinary.

        The numbers of all packet types come from one row here, but each type is acknowledged for
        itself: how far one of them is says nothing about the others.
        """
        acked_below, self.acked_below = self.acked_below, 0
        try:
            return self.read_ack(buf, self._spaces[context.epoch], context.time)
        except BufferReadError:
            return False
        finally:
            self.acked_below = acked_below


def open_long(
    data: bytes, packet: LongPacket, keys: CryptoContext, expected: int
) -> tuple[int, int, bytes] | None:
    """First byte, number and payload of a packet; None if the keys do not open it."""
    start = packet.number_at
    if keys.aead is None or keys.hp is None or packet.end < start + SAMPLE_END:
        return None
    mask = keys.hp._mask(data[start + 4 : start + SAMPLE_END])
    first = data[packet.start] ^ mask[0] & 0x0F
    size = (first & 0x03) + 1
    behind = start + size
    truncated = int.from_bytes(data[start:behind]) ^ int.from_bytes(mask[1 : 1 + size])
    number = decode_packet_number(truncated, 8 * size, expected)
    header = bytes((first,)) + data[packet.start + 1 : start] + truncated.to_bytes(size)
    nonce = (keys.aead._iv ^ number).to_bytes(12)
    try:
        return first, number, keys.aead._aead.decrypt(nonce, data[behind : packet.end], header)
    except InvalidTag:
        return None
