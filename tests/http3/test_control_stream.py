"""The client's unidirectional streams, row by row as RFC 9114 §6.2, §7.2 and RFC 9204 §4.2 have it.

A script is what the client sends on which stream; afterwards the connection was closed with the
code, or it lives and serves a request. Each runs with the bytes whole and one at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode
from h3producer.wire.frames import encode_frame
from h3producer.wire.varint import encode_varint
from tests.http3.harness import CONTROL, ENCODER, GET, OK, Received, hello

if TYPE_CHECKING:
    from tests.http3.conftest import Connect
    from tests.http3.harness import Client

# Ids of a client's unidirectional streams.
FIRST, SECOND, THIRD, FOURTH = 2, 6, 10, 14

SETTINGS = bytes.fromhex("04 00")
SETTINGS_FIRST = bytes.fromhex("00") + SETTINGS
"""The type of a control stream, and an empty SETTINGS frame."""


def setting(identifier: int, value: int) -> bytes:
    """The stream type and a SETTINGS frame with one setting."""
    return b"\x00" + encode_frame(0x04, encode_varint(identifier) + encode_varint(value))


def control(frame: str) -> bytes:
    """The control stream up to one more frame after SETTINGS."""
    return SETTINGS_FIRST + bytes.fromhex(frame)


ERRORS: dict[str, tuple[bytes, str]] = {
    "MAX_PUSH_ID first": (bytes.fromhex("00 0d0105"), "H3_MISSING_SETTINGS"),
    "HEADERS first": (bytes.fromhex("00 01020000"), "H3_MISSING_SETTINGS"),
    "an unknown frame first": (bytes.fromhex("00 2100"), "H3_MISSING_SETTINGS"),
    "a second SETTINGS": (SETTINGS_FIRST + SETTINGS, "H3_FRAME_UNEXPECTED"),
    "DATA": (control("000178"), "H3_FRAME_UNEXPECTED"),
    "empty DATA": (control("0000"), "H3_FRAME_UNEXPECTED"),
    "HEADERS": (control("01020000"), "H3_FRAME_UNEXPECTED"),
    "PUSH_PROMISE": (control("050100"), "H3_FRAME_UNEXPECTED"),
    "PRIORITY of HTTP/2": (control("0200"), "H3_FRAME_UNEXPECTED"),
    "PING of HTTP/2": (control("0600"), "H3_FRAME_UNEXPECTED"),
    "WINDOW_UPDATE of HTTP/2": (control("0800"), "H3_FRAME_UNEXPECTED"),
    "CONTINUATION of HTTP/2": (control("0900"), "H3_FRAME_UNEXPECTED"),
    **{
        f"reserved setting {identifier:#x}": (setting(identifier, 1), "H3_SETTINGS_ERROR")
        for identifier in (0x00, 0x02, 0x03, 0x04, 0x05)
    },
    "a setting twice": (bytes.fromhex("00 04 04 0601 0601"), "H3_SETTINGS_ERROR"),
    "row 316, H3_DATAGRAM that is neither 0 nor 1": (setting(0x33, 2), "H3_SETTINGS_ERROR"),
    "a setting without a value": (bytes.fromhex("00 04 01 06"), "H3_FRAME_ERROR"),
    "GOAWAY that grows": (control("070104 070108"), "H3_ID_ERROR"),
    "GOAWAY without payload": (control("0700"), "H3_FRAME_ERROR"),
    "GOAWAY with more than an id": (control("07020400"), "H3_FRAME_ERROR"),
    "MAX_PUSH_ID that shrinks": (control("0d0105 0d0104"), "H3_ID_ERROR"),
    "MAX_PUSH_ID without payload": (control("0d00"), "H3_FRAME_ERROR"),
    "MAX_PUSH_ID with more than an id": (control("0d020500"), "H3_FRAME_ERROR"),
    "MAX_PUSH_ID that is cut": (control("0d0140"), "H3_FRAME_ERROR"),
    "CANCEL_PUSH without payload": (control("0300"), "H3_FRAME_ERROR"),
    "CANCEL_PUSH without MAX_PUSH_ID": (control("030100"), "H3_ID_ERROR"),
    "CANCEL_PUSH of what was never promised": (control("0d0105 030100"), "H3_ID_ERROR"),
    # PRIORITY_UPDATE, rows 330 to 334; 128 streams are allowed at once, of which 508 is the last.
    "PRIORITY_UPDATE without payload": (control("800f0700 00"), "H3_FRAME_ERROR"),
    "PRIORITY_UPDATE that is cut": (control("800f0700 01 40"), "H3_FRAME_ERROR"),
    "PRIORITY_UPDATE of a server's stream": (control("800f0700 01 01"), "H3_ID_ERROR"),
    "PRIORITY_UPDATE of a unidirectional stream": (control("800f0700 01 02"), "H3_ID_ERROR"),
    "PRIORITY_UPDATE beyond the stream limit": (control("800f0700 02 4200"), "H3_ID_ERROR"),
    "PRIORITY_UPDATE of a push": (control("0d0105 800f0701 01 00"), "H3_ID_ERROR"),
    "PRIORITY_UPDATE of a push without payload": (control("800f0701 00"), "H3_FRAME_ERROR"),
    "SETTINGS larger than we hold": (bytes.fromhex("00 04 80010000"), "H3_EXCESSIVE_LOAD"),
    "a push stream": (bytes.fromhex("01 00"), "H3_STREAM_CREATION_ERROR"),
    "a QPACK encoder stream that inserts": (b"\x02\x41a\x01b", "QPACK_ENCODER_STREAM_ERROR"),
    "a QPACK encoder stream that makes room": (b"\x02\x3f\xe1\x1f", "QPACK_ENCODER_STREAM_ERROR"),
    "a QPACK decoder stream that acknowledges": (b"\x03\x80", "QPACK_DECODER_STREAM_ERROR"),
}

LIVES: dict[str, bytes] = {
    "empty SETTINGS": SETTINGS_FIRST,
    "unknown and grease settings": bytes.fromhex("00 04 06 4040 00 21 7f00"),
    "ENABLE_CONNECT_PROTOCOL": setting(0x08, 1),
    "ENABLE_CONNECT_PROTOCOL with an odd value": setting(0x08, 2),
    "unknown frames": control("2105 0000000000 2100"),
    "an unknown frame of 100 kB": SETTINGS_FIRST + encode_frame(0x21, bytes(1000)) * 100,
    "long varints": bytes.fromhex("4000 80000004 4000"),
    "GOAWAY that stays and shrinks": control("070108 070108 070104"),
    "MAX_PUSH_ID that stays and grows": control("0d0105 0d0105 0d0106"),
    "PRIORITY_UPDATE of a request that may come": control("800f0700 05 41fc 753d31"),
    "PRIORITY_UPDATE with a value of no meaning": control("800f0700 03 00 ff2c"),
    "PRIORITY_UPDATE without a value": control("800f0700 01 00"),
    "an unknown stream": bytes.fromhex("21") + b"anything",
    "a QPACK encoder stream": b"\x02\x20\x20",
    "a QPACK decoder stream that cancels": b"\x03\x40\x7f\x80\x01",
}


async def serves(client: Client) -> bool:
    client.send(GET, end=True)
    await client.idle()
    return client.received() == Received(fields=OK, body=b"hello", ended=True)


@pytest.mark.parametrize(("sent", "code"), ERRORS.values(), ids=ERRORS)
async def test_a_broken_rule_closes_the_connection(
    connect: Connect, sent: bytes, code: str
) -> None:
    client = connect(hello)
    client.send(sent, on=FIRST)
    assert client.close_code == ErrorCode[code]


@pytest.mark.parametrize("sent", LIVES.values(), ids=LIVES)
async def test_what_breaks_no_rule_leaves_the_connection_in_service(
    connect: Connect, sent: bytes
) -> None:
    client = connect(hello)
    client.send(sent, on=FIRST)
    assert client.close_code is None
    assert await serves(client)


# Streams that end


@pytest.mark.parametrize(
    "sent",
    [SETTINGS_FIRST, b"\x00", b"\x02", b"\x03"],
    ids=["control", "control before SETTINGS", "encoder", "decoder"],
)
@pytest.mark.parametrize("how", ["fin with it", "fin later", "reset"])
async def test_a_critical_stream_that_ends_closes_the_connection(
    connect: Connect, sent: bytes, how: str
) -> None:
    client = connect(hello)
    client.send(sent, on=FIRST, end=how == "fin with it")
    if how == "fin later":
        client.send(on=FIRST, end=True)
    elif how == "reset":
        client.reset(on=FIRST)
    assert client.close_code == ErrorCode.H3_CLOSED_CRITICAL_STREAM


@pytest.mark.parametrize("stream_id", [CONTROL, ENCODER, ENCODER + 4])
async def test_a_client_that_stops_a_critical_stream_of_ours_closes_the_connection(
    connect: Connect, stream_id: int
) -> None:
    client = connect(hello)
    client.connection.stop_sending_received(stream_id, 0x100)
    assert client.close_code == ErrorCode.H3_CLOSED_CRITICAL_STREAM


@pytest.mark.parametrize("sent", [b"", b"\x40"], ids=["nothing", "half a type"])
@pytest.mark.parametrize("how", ["fin", "reset"])
async def test_a_stream_that_ends_before_its_type_is_no_error(
    connect: Connect, sent: bytes, how: str
) -> None:
    client = connect(hello)
    client.send(sent, on=FIRST, end=how == "fin")
    if how == "reset":
        client.reset(on=FIRST)
    assert client.connection._unidirectional._heads == {}
    assert await serves(client)


async def test_an_unknown_stream_is_stopped_and_its_bytes_are_given_back(connect: Connect) -> None:
    client = connect(hello)
    client.send(b"\x21" + bytes(1000), on=FIRST)
    client.reset(on=FIRST)
    assert client.received(FIRST).stopped == ErrorCode.H3_STREAM_CREATION_ERROR
    assert await serves(client)


# Streams that come twice


@pytest.mark.parametrize("stream_type", [b"\x00", b"\x02", b"\x03"])
async def test_a_critical_stream_comes_once(connect: Connect, stream_type: bytes) -> None:
    client = connect(hello)
    client.send(stream_type, on=FIRST)
    client.send(stream_type, on=SECOND)
    assert client.close_code == ErrorCode.H3_STREAM_CREATION_ERROR


async def test_all_three_critical_streams_may_come_in_any_order(connect: Connect) -> None:
    client = connect(hello)
    client.send(b"\x03", on=FIRST)
    client.send(b"\x02", on=SECOND)
    client.send(SETTINGS_FIRST, on=FOURTH)
    client.send(b"\x21", on=THIRD)
    assert await serves(client)


async def test_types_that_arrive_in_pieces_do_not_get_mixed_up(connect: Connect) -> None:
    client = connect(hello)
    client.send(b"\x40", on=FIRST)
    client.send(b"\x40", on=SECOND)
    client.send(b"\x00" + SETTINGS, on=FIRST)
    client.send(b"\x02\x20", on=SECOND)
    assert client.connection.peer.settings == {}
    assert await serves(client)


# What is remembered


async def test_the_peers_settings_are_remembered_with_all_62_bits(connect: Connect) -> None:
    client = connect(hello)
    client.send(b"\x00" + bytes.fromhex("04 09 06 c000000100000000"), on=FIRST)
    assert client.connection.peer.settings == {0x06: 1 << 32}
    assert await serves(client)


async def test_the_peers_goaway_and_max_push_id_are_remembered(connect: Connect) -> None:
    client = connect(hello)
    client.send(control("070108 0d0105"), on=FIRST)
    assert (client.connection.peer.goaway_id, client.connection.peer.max_push_id) == (8, 5)


async def test_settings_that_come_late_still_count(connect: Connect) -> None:
    client = connect(hello)
    assert await serves(client)
    client.send(setting(0x06, 41), on=FIRST)
    client.send(GET, on=4, end=True)
    await client.idle()
    assert client.received(4) == Received(reset=0x102)
