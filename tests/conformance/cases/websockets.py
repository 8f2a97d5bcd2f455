"""WebSocket over HTTP/3, from frames that are written by hand.

This file knows rows 288 to 315 (RFC 9220, RFC 8441, RFC 6455, ASGI WebSocket). It refuses to know
any WebSocket library. Its one rule: a server that does not announce extended CONNECT is asked
nothing of this.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, NotOffered, check, connection_case
from tests.conformance.noted import Token
from tests.conformance.octets import data
from tests.conformance.reactions import ignored, malformed, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.octets import Field, Fields
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

ENABLE_CONNECT_PROTOCOL = 0x08
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"\x37\xfa\x21\x3d"


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """A masked frame (RFC 6455 §5.2)."""
    head = bytes([fin << 7 | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 1 << 16:
        head += b"\xfe" + struct.pack("!H", len(payload))
    else:
        head += b"\xff" + struct.pack("!Q", len(payload))
    return head + MASK + bytes(octet ^ MASK[i % 4] for i, octet in enumerate(payload))


def close(code: int) -> bytes:
    return frame(CLOSE, struct.pack("!H", code))


def frames(octets: bytes) -> list[tuple[int, bytes]]:
    """The server's frames, whole ones: first octet and payload. A masked one raises."""
    found = []
    while len(octets) >= 2:
        first, size = octets[0], octets[1]
        check(size < 0x80, "the server masks a frame")
        start = 2 + {126: 2, 127: 8}.get(size, 0)
        if size > 125:
            size = int.from_bytes(octets[2:start], "big")
        if len(octets) < start + size:
            break
        found.append((first, octets[start : start + size]))
        octets = octets[start + size :]
    return found


async def head_of(peer: Peer, path: str, *more: Field) -> Fields:
    """The fields of an opening handshake that is beyond reproach."""
    if not (await peer.server_settings()).get(ENABLE_CONNECT_PROTOCOL):
        raise NotOffered("extended CONNECT")
    fields = peer.head(path, (b"sec-websocket-version", b"13"), *more, method=b"CONNECT")
    return [fields[0], (b":protocol", b"websocket"), *fields[1:]]


async def opened(peer: Peer, path: str = "/echo", *more: Field) -> Stream:
    """A WebSocket that was accepted."""
    stream = peer.request(await head_of(peer, path, *more), end=False)
    await peer.until(lambda: stream.response.status is not None or stream.is_over)
    check(stream.response.status == 200, f"status {stream.response.status}")
    return stream


async def said(stream: Stream, *octets: bytes, count: int) -> list[tuple[int, bytes]]:
    """Send these frames, and wait for so many of the server's."""
    for each in octets:
        stream.write(data(each))
    await stream.peer.until(
        lambda: len(frames(bytes(stream.response.body))) >= count or stream.is_over
    )
    return frames(bytes(stream.response.body))


def expects(
    id: str, section: str, words: str, *octets: bytes, answers: list[tuple[int, bytes]]
) -> None:
    """An echo: what is sent, and the frames that come back."""

    @connection_case(id, section, MUST, words, ignored(), needs_app=True)
    async def act(peer: Peer) -> None:
        stream = await opened(peer)
        got = await said(stream, *octets, count=len(answers))
        check(got == answers, f"it says {[(first, body[:40]) for first, body in got]}")
        stream.write(data(close(1000)), end=True)


@connection_case(
    "288", "RFC 8441 §5", MUST, "extended CONNECT is accepted", ignored(), needs_app=True
)
async def accepted(peer: Peer) -> None:
    stream = await opened(peer)
    check(not stream.response.interim, "there is an interim response")
    check(stream.response.value(b"sec-websocket-accept") is None, "there is an accept key")
    await peer.round_trip()
    check(not stream.is_over, "the stream does not stay open")


expects(
    "289",
    "RFC 6455 §5.6",
    "text and binary messages are echoed",
    frame(TEXT, "grüß dich".encode()),
    frame(BINARY, b"\x00\xff"),
    answers=[(0x81, "grüß dich".encode()), (0x82, b"\x00\xff")],
)
expects(
    "290",
    "RFC 6455 §5.4",
    "a message in fragments, with a ping between them, arrives as one",
    frame(TEXT, b"Hel", fin=False) + frame(PING, b"?") + frame(CONTINUATION, b"lo"),
    answers=[(0x8A, b"?"), (0x81, b"Hello")],
)
expects(
    "291",
    "RFC 6455 §5.5.2",
    "a ping is answered with its own data",
    frame(PING, b"x" * 125),
    answers=[(0x8A, b"x" * 125)],
)
expects(
    "309",
    "RFC 6455 §5.2",
    "a message of 200 kB is echoed",
    frame(BINARY, b"x" * 200_000),
    answers=[(0x82, b"x" * 200_000)],
)
expects(
    "310",
    "RFC 9220 §3",
    "frames are cut anywhere by DATA frames",
    *[bytes([octet]) for octet in frame(TEXT, b"Hello") + frame(BINARY, b"x" * 130)],
    answers=[(0x81, b"Hello"), (0x82, b"x" * 130)],
)


@connection_case(
    "292", "RFC 9220 §3", MUST, "a close is answered, then the end", ignored(), needs_app=True
)
async def closed(peer: Peer) -> None:
    stream = await opened(peer)
    await said(stream, close(1000), count=1)
    await stream.over()
    check(frames(bytes(stream.response.body)) == [(0x88, b"\x03\xe8")], "no close came back")
    check(stream.ended, "there is no FIN")


