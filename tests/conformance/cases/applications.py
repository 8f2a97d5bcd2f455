"""ASGI: what an application is told of a request, and what becomes of one that fails.

This file knows rows 269 to 285 (ASGI HTTP and Lifespan specifications, RFC 9114 §4.1, §8). It
refuses to know what HTTP forbids in responses (`responses.py`). Its one rule: every case needs the
suite's application.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance.case import MUST, SHOULD, Level, check, connection_case
from tests.conformance.noted import Token
from tests.conformance.octets import Code, data, headers
from tests.conformance.peer import Peer
from tests.conformance.reactions import (
    Reaction,
    aborted,
    any_of,
    ignored,
    refused,
    served,
    stream_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.streams import Stream

FAILS = any_of(refused(500, 500), stream_error(Code.H3_INTERNAL_ERROR))
CUT = stream_error(Code.H3_INTERNAL_ERROR)


async def scope_of(peer: Peer, path: str = "/view") -> dict[str, Any]:
    """The scope that the application is given."""
    response = await peer.get(path)
    check(response.status == 200, f"status {response.status}")
    scope: dict[str, Any] = json.loads(bytes(response.body))
    return scope


def scope_says(
    id: str, level: Level, words: str, find: Callable[[Peer, dict[str, Any]], str | None]
) -> None:
    """A property of the scope; `find` says what is wrong with it."""

    @connection_case(id, "ASGI HTTP", level, words, ignored(), needs_app=True)
    async def act(peer: Peer) -> None:
        wrong = find(peer, await scope_of(peer, "/view/a%20b?c=d%20e"))
        check(wrong is None, str(wrong))


def ends(id: str, section: str, words: str, path: str, *allowed: Reaction) -> None:
    """An application that does what it should not."""

    @connection_case(id, section, MUST, words, *allowed, needs_app=True)
    async def act(peer: Peer) -> Stream:
        return peer.request(peer.head(path))


# The scope


def _version(peer: Peer, scope: dict[str, Any]) -> str | None:
    return None if scope["http_version"] == "3" else f"it is {scope['http_version']!r}"


def _line(peer: Peer, scope: dict[str, Any]) -> str | None:
    seen = {key: scope.get(key) for key in ("scheme", "method", "path", "query_string")}
    expected = {"scheme": "https", "method": "GET", "path": "/view/a b", "query_string": "c=d%20e"}
    if seen != expected:
        return f"it is {seen}"
    if scope["asgi"]["version"] != "3.0" or not isinstance(scope.get("root_path", ""), str):
        return f"asgi is {scope['asgi']}, root_path {scope.get('root_path')!r}"
    return None if scope.get("raw_path") in (None, "/view/a%20b") else f"it is {scope['raw_path']}"


def _names(peer: Peer, scope: dict[str, Any]) -> str | None:
    names = [name for name, _ in scope["headers"]]
    if any(name.startswith(":") or name != name.lower() for name in names):
        return f"the names are {names}"
    first = scope["headers"][0] if scope["headers"] else None
    return None if first == ["host", peer.target.authority] else f"the first field is {first}"


def _addresses(peer: Peer, scope: dict[str, Any]) -> str | None:
    if (scope.get("server") or [0, 0])[1] != peer.target.port:
        return f"server is {scope.get('server')}"
    client = scope.get("client")
    is_known = isinstance(client, list) and len(client) == 2 and isinstance(client[1], int)
    return None if is_known else f"client is {client}"


def _state(peer: Peer, scope: dict[str, Any]) -> str | None:
    started = scope.get("state", {}).get("started")
    return None if started is True else f"state is {scope.get('state')}"


scope_says("269", MUST, "http_version is '3'", _version)
scope_says("270", MUST, "scheme, method, path, query, root_path, asgi.version", _line)
scope_says("271", MUST, ":authority is the first field, host; no pseudo-headers", _names)
scope_says("272", SHOULD, "client and server addresses", _addresses)
scope_says("273", SHOULD, "lifespan startup ran, and its state reaches requests", _state)

# Failures

ends("274", "RFC 9114 §8.1", "the application raises before its response", "/raises", FAILS)
ends("275", "ASGI HTTP", "the application returns without a response", "/returns", FAILS)
ends(
    "276",
    "RFC 9114 §4.1",
    "the application returns in the middle of its response",
    "/script/ends-midway",
    CUT,
    aborted(),
)


@connection_case(
    "277",
    "RFC 9114 §4.1",
    MUST,
    "a second http.response.start is never a second final response",
    any_of(CUT, served()),
    aborted(),
    needs_app=True,
)
async def two_starts(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/script/two-starts"))
    await stream.over()
    finals = [each for each in stream.sections if each[0][0] == b":status"]
    check(len(finals) <= 1, f"{len(finals)} final responses")
    return stream


@connection_case(
    "278",
    "ASGI HTTP",
    MUST,
    "messages after the response is complete change nothing",
    served(),
    needs_app=True,
)
async def after_the_end(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/script/after-the-end"))
    response = await stream.over()
    check(response.body == b"hello", f"the content is {bytes(response.body)!r}")
    return stream


@connection_case(
    "279", "RFC 9114 §4.1", MUST, "http.response.body before the start", FAILS, needs_app=True
)
async def body_first(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/script/body-first"))
    await stream.over()
    check(not stream.frames or stream.frames[0][0] == 1, "DATA came first")
    return stream


# Disconnects


def _disconnects(id: str, words: str, leave: Callable[[Stream], None]) -> None:
    @connection_case(id, "ASGI HTTP", MUST, words, ignored(), needs_app=True)
    async def act(peer: Peer) -> None:
        token = Token(peer)
        stream = peer.request(peer.head("/hold", token.field, method=b"POST"), b"some", end=False)
        await token.until("run")
        leave(stream)
        await token.until("disconnect")


_disconnects("280", "RESET_STREAM reaches a waiting application", lambda stream: stream.reset())
_disconnects("280a", "STOP_SENDING reaches a waiting application", lambda stream: stream.stop())


@connection_case(
    "281",
    "ASGI HTTP",
    MUST,
    "a disconnect in the middle of a response, after the request was read",
    aborted(),
    needs_app=True,
)
async def mid_response(peer: Peer) -> Stream:
    token = Token(peer)
    stream = peer.request(peer.head("/late", token.field))
    await token.until("first")
    stream.stop()
    await token.until("disconnect")
    return stream


@connection_case(
    "282",
    "ASGI HTTP",
    SHOULD,
    "receive() after the complete response gives http.disconnect",
    served(),
    needs_app=True,
)
async def receive_afterwards(peer: Peer) -> Stream:
    token = Token(peer)
    stream = peer.request(peer.head("/afterwards", token.field))
    await token.until("then-http.disconnect")
    return stream


@connection_case(
    "283",
    "ASGI HTTP",
    MUST,
    "an application that sends for ever stops when the client goes",
    ignored(),
    needs_app=True,
)
async def endless(peer: Peer) -> None:
    token = Token(peer)
    async with Peer.connected(peer.target) as leaving:
        stream = leaving.request(leaving.head("/endless", token.field))
        await leaving.until(lambda: bool(stream.response.body))
    await token.until("stopped")


# Content


@connection_case(
    "284",
    "ASGI HTTP",
    MUST,
    "http.request messages carry the whole content",
    served(),
    needs_app=True,
)
async def whole_content(peer: Peer) -> Stream:
    content = bytes(range(256)) * 200
    stream = peer.open()
    stream.write(headers(peer.head("/echo", method=b"POST")))
    for start in range(0, len(content), 1000):
        stream.write(data(content[start : start + 1000]))
    stream.write(end=True)
    response = await stream.over()
    check(response.body == content, f"{len(response.body)} octets came back")
    return stream


@connection_case(
    "285",
    "ASGI HTTP",
    MUST,
    "concurrent requests do not mix up their contents",
    ignored(),
    needs_app=True,
)
async def no_mix(peer: Peer) -> None:
    streams = []
    for number in range(20):
        stream = peer.open()
        stream.write(headers(peer.head("/echo", method=b"POST")) + data(b"%d " % number))
        streams.append(stream)
    for round in range(5):
        for number, stream in enumerate(streams):
            stream.write(data(b"%d " % number), end=round == 4)
    for number, stream in enumerate(streams):
        response = await stream.over()
        check(response.body == b"%d " % number * 6, f"{bytes(response.body)!r} on {number}")
