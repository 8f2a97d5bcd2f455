"""The opening handshake: what an application is told, what it may answer, and what we refuse."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.wire.frames import FrameType, encode_frame
from h3producer.wire.qpack import FieldSectionEncoder
from tests.asgi.websocket.apps import ACCEPT, Recorder, echo, says
from tests.asgi.websocket.peer import Peer

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

START = {
    "type": "websocket.http.response.start",
    "status": 401,
    "headers": [(b"www-authenticate", b"Basic")],
}


async def test_the_scope_says_what_is_asked_for() -> None:
    app = Recorder()
    adapter = AsgiAdapter(app, root_path="/app", state={"word": "hello"})
    peer = await Peer(
        adapter, (b"sec-websocket-protocol", b"chat, superchat"), (b"x", b"y")
    ).opened()
    scope = app.scope
    assert {key: scope[key] for key in scope if key not in ("extensions", "headers")} == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "3",
        "scheme": "wss",
        "path": "/app/chat",
        "raw_path": b"/chat",
        "query_string": b"room=1",
        "root_path": "/app",
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 4433),
        "subprotocols": ["chat", "superchat"],
        "state": {"word": "hello"},
    }
    assert scope["headers"] == [
        (b"host", b"h3.example"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-protocol", b"chat, superchat"),
        (b"x", b"y"),
    ]
    assert sorted(scope["extensions"]) == ["tls", "websocket.http.response"]
    assert scope["extensions"]["tls"]["tls_version"] == 0x0304
    peer.close()
    await peer.over()


async def test_the_state_is_each_sockets_own() -> None:
    app = Recorder()
    adapter = AsgiAdapter(app, state={"word": "hello"})
    peer = await Peer(adapter).opened()
    app.scope["state"]["word"] = "bye"
    assert adapter.state == {"word": "hello"}
    peer.close()
    await peer.over()


async def test_an_application_chooses_a_subprotocol_and_adds_headers() -> None:
    accept = {**ACCEPT, "subprotocol": "superchat", "headers": [(b"X-Custom", b"1")]}
    peer = await Peer(says(accept), (b"sec-websocket-protocol", b"chat,superchat")).opened()
    assert peer.fields[1:] == [(b"x-custom", b"1"), (b"sec-websocket-protocol", b"superchat")]


async def test_an_acceptance_is_told_in_uvicorns_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
    peer = await Peer(echo, path="/chat?a=1").opened()
    assert caplog.messages == ['127.0.0.1:50000 - "WebSocket /chat?a=1" [accepted]']
    peer.close()
    await peer.over()


# Refusals


async def test_a_close_before_the_acceptance_is_403() -> None:
    peer = await Peer(says({"type": "websocket.close", "code": 4000})).over()
    assert peer.outcome == "403"


async def test_a_refusal_may_be_any_response() -> None:
    parts: list[dict[str, Any]] = [
        {"type": "websocket.http.response.body", "body": b"not ", "more_body": True},
        {"type": "websocket.http.response.body", "body": b"you"},
    ]
    peer = await Peer(says(START, *parts)).over()
    assert peer.outcome == "401"
    assert peer.header(b"www-authenticate") == b"Basic"
    assert peer.body == b"not you"


async def test_who_has_refused_hears_of_a_disconnect() -> None:
    heard: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.close"})
        heard.append(await receive())

    await Peer(app).over()
    assert heard == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}]


async def test_a_client_that_left_before_it_was_refused_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await receive()
        await send({"type": "websocket.close"})

    peer = Peer(app)
    await peer.idle()
    peer.reset()
    await peer.over()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize("versions", [[], [b"8"], [b"13", b"13"], [b"13, 8"]])
async def test_another_version_is_refused_with_the_one_there_is(versions: list[bytes]) -> None:
    """RFC 6455 §4.4. 426 would need an `upgrade` field."""
    peer = Peer(echo)
    del peer.head[5]
    peer.head += [(b"sec-websocket-version", version) for version in versions]
    await send_again(peer)
    assert b"13" in dict(peer.fields_on(4)).values()
    assert peer.fields_on(4)[0] == (b":status", b"400")


async def test_another_scheme_is_refused() -> None:
    peer = Peer(echo)
    peer.head[2] = (b":scheme", b"ftp")
    await send_again(peer)
    assert peer.fields_on(4)[0] == (b":status", b"400")


async def test_another_protocol_is_501() -> None:
    """RFC 9220 §3."""
    peer = Peer(echo)
    peer.head[1] = (b":protocol", b"nobody-speaks-it")
    await send_again(peer)
    assert peer.fields_on(4)[0] == (b":status", b"501")


async def test_without_wsproto_it_is_501_and_a_sentence(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h3producer.asgi.websocket.serve", None)
    peer = await Peer(echo).over()
    assert peer.outcome == "501"
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "install h3producer[websocket]" in line


async def send_again(peer: Peer) -> None:
    """Send the head as it is now, on stream 4."""
    head = encode_frame(FrameType.HEADERS, FieldSectionEncoder().encode(peer.head))
    peer.connection.stream_data_received(4, head, False)
    await peer.idle()
    peer.task.cancel()
    await peer.over()
