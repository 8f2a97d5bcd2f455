"""Frames of QUIC that a client must not send: rows 347 to 363.

Each goes into a 1-RTT packet of its own, on a connection that is otherwise beyond reproach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.tls import Epoch

from tests.conformance.case import MUST, SHOULD, Level, NotOffered, target_case
from tests.conformance.octets import Kind, frame, varint
from tests.conformance.quic_frames import (
    HANDSHAKE_DONE,
    PADDING,
    PING,
    ack,
    integers,
    new_connection_id,
    path_challenge,
    reset_stream,
    stop_sending,
    stream,
)
from tests.conformance.reactions import any_of, ignored, transport_close
from tests.conformance.rogue import Lies, Odd, Rogue, rogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.observed import Observed
    from tests.conformance.reactions import Reaction
    from tests.conformance.target import Target

FLOW_CONTROL = transport_close(0x3)
STREAM_LIMIT = transport_close(0x4)
STREAM_STATE = transport_close(0x5)
FINAL_SIZE = transport_close(0x6)
FRAME_ENCODING = transport_close(0x7)
CONNECTION_ID_LIMIT = transport_close(0x9)
VIOLATION = transport_close(0xA)

SILENT = Lies(issues_ids=False)
"""A client that leaves the sequence numbers of its connection ids to a case."""

TOO_MANY = (1 << 60) + 1


def packet_case(
    id: str,
    section: str,
    words: str,
    payload: bytes | Callable[[Rogue], bytes],
    *allowed: Reaction,
    level: Level = MUST,
    h3spec: str = "",
    lies: Lies = SILENT,
) -> None:
    """A packet that is sent when the handshake is over."""

    @target_case(id, f"RFC 9000 {section}", level, words, *allowed, h3spec=h3spec)
    async def run(target: Target) -> Observed:
        async with rogue(target, lies) as client:
            client.inject(payload(client) if callable(payload) else payload)
            if any(each.is_passive for each in allowed):
                return await client.observe("nothing is said about it")
            await client.closing()
            return await client.observe()


def early_case(
    id: str,
    section: str,
    words: str,
    payload: bytes,
    *allowed: Reaction,
    epoch: Epoch = Epoch.HANDSHAKE,
    level: Level = MUST,
    h3spec: str = "",
    odd: Odd | None = None,
) -> None:
    """A packet that is sent in the handshake, as soon as there are keys."""
    lies = Lies(early={epoch: payload}, odd=odd or Odd())

    @target_case(id, f"RFC 9000 {section}", level, words, *allowed, h3spec=h3spec)
    async def run(target: Target) -> Observed:
        async with rogue(target, lies) as client:
            return await client.observe("" if client.close else "nothing is said about it")


# Flow control and limits


packet_case(
    "347",
    "§4.1",
    "STREAM data beyond the flow-control limit",
    stream(0, b"x", 1 << 60),
    FLOW_CONTROL,
    h3spec="MUST send FLOW_CONTROL_ERROR if a STREAM frame with a large offset is received "
    "[Transport 4.1]",
)
packet_case(
    "347a",
    "§4.1",
    "STREAM data one octet beyond the stream's limit",
    lambda client: stream(0, b"x", client.quic._remote_max_stream_data_bidi_remote),
    FLOW_CONTROL,
)
packet_case(
    "347b",
    "§4.1",
    "RESET_STREAM with a final size beyond the stream's limit",
    lambda client: reset_stream(0, client.quic._remote_max_stream_data_bidi_remote + 1),
    FLOW_CONTROL,
)


def _last_octets(client: Rogue) -> bytes:
    """The last octet that each stream permits, until they are more than the connection does.

    All in one packet: the server must not raise its limits in between.
    """
    window = client.quic._remote_max_stream_data_bidi_remote
    count = client.quic._remote_max_data // window + 1
    if count > client.quic._remote_max_streams_bidi:
        raise NotOffered("a limit of the connection below that of all its streams")
    return b"".join(stream(4 * number, b"x", window - 1) for number in range(count))


packet_case(
    "347c", "§4.1", "STREAM data beyond the limit of the connection", _last_octets, FLOW_CONTROL
)
packet_case(
    "347d",
    "§19.8",
    "STREAM data behind the last offset there is",
    stream(0, b"xx", (1 << 62) - 2),
    any_of(FRAME_ENCODING, FLOW_CONTROL),
)
packet_case(
    "348",
    "§4.6",
    "bidirectional stream beyond the limit",
    lambda client: stream(4 * client.quic._remote_max_streams_bidi),
    STREAM_LIMIT,
    h3spec="MUST send STREAM_LIMIT_ERROR if a stream ID exceeding the limit",
)
packet_case(
    "348a",
    "§4.6",
    "unidirectional stream beyond the limit",
    lambda client: stream(4 * client.quic._remote_max_streams_uni + 2),
    STREAM_LIMIT,
)

# Frames


packet_case(
    "349",
    "§12.4",
    "frame of unknown type",
    varint(0x21),
    FRAME_ENCODING,
    h3spec="MUST send FRAME_ENCODING_ERROR if a frame of unknown type is received [Transport 12.4]",
)
packet_case(
    "349a",
    "§12.4",
    "packet without frames",
    b"",
    VIOLATION,
    h3spec="MUST send PROTOCOL_VIOLATION on no frames [Transport 12.4]",
)
packet_case("349b", "§12.4", "frame type that is cut short", PING + b"\x40", FRAME_ENCODING)
packet_case("349c", "§19.1", "packet with nothing but PADDING", PADDING * 30, ignored())
packet_case("360", "§19.8", "STREAM frame cut short by the packet", b"\x0a\0\x05ab", FRAME_ENCODING)
packet_case(
    "360a",
    "§19.19",
    "CONNECTION_CLOSE with a reason that is cut short",
    b"\x1d\0\x05ab",
    FRAME_ENCODING,
)

# Streams


packet_case(
    "350",
    "§19.5",
    "STOP_SENDING for a server stream that does not exist",
    stop_sending(101),
    STREAM_STATE,
    h3spec="MUST send STREAM_STATE_ERROR if STOP_SENDING is received for a non-existing stream "
    "[Transport 19.5]",
)
packet_case(
    "350a", "§19.5", "STOP_SENDING for a stream that only we send on", stop_sending(2), STREAM_STATE
)
packet_case(
    "352",
    "§19.8",
    "STREAM for a stream that only the server sends on",
    stream(3, b"x"),
    STREAM_STATE,
    h3spec="MUST send STREAM_STATE_ERROR if it receives a STREAM frame for a send-only stream "
    "[Transport 19.8]",
)
packet_case(
    "352a",
    "§19.8",
    "STREAM for a server's stream that has not been created",
    stream(1, b"x"),
    STREAM_STATE,
    h3spec="MUST send STREAM_STATE_ERROR if it receives a STREAM frame for a locally-initiated "
    "stream that has not yet been created [Transport 19.8]",
)
packet_case(
    "352b",
    "§19.4",
    "RESET_STREAM for a stream that only the server sends on",
    reset_stream(3, 0),
    STREAM_STATE,
    h3spec="MUST send STREAM_STATE_ERROR if RESET_STREAM is received for a send-only stream "
    "[Transport 19.4]",
)
packet_case(
    "352c",
    "§19.10",
    "MAX_STREAM_DATA for a server's stream that has not been created",
    b"\x11" + integers(101, 1000),
    STREAM_STATE,
    h3spec="MUST send STREAM_STATE_ERROR if MAX_STREAM_DATA is received for a stream that has not "
    "yet been created [Transport 19.10]",
)
packet_case(
    "352d",
    "§19.10",
    "MAX_STREAM_DATA for a stream that only we send on",
    b"\x11" + integers(2, 1000),
    STREAM_STATE,
    h3spec="MUST send STREAM_STATE_ERROR if MAX_STREAM_DATA is received for a receive-only stream "
    "[Transport 19.10]",
)
packet_case(
    "352e",
    "§19.13",
    "STREAM_DATA_BLOCKED for a stream that only the server sends on",
    b"\x15" + integers(3, 0),
    STREAM_STATE,
)
packet_case(
    "353",
    "§19.11",
    "MAX_STREAMS above 2^60",
    b"\x12" + varint(TOO_MANY),
    FRAME_ENCODING,
    h3spec="MUST send FRAME_ENCODING_ERROR if invalid MAX_STREAMS is received [Transport 19.11]",
)
packet_case(
    "353a",
    "§19.14",
    "STREAMS_BLOCKED above 2^60",
    b"\x16" + varint(TOO_MANY),
    any_of(FRAME_ENCODING, STREAM_LIMIT),
    h3spec="MUST send STREAM_LIMIT_ERROR or FRAME_ENCODING_ERROR if invalid STREAMS_BLOCKED is "
    "received [Transport 19.14]",
)

UNKNOWN_FRAME = frame(Kind.UNKNOWN, bytes(8))

packet_case(
    "358",
    "§4.5",
    "STREAM data beyond the final size",
    stream(0, offset=10, fin=True) + stream(0, b"x", 20),
    FINAL_SIZE,
)
packet_case(
    "358a",
    "§4.5",
    "two final sizes",
    stream(0, offset=10, fin=True) + stream(0, offset=9, fin=True),
    FINAL_SIZE,
)
packet_case(
    "359",
    "§4.5",
    "RESET_STREAM with a final size below what was sent",
    stream(0, UNKNOWN_FRAME) + reset_stream(0, len(UNKNOWN_FRAME) - 1),
    FINAL_SIZE,
)

# What only a server may send


packet_case(
    "351",
    "§19.7",
    "NEW_TOKEN from a client",
    b"\x07\x05token",
    VIOLATION,
    h3spec="MUST send PROTOCOL_VIOLATION if NEW_TOKEN is received [Transport 19.7]",
)
packet_case(
    "355",
    "§19.20",
    "HANDSHAKE_DONE from a client",
    HANDSHAKE_DONE,
    VIOLATION,
    h3spec="MUST send PROTOCOL_VIOLATION if HANDSHAKE_DONE is received [Transport 19.20]",
)

# Connection ids


packet_case(
    "354",
    "§19.15",
    "NEW_CONNECTION_ID with an empty connection id",
    new_connection_id(1, 0, b""),
    FRAME_ENCODING,
    h3spec="MUST send FRAME_ENCODING_ERROR if NEW_CONNECTION_ID with 0-byte CID is received "
    "[Transport 19.15]",
)
packet_case(
    "354a",
    "§19.15",
    "NEW_CONNECTION_ID that retires more than it issues",
    new_connection_id(1, 2),
    FRAME_ENCODING,
    h3spec="MUST send FRAME_ENCODING_ERROR if NEW_CONNECTION_ID with invalid Retire_Prior_To is "
    "received [Transport 19.15]",
)
packet_case(
    "354b",
    "§19.15",
    "NEW_CONNECTION_ID with 21 octets",
    new_connection_id(1, 0, bytes(21)),
    FRAME_ENCODING,
)
packet_case(
    "354c",
    "§5.1.1",
    "more connection ids than the server takes",
    b"".join(map(new_connection_id, range(1, 30))),
    CONNECTION_ID_LIMIT,
)
packet_case(
    "354d",
    "§19.15",
    "NEW_CONNECTION_ID from a client that uses none",
    new_connection_id(1),
    VIOLATION,
    lies=Lies(issues_ids=False, id_length=0),
)
packet_case(
    "354e",
    "§19.15",
    "the same NEW_CONNECTION_ID again",
    new_connection_id(1) + new_connection_id(1),
    ignored(),
)
packet_case(
    "357",
    "§19.16",
    "RETIRE_CONNECTION_ID for one never issued",
    b"\x19" + varint(1000),
    VIOLATION,
)
packet_case(
    "361",
    "§19.15",
    "one sequence number, two connection ids",
    new_connection_id(1) + new_connection_id(1, 0, b"otherone"),
    VIOLATION,
    level=SHOULD,  # the RFC says MAY
)
packet_case(
    "361a",
    "§19.15",
    "one connection id, two sequence numbers",
    new_connection_id(1, 0, b"sameones") + new_connection_id(2, 0, b"sameones"),
    VIOLATION,
    level=SHOULD,  # the RFC says MAY
)

# Acknowledgements


packet_case(
    "362",
    "§13.1",
    "ACK of a packet that the server never sent",
    ack(100_000),
    VIOLATION,
    level=SHOULD,
)
packet_case("362a", "§19.3.1", "ACK of a negative packet number", ack(3, 5), FRAME_ENCODING)
early_case(
    "362b",
    "§13.1",
    "ACK of a Handshake packet that the server never sent",
    ack(100_000),
    VIOLATION,
    level=SHOULD,
)

# Packets


@target_case(
    "363",
    "RFC 9000 §17.3.1",
    MUST,
    "reserved bits set in a 1-RTT packet",
    VIOLATION,
    h3spec="MUST send PROTOCOL_VIOLATION if reserved bits in Short are non-zero [Transport 17.2]",
)
async def reserved_bits(target: Target) -> Observed:
    async with rogue(target) as client:
        client.inject(PING, reserved=3)
        await client.closing()
        return await client.observe()


early_case(
    "363a",
    "§17.2",
    "reserved bits set in a Handshake packet",
    PING,
    VIOLATION,
    odd=Odd(reserved=3),
    h3spec="MUST send PROTOCOL_VIOLATION if reserved bits in Handshake are non-zero "
    "[Transport 17.2]",
)
early_case(
    "363b",
    "§17.2",
    "reserved bits set in an Initial packet",
    PING,
    VIOLATION,
    epoch=Epoch.INITIAL,
    odd=Odd(reserved=3),
)
early_case(
    "363c",
    "§17.2.4",
    "PATH_CHALLENGE in a Handshake packet",
    path_challenge(),
    VIOLATION,
    h3spec="MUST send PROTOCOL_VIOLATION if PATH_CHALLENGE in Handshake is received "
    "[Transport 17.2.4]",
)
early_case("363d", "§12.4", "STREAM in a Handshake packet", stream(0, b"x"), VIOLATION)
early_case(
    "363e", "§12.4", "STREAM in an Initial packet", stream(0, b"x"), VIOLATION, epoch=Epoch.INITIAL
)
early_case(
    "363f",
    "§19.19",
    "CONNECTION_CLOSE of the application in a Handshake packet",
    b"\x1d" + integers(0x100, 0),
    VIOLATION,
)
early_case(
    "363g",
    "§7.2",
    "Initial packet with another source connection id",
    varint(0x21),
    ignored(),
    epoch=Epoch.INITIAL,
    odd=Odd(source=b"somebody"),
)
