"""The client's handshake, where aioquic is more lenient or more strict than the RFCs.

This file knows what may come in CRYPTO frames and transport parameters, and how much of it. It
refuses to know TLS. What aioquic 1.7.2 does, and we do not:

- It buffers an unfinished TLS message of up to 16 MiB, copied anew with each packet.
- It takes TLS messages from any packet type, and CRYPTO frames with any number of gaps.
- It takes a transport parameter that comes twice; a `max_idle_timeout` of 0 for "at once" rather
  than for "never"; and ignores `ack_delay_exponent` and `max_udp_payload_size`.
- It closes on a first packet without a CRYPTO frame, and on none with another source id.
- It counts PADDING byte by byte: a twentieth of a handshake, whose datagrams have 1200 bytes.

Its one rule: nothing here runs once per packet, except before the handshake is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.buffer import UINT_VAR_MAX, encode_uint_var
from aioquic.quic.connection import QuicConnectionError
from aioquic.quic.packet import QuicErrorCode, QuicFrameType
from aioquic.tls import Epoch

from h3producer.quic.aioquic.internals import Buffer
from h3producer.quic.aioquic.starting import StartingConnection
from h3producer.quic.limits import MAX_CRYPTO_DATA, MAX_CRYPTO_GAPS, MAX_UDP_PAYLOAD
from h3producer.quic.mtu_search import BASE_SIZE
from h3producer.quic.packets import parse_long_header

if TYPE_CHECKING:
    from aioquic.quic.connection import NetworkAddress, QuicReceiveContext

__all__ = ["HandshakingConnection"]


_OUR_MAX_UDP_PAYLOAD = b"\x03\x02" + encode_uint_var(MAX_UDP_PAYLOAD)
"""The transport parameter max_udp_payload_size (RFC 9000 §18.2), which aioquic never sends."""

_MAX_UDP_PAYLOAD_SIZE, _ACK_DELAY_EXPONENT = 0x03, 0x0A

_ORIGINAL_DESTINATION_ID, _STATELESS_RESET_TOKEN, _INITIAL_SOURCE_ID, _RETRY_ID = 0, 2, 15, 16
_OF_ONE_CONNECTION = frozenset(
    (_ORIGINAL_DESTINATION_ID, _STATELESS_RESET_TOKEN, _INITIAL_SOURCE_ID, _RETRY_ID)
)
"""Transport parameters of a server that are not the same for all its connections."""


class HandshakingConnection(StartingConnection):
    """A QuicConnection that takes the rules of the handshake to the letter."""

    datagram_ceiling = BASE_SIZE
    """Bytes that a datagram may have at most, by our settings and the peer's."""

    def receive_datagram(self, data: bytes, addr: NetworkAddress, now: float) -> None:
        if self._handshake_complete or not self.is_foreign(data):
            super().receive_datagram(data, addr, now)

    def is_foreign(self, data: bytes) -> bool:
        """Whether a datagram to a server starts with a packet that changes the client's id."""
        known = self._remote_initial_source_connection_id
        if self._is_client or known is None:
            return False
        # RFC 9000 §7.2: "if subsequent Initial packets include a different Source Connection ID,
        # they MUST be discarded."
        header = parse_long_header(data)
        return header is not None and header.source_id != known

    def first_payload(
        self, context: QuicReceiveContext, plain: bytes, crypto_frame_required: bool = False
    ) -> tuple[bool, bool]:
        """Stands in for aioquic's `_payload_received` in an instance, for one packet.

        RFC 9000 §17.2.2 has a CRYPTO frame in the first packet that a client sends, which need not
        be the first that arrives.
        """
        del self._payload_received
        return self._payload_received(context, plain)

    def _handle_padding_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        padded = buf.data_slice(buf.tell(), buf.capacity)
        buf.seek(buf.capacity - len(padded.lstrip(b"\0")))
        super()._handle_padding_frame(context, frame_type, buf)  # nothing is left of it but a log

    # TLS

    def _handle_crypto_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        start = buf.tell()
        end = buf.pull_uint_var() + buf.pull_uint_var()
        buf.seek(start)
        receiver = self._crypto_streams[context.epoch].receiver
        if not self._is_client and MAX_CRYPTO_DATA < end <= UINT_VAR_MAX:
            raise QuicConnectionError(
                error_code=QuicErrorCode.CRYPTO_BUFFER_EXCEEDED,
                frame_type=frame_type,
                reason_phrase="Too much CRYPTO data",
            )
        # RFC 9001 §4.1.3: "If the packet is from a previously installed encryption level, it MUST
        # NOT contain data that extends past the end of previously received data in that flow."
        if end > receiver.highest_offset and self.has_left(context.epoch):
            raise QuicConnectionError(
                error_code=QuicErrorCode.PROTOCOL_VIOLATION,
                frame_type=frame_type,
                reason_phrase="CRYPTO data in a packet type that is over",
            )
        super()._handle_crypto_frame(context, frame_type, buf)
        if len(receiver._ranges) > MAX_CRYPTO_GAPS:  # noqa: SLF001
            raise QuicConnectionError(
                error_code=QuicErrorCode.CRYPTO_BUFFER_EXCEEDED,
                frame_type=frame_type,
                reason_phrase="Too many gaps in CRYPTO data",
            )
        # RFC 9001 §4.1.3: "When TLS provides keys for a higher encryption level, if there is data
        # from a previous encryption level that TLS has not consumed, this MUST be treated as a
        # connection error of type PROTOCOL_VIOLATION."
        if self.has_left(context.epoch) and self.tls._receive_buffer:  # noqa: SLF001
            raise QuicConnectionError(
                error_code=QuicErrorCode.PROTOCOL_VIOLATION,
                frame_type=frame_type,
                reason_phrase="CRYPTO data across a change of keys",
            )

    def has_left(self, epoch: Epoch) -> bool:
        """Whether TLS has gone on to the keys of a later packet type."""
        return epoch is Epoch.INITIAL and self._cryptos[Epoch.HANDSHAKE].recv.is_valid()

    # Transport parameters

    def _serialize_transport_parameters(self) -> bytes:
        identity = self.identity
        if identity is None:
            return super()._serialize_transport_parameters() + _OUR_MAX_UDP_PAYLOAD
        streams = self._local_max_streams_bidi.value, self._local_max_streams_uni.value
        key = (self._version, self._local_max_data.value, *streams)
        common = identity.parameters.get(key)
        if common is None:
            values = _values_of(super()._serialize_transport_parameters() + _OUR_MAX_UDP_PAYLOAD)
            common = identity.parameters[key] = b"".join(
                _parameter(identifier, value)
                for identifier, value in values.items()
                if identifier not in _OF_ONE_CONNECTION
            )
        parameters = (
            common
            + _parameter(_ORIGINAL_DESTINATION_ID, self._original_destination_connection_id)
            + _parameter(_STATELESS_RESET_TOKEN, self._host_cids[0].stateless_reset_token)
            + _parameter(_INITIAL_SOURCE_ID, self._local_initial_source_connection_id)
        )
        retry_id = self._retry_source_connection_id
        return parameters if retry_id is None else parameters + _parameter(_RETRY_ID, retry_id)

    def _parse_transport_parameters(self, data: bytes, from_session_ticket: bool = False) -> None:
        super()._parse_transport_parameters(data, from_session_ticket)
        values = _values_of(data)
        # RFC 9000 §10.1: the lower of the two timeouts counts, "or the sole advertised value, if
        # only one endpoint advertises a non-zero value".
        if not self._remote_max_idle_timeout:
            self._remote_max_idle_timeout = None
        if _ACK_DELAY_EXPONENT in values:
            self._remote_ack_delay_exponent = _integer(values[_ACK_DELAY_EXPONENT])
        # RFC 9000 §18.2: "UDP datagrams with payloads larger than this limit are not likely to be
        # processed by the receiver."
        if _MAX_UDP_PAYLOAD_SIZE in values:
            limit = _integer(values[_MAX_UDP_PAYLOAD_SIZE])
            self.datagram_ceiling = min(self.datagram_ceiling, limit)


def _values_of(data: bytes) -> dict[int, bytes]:
    """Transport parameters by identifier, of which each may come once.

    RFC 9000 §7.4: "An endpoint SHOULD treat receipt of duplicate transport parameters as a
    connection error of type TRANSPORT_PARAMETER_ERROR."
    """
    buf = Buffer(data=data)
    values: dict[int, bytes] = {}
    while not buf.eof():
        identifier = buf.pull_uint_var()
        if identifier in values:
            raise QuicConnectionError(
                error_code=QuicErrorCode.TRANSPORT_PARAMETER_ERROR,
                frame_type=QuicFrameType.CRYPTO,
                reason_phrase=f"Transport parameter {identifier:#x} came twice",
            )
        values[identifier] = buf.pull_bytes(buf.pull_uint_var())
    return values


def _parameter(identifier: int, value: bytes) -> bytes:
    return encode_uint_var(identifier) + encode_uint_var(len(value)) + value


def _integer(value: bytes) -> int:
    number: int = Buffer(data=value).pull_uint_var()
    return number
