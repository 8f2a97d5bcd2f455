"""SETTINGS and what a connection starts with, of the server and of the client.

This file knows rows 1 to 4, 19 to 28, 58 and 59 (RFC 9114 §6, §7.2.4). It refuses to know the other
frames of the control stream. Its one rule: a client's SETTINGS are the first thing that it sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import INFO, MUST, SHOULD, check, connection_case
from tests.conformance.cases.control_stream import NOTHING
from tests.conformance.octets import Code, Kind, StreamKind, frame, setting, settings, varint
from tests.conformance.peer import Opening, pairs
from tests.conformance.reactions import Reaction, connection_error, ignored, served

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

SETTINGS_ERROR = connection_error(Code.H3_SETTINGS_ERROR)


def settings_of(
    id: str, section: str, words: str, payload: bytes, *allowed: Reaction, h3spec: str = ""
) -> None:
    """A SETTINGS frame with whatever payload."""

    @connection_case(id, f"RFC {section}", MUST, words, *allowed, opening=NOTHING, h3spec=h3spec)
    async def act(peer: Peer) -> None:
        peer.open_uni(varint(StreamKind.CONTROL) + frame(Kind.SETTINGS, payload))


# What the server says


@connection_case(
    "1",
    "RFC 9114 §7.2.4.1",
    MUST,
    "the server's SETTINGS have no identifier of HTTP/2 and none twice",
    ignored(),
)
async def server_settings(peer: Peer) -> None:
    await peer.server_settings()
    payload = next(
        stream.frames[0][1]
        for stream in peer.incoming.values()
        if stream.kind == StreamKind.CONTROL
    )
    identifiers = [identifier for identifier, _ in pairs(payload)]
    check(len(set(identifiers)) == len(identifiers), f"an identifier twice: {identifiers}")
    check(not {0, 2, 3, 4, 5} & set(identifiers), f"a reserved identifier: {identifiers}")


@connection_case(
    "1a",
    "RFC 9114 §7.2.4.1",
    INFO,
    "the server's SETTINGS have a reserved identifier, so that clients keep ignoring those",
    ignored(),
)
async def grease(peer: Peer) -> None:
    identifiers = sorted(await peer.server_settings())
    check(any(each % 0x1F == 0x21 % 0x1F for each in identifiers), f"there are {identifiers}")


@connection_case(
    "2", "RFC 9114 §6.2", MUST, "three unidirectional streams are permitted at least", ignored()
)
async def stream_credit(peer: Peer) -> None:
    allowed = peer.quic._remote_max_streams_uni
    check(allowed >= 3, f"{allowed} unidirectional streams")


@connection_case(
    "3", "RFC 9114 §6.2", SHOULD, "1024 octets of credit for a unidirectional stream", ignored()
)
async def octet_credit(peer: Peer) -> None:
    credit = peer.quic._remote_max_stream_data_uni
    check(credit >= 1024, f"{credit} octets")


@connection_case("4", "RFC 9114 §6.1", SHOULD, "100 request streams are permitted", ignored())
async def request_credit(peer: Peer) -> None:
    allowed = peer.quic._remote_max_streams_bidi
    check(allowed >= 100, f"{allowed} request streams")


@connection_case(
    "27a",
    "RFC 9114 §7.2.4.2",
    MUST,
    "the server's SETTINGS come before anything has come from the client",
    ignored(),
    opening=NOTHING,
)
async def settings_at_once(peer: Peer) -> None:
    check(await peer.server_settings() is not None and peer.settings is not None, "none came")


@connection_case(
    "27b", "RFC 9114 §6.2", SHOULD, "the control stream is the server's first stream", ignored()
)
async def control_stream_first(peer: Peer) -> None:
    await peer.server_settings()
    kinds = {stream_id: each.kind for stream_id, each in peer.incoming.items()}
    check(kinds.get(3) == StreamKind.CONTROL, f"the streams are {kinds}")


# What the client says

for _id, _identifier, _name in (
    ("19", 0x03, "MAX_CONCURRENT_STREAMS"),
    ("20", 0x04, "INITIAL_WINDOW_SIZE"),
    ("21", 0x05, "MAX_FRAME_SIZE"),
):
    settings_of(
        _id,
        "9114 §7.2.4.1",
        f"SETTINGS with {_name} of HTTP/2",
        setting(_identifier, 100),
        SETTINGS_ERROR,
    )
settings_of(
    "21a",
    "9114 §7.2.4.1",
    "SETTINGS with ENABLE_PUSH of HTTP/2 among others",
    setting(0x07, 100) + setting(0x02, 200) + setting(0x01, 4096) + setting(0x06, 32768),
    SETTINGS_ERROR,
    h3spec="MUST send H3_SETTINGS_ERROR if HTTP/2 settings are included [HTTP/3 7.2.4.1]",
)
settings_of(
    "22",
    "9114 §7.2.4.1",
    "unknown settings, reserved ones among them",
    setting(0x21, 1) + setting(0x40, 0) + setting((1 << 62) - 1, (1 << 62) - 1),
    ignored(),
)
settings_of(
    "22a",
    "9114 §7.2.4",
    "one setting twice (MAY be refused)",
    setting(0x07, 100) + setting(0x01, 4096) + setting(0x07, 100),
    SETTINGS_ERROR,
    ignored(),
    h3spec="MUST send H3_SETTINGS_ERROR if duplicate setting identifiers exist [HTTP/3 7.2.4]",
)
settings_of(
    "22b",
    "9114 §7.2.4",
    "known settings with values of 62 bits",
    setting(0x06, (1 << 62) - 1) + setting(0x07, (1 << 62) - 1),
    ignored(),
)
settings_of(
    "23",
    "9114 §7.1",
    "SETTINGS with an identifier without value",
    setting(0x06, 100) + varint(0x01),
    connection_error(Code.H3_FRAME_ERROR),
)
settings_of(
    "23a",
    "9114 §7.1",
    "SETTINGS cut inside a value",
    varint(0x06) + varint(4096)[:1],
    connection_error(Code.H3_FRAME_ERROR),
)
settings_of("24", "9114 §7.2.4", "an empty SETTINGS frame", b"", ignored())
settings_of(
    "59",
    "9114 §11.2.2",
    "SETTINGS with the reserved identifier 0x00",
    setting(0x00, 0),
    SETTINGS_ERROR,
)
settings_of(
    "28",
    "9220 §3",
    "SETTINGS_ENABLE_CONNECT_PROTOCOL of a client",
    setting(0x08, 1),
    ignored(),
)
settings_of(
    "316a",
    "9297 §2.1.1",
    "SETTINGS_H3_DATAGRAM with a value other than 0 and 1",
    setting(0x33, 2),
    SETTINGS_ERROR,
    ignored(),  # by a server that knows no datagrams
)


@connection_case(
    "58",
    "RFC 8441 §3",
    INFO,
    "SETTINGS_ENABLE_CONNECT_PROTOCOL of a client with the value 2",
    ignored(),
    SETTINGS_ERROR,
    opening=Opening(settings={0x08: 2}),
)
async def connect_protocol_of_two(peer: Peer) -> None:
    """What the opening says is all."""


@connection_case(
    "25",
    "RFC 9000 §16",
    MUST,
    "stream type and frame header in integers of 8 octets",
    ignored(),
    opening=NOTHING,
)
async def long_integers(peer: Peer) -> None:
    peer.open_uni(
        varint(StreamKind.CONTROL, 8)
        + frame(Kind.SETTINGS, varint(0x06, 4) + varint(65536, 8), size=8)
        + frame(Kind.MAX_PUSH_ID, varint(1, 8), size=4)
    )


@connection_case(
    "26",
    "RFC 9114 §7.1",
    MUST,
    "SETTINGS that come one octet at a time",
    served(),
    opening=NOTHING,
)
async def dribble(peer: Peer) -> Stream:
    control = peer.open_uni()
    for octet in varint(StreamKind.CONTROL) + settings({0x06: 65536, 0x21: 1}):
        control.write(bytes((octet,)))
        await peer.round_trip()
    return peer.request(peer.head())


@connection_case(
    "27",
    "RFC 9114 §7.2.4.2",
    MUST,
    "a request before the client's SETTINGS",
    served(),
    opening=NOTHING,
)
async def request_first(peer: Peer) -> Stream:
    stream = peer.request(peer.head())
    await stream.over()
    peer.open_uni(varint(StreamKind.CONTROL) + settings())
    return stream