@connection_case(
    "293", "RFC 6455 §1.9", MUST, "the application's subprotocol", ignored(), needs_app=True
)
async def subprotocol(peer: Peer) -> None:
    stream = await opened(peer, "/echo", (b"sec-websocket-protocol", b"chat, superchat"))
    chosen = stream.response.value(b"sec-websocket-protocol")
    check(chosen == b"superchat", f"it is {chosen!r}")


@connection_case(
    "294", "ASGI WebSocket", MUST, "close before accept", refused(403, 403), needs_app=True
)
async def denied(peer: Peer) -> Stream:
    return peer.request(await head_of(peer, "/refuse"), end=False)


def is_malformed(id: str, section: str, words: str, change: Callable[[Fields], Fields]) -> None:
    @connection_case(id, section, MUST, words, malformed())
    async def act(peer: Peer) -> Stream:
        token = Token(peer)
        token.must_never_be_seen()
        return peer.request(change(await head_of(peer, "/echo", token.field)), end=False)


def without(name: bytes) -> Callable[[Fields], Fields]:
    return lambda fields: [field for field in fields if field[0] != name]


is_malformed("295", "RFC 8441 §4", "extended CONNECT without :path", without(b":path"))
is_malformed("296", "RFC 8441 §4", "extended CONNECT without :scheme", without(b":scheme"))
is_malformed(
    "297", "RFC 9114 §4.3.1", "extended CONNECT without :authority", without(b":authority")
)
is_malformed(
    "298",
    "RFC 9114 §4.3",
    "extended CONNECT with two :protocol",
    lambda fields: [*fields[:2], *fields[1:]],
)
is_malformed(
    "299",
    "RFC 9114 §4.2",
    "extended CONNECT with upgrade and connection",
    lambda fields: [*fields, (b"upgrade", b"websocket"), (b"connection", b"upgrade")],
)


@connection_case(
    "302", "RFC 6455 §4.4", MUST, "another version of WebSocket", refused(400, 426), needs_app=True
)
async def another_version(peer: Peer) -> Stream:
    fields = await head_of(peer, "/echo")
    return peer.request(
        [(name, b"12" if name == b"sec-websocket-version" else value) for name, value in fields],
        end=False,
    )


def _leaves(id: str, words: str, leave: Callable[[Stream], None]) -> None:
    @connection_case(id, "RFC 9220 §3", SHOULD, words, ignored(), needs_app=True)
    async def act(peer: Peer) -> None:
        token = Token(peer)
        stream = await opened(peer, "/echo", token.field)
        leave(stream)
        await token.until("disconnect-1006")
        await stream.over()
        check(stream.ended or stream.reset_code is not None, "our half stays open")


_leaves("303", "FIN without a close is an end, and heard", lambda stream: stream.write(end=True))
_leaves("304", "RESET_STREAM is an end, and heard", lambda stream: stream.reset())


def fails(id: str, section: str, words: str, octets: bytes, code: int) -> None:
    """Something that is wrong, and the code that the socket closes with."""

    @connection_case(id, section, MUST, words, ignored(), needs_app=True)
    async def act(peer: Peer) -> None:
        stream = await opened(peer)
        stream.write(data(octets))
        await stream.over()
        codes = [body[:2] for first, body in frames(bytes(stream.response.body)) if first == 0x88]
        is_right = codes == [struct.pack("!H", code)] and stream.ended
        check(is_right or stream.reset_code is not None, f"it closes with {codes}")


fails("305", "RFC 6455 §8.1", "text that is no UTF-8", frame(TEXT, b"\xce\xff"), 1007)
fails("306", "RFC 6455 §5.5", "a ping of 126 octets", frame(PING, b"x" * 126), 1002)
fails("307", "RFC 6455 §5.4", "a continuation of nothing", frame(CONTINUATION, b"x"), 1002)
fails("308", "RFC 6455 §5.2", "a reserved opcode", frame(3, b"x"), 1002)


@connection_case(
    "311", "ASGI WebSocket", MUST, "the scope of a WebSocket", ignored(), needs_app=True
)
async def scope(peer: Peer) -> None:
    stream = await opened(peer, "/view", (b"sec-websocket-protocol", b"chat, superchat"))
    ((_, payload),) = await said(stream, count=1)
    seen = json.loads(payload)
    expected = {
        "type": "websocket",
        "scheme": "wss",
        "http_version": "3",
        "path": "/view",
        "subprotocols": ["chat", "superchat"],
        "host": peer.target.authority,
    }
    check(seen == expected, f"it is {seen}")


@connection_case(
    "312", "RFC 9220 §3", MUST, "sockets and requests on one connection", ignored(), needs_app=True
)
async def together(peer: Peer) -> None:
    streams = [await opened(peer) for _ in range(5)]
    for number, stream in enumerate(streams):
        stream.write(data(frame(TEXT, b"%d" % number)))
    check((await peer.get()).status == 200, "a request is not answered")
    for number, stream in enumerate(streams):
        got = await said(stream, count=1)
        check(got == [(0x81, b"%d" % number)], f"socket {number} says {got}")


@connection_case(
    "313", "RFC 8441 §5", MUST, "the server speaks first, and closes", ignored(), needs_app=True
)
async def speaks_first(peer: Peer) -> None:
    stream = await opened(peer, "/first")
    got = await said(stream, count=4)
    expected = [*((0x81, b"message %d" % number) for number in range(3)), (0x88, b"\x0f\xa1")]
    check(got == expected, f"it says {got}")
    stream.write(data(close(4001)), end=True)
    await stream.over()
    check(stream.ended, f"it ends with {stream.reset_code}")


@connection_case(
    "315", "RFC 6455 §5.1", MUST, "the server's frames are not masked", ignored(), needs_app=True
)
async def unmasked(peer: Peer) -> None:
    stream = await opened(peer)
    await said(stream, frame(TEXT, b"Hello"), frame(PING), close(1000), count=3)
