"""Connection ids: which a client may give us, and which of ours it may retire.

This file knows the rules of NEW_CONNECTION_ID and RETIRE_CONNECTION_ID that aioquic 1.7.2 leaves
out. It refuses to know what the ids are used for. Two of them are attacks: a client that retires
ids we have only thought of makes us think of hundreds per packet, and one that takes back its last
id makes aioquic raise an IndexError.

Its one rule: what is remembered of a client is bounded by a number that stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnectionError, QuicConnectionId
from aioquic.quic.packet import STATELESS_RESET_TOKEN_SIZE, QuicErrorCode, QuicFrameType

from h3producer.quic.aioquic.resetting import ResettableConnection
from h3producer.quic.limits import MAX_CONNECTION_IDS, MAX_PEER_CONNECTION_IDS

if TYPE_CHECKING:
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.connection import QuicReceiveContext
    from aioquic.quic.packet_builder import QuicPacketBuilder

    from h3producer.quic.aioquic.internals import Buffer
    from h3producer.quic.connection_ids import ConnectionIds

__all__ = ["IdentifiedConnection"]


class IdentifiedConnection(ResettableConnection):
    """A QuicConnection that holds its peer to the ids that were issued."""

    last_id_sent = 0
    """The sequence number of the newest id that the peer was told."""
    ids: ConnectionIds | None = None
    """How a server's ids are made. A client has one socket for one connection: any will do."""

    def __init__(
        self,
        *,
        configuration: QuicConfiguration,
        original_destination_connection_id: bytes | None = None,
        retry_source_connection_id: bytes | None = None,
    ) -> None:
        self.peer_ids: dict[int, tuple[bytes, bytes]] = {}
        """Id and token by sequence number, of those that the peer has not retired."""
        super().__init__(
            configuration=configuration,
            original_destination_connection_id=original_destination_connection_id,
            retry_source_connection_id=retry_source_connection_id,
        )
        self._local_active_connection_id_limit = MAX_CONNECTION_IDS

    def take_first_id(self, ids: ConnectionIds) -> None:
        """Be reached by an id of these, from the beginning on."""
        self.ids = ids
        first = self._host_cids[0]
        first.cid = ids.make()
        first.stateless_reset_token = ids.token_of(first.cid)
        self.host_cid = self._local_initial_source_connection_id = first.cid

    def _replenish_connection_ids(self) -> None:
        limit = self._remote_active_connection_id_limit
        most = MAX_CONNECTION_IDS if self.ids is None or self.ids.spares else 1
        self._remote_active_connection_id_limit = min(limit, most)
        if self.ids is None:
            super()._replenish_connection_ids()
            return
        while len(self._host_cids) < self._remote_active_connection_id_limit:
            made = self.ids.make()
            token = self.ids.token_of(made)
            self._host_cids.append(QuicConnectionId(made, self._host_cid_seq, token))
            self._host_cid_seq += 1

    def _handle_new_connection_id_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        start = buf.tell()
        sequence = buf.pull_uint_var()
        retire_prior_to = buf.pull_uint_var()
        connection_id = buf.pull_bytes(buf.pull_uint8())
        token = buf.pull_bytes(STATELESS_RESET_TOKEN_SIZE)
        buf.seek(start)
        # RFC 9000 §19.15: "Receiving a value in the Retire Prior To field that is greater than
        # that in the Sequence Number field MUST be treated as a connection error of type
        # FRAME_ENCODING_ERROR."
        if retire_prior_to > sequence:
            raise _violation(
                frame_type,
                "Retire Prior To is greater than Sequence Number",
                QuicErrorCode.FRAME_ENCODING_ERROR,
            )
        # RFC 9000 §19.15: "An endpoint that is sending packets with a zero-length Destination
        # Connection ID MUST treat receipt of a NEW_CONNECTION_ID frame as a connection error of
        # type PROTOCOL_VIOLATION."
        if not self._peer_cid.cid:
            raise _violation(frame_type, "NEW_CONNECTION_ID from a peer that uses none")
        self.remember_peer_id(frame_type, sequence, (connection_id, token))
        super()._handle_new_connection_id_frame(context, frame_type, buf)
        if len(self._peer_cid_sequence_numbers) > MAX_PEER_CONNECTION_IDS:
            raise _violation(
                frame_type,
                "Too many connection IDs without Retire Prior To",
                QuicErrorCode.CONNECTION_ID_LIMIT_ERROR,
            )

    def remember_peer_id(self, frame_type: int, sequence: int, issued: tuple[bytes, bytes]) -> None:
        """Raise if the number or the id is known in another pair."""
        known = self.peer_ids
        for each in [each for each in known if each < self._peer_retire_prior_to]:
            del known[each]
        # RFC 9000 §19.15: "if a sequence number is used for different connection IDs, the endpoint
        # MAY treat that receipt as a connection error of type PROTOCOL_VIOLATION."
        if known.get(sequence, issued) != issued:
            raise _violation(frame_type, "One sequence number for two connection IDs")
        if any(pair[0] == issued[0] and each != sequence for each, pair in known.items()):
            raise _violation(frame_type, "One connection ID with two sequence numbers")
        known[sequence] = issued

    def _consume_peer_cid(self) -> None:
        # RFC 9000 §19.15 lets a peer retire what it has just replaced, and nothing more.
        if not self._peer_cid_available:
            raise _violation(QuicFrameType.NEW_CONNECTION_ID, "No connection ID is left")
        super()._consume_peer_cid()

    def _write_new_connection_id_frame(
        self, builder: QuicPacketBuilder, connection_id: QuicConnectionId
    ) -> None:
        super()._write_new_connection_id_frame(builder, connection_id)
        self.last_id_sent = max(self.last_id_sent, connection_id.sequence_number)

    def _handle_retire_connection_id_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        start = buf.tell()
        # RFC 9000 §19.16: "Receipt of a RETIRE_CONNECTION_ID frame containing a sequence number
        # greater than any previously sent to the peer MUST be treated as a connection error of
        # type PROTOCOL_VIOLATION."
        if buf.pull_uint_var() > self.last_id_sent:
            raise _violation(frame_type, "Cannot retire unknown connection ID")
        buf.seek(start)
        super()._handle_retire_connection_id_frame(context, frame_type, buf)


def _violation(
    frame_type: int, reason: str, error_code: QuicErrorCode = QuicErrorCode.PROTOCOL_VIOLATION
) -> QuicConnectionError:
    return QuicConnectionError(error_code=error_code, frame_type=frame_type, reason_phrase=reason)
