"""The messages of a session, both ways, and its scope."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi.errors import ClientDisconnected
from h3producer.wire.webtransport import error_code_of
from tests.asgi.webtransport.peer import ACCEPT, Peer, Recorder, says
from tests.http3.harness import CONFIG, Client, request
from tests.http3.webtransport.harness import GONE

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

BIDI, UNI = 4, 6


async def recorded(*headers: tuple[bytes, bytes]) -> tuple[Peer, Recorder]:
    """A session that was accepted, and the application that listens to it."""
    app = Recorder()
    return await Peer(app, *headers).opened(), app


# The scope


async def test_the_scope_is_that_of_the_request_with_a_type_of_its_own() -> None:
    peer, app = await recorded((b"origin", b"https://example.com"))
    scope = app.scope
    assert scope["type"] == "webtransport"
    assert scope["asgi"] == {"version": "3.0", "spec_version": "0.1"}
    assert (scope["path"], scope["raw_path"]) == ("/app/chat", b"/chat")
    assert scope["query_string"] == b"room=1"
    assert (b"origin", b"https://example.com") in scope["headers"]
    assert scope["scheme"] == "https"
    assert scope["http_version"] == "3"
    assert "method" not in scope
    assert set(scope["extensions"]) == {"tls", "webtransport"}
    await peer.end()


async def test_the_scope_says_how_large_a_datagram_may_be() -> None:
    peer, app = await recorded()
    size = app.scope["extensions"]["webtransport"]["max_datagram_size"]
    await app.says("datagram.send", data=bytes(size))
    assert peer.transport.datagrams == [b"\0" + bytes(size)]
    await peer.end()


@pytest.mark.parametrize(
    ("value", "offered"),
    [
        (b'"chat", "other"', ["chat", "other"]),
        (b'"a";v=1,"b c"', ["a", "b c"]),
        (b'"a\\"b"', ['a"b']),
        (b"", []),
        (b"chat", []),
        (b'"chat", other', []),
        (b'"chat', []),
        (b'"chat",', []),
    ],
)
async def test_the_scope_has_the_subprotocols_that_the_client_offers(
    value: bytes, offered: list[str]
) -> None:
    peer, app = await recorded((b"wt-available-protocols", value))
    assert app.scope["subprotocols"] == offered
    await peer.end()


# Opening


async def test_a_session_is_accepted_with_headers_and_a_subprotocol() -> None:
    message = {**ACCEPT, "headers": [(b"x-room", b"1")], "subprotocol": 'say "b"'}
    peer = Peer(says(message), (b"wt-available-protocols", b'"a", "say \\"b\\""'))
    await peer.opened()
    assert (b"x-room", b"1") in peer.received().fields
    assert (b"wt-protocol", b'"say \\"b\\""') in peer.received().fields
    await peer.end()


async def test_a_client_of_draft_02_is_told_so() -> None:
    peer, _ = await recorded((b"sec-webtransport-http3-draft02", b"1"))
    assert (b"sec-webtransport-http3-draft", b"draft02") in peer.received().fields
    await peer.end()


@pytest.mark.parametrize(("about", "status"), [({}, 403), ({"status": 404}, 404)])
async def test_a_close_before_the_acceptance_is_a_refusal(
    about: dict[str, Any], status: int
) -> None:
    peer = Peer(says({"type": "webtransport.close", **about}))
    await peer.idle()
    assert peer.outcome == str(status)
    await peer.end()


async def test_without_the_setting_a_session_is_not_implemented() -> None:
    app = Recorder()
    peer = Peer(app, config=CONFIG)
    await peer.idle()
    assert peer.outcome == "501"
    assert app.scope == {}
    await peer.end()


async def test_other_requests_of_the_connection_reach_the_application_as_ever() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    peer = Peer(says(ACCEPT))
    client = Client(peer.connection._handler, config=CONFIG)
    client.send(request(b"GET"), end=True)
    await client.idle()
    assert client.received().reset is None
    await peer.end()


# Streams


async def test_what_comes_on_a_stream_is_received() -> None:
    peer, app = await recorded()
    peer.send(peer.head(UNI), b"hello", on=UNI)
    await peer.idle()
    peer.send(on=UNI, end=True)
    await peer.idle()
    about = {"type": "webtransport.stream.receive", "stream": UNI}
    assert app.heard == [
        {**about, "data": b"hello", "end_stream": False},
        {**about, "data": b"", "end_stream": True},
    ]
    await peer.end()


async def test_an_answer_goes_back_on_the_stream_that_it_is_for() -> None:
    peer, app = await recorded()
    peer.send(peer.head(BIDI), b"ping", on=BIDI)
    await peer.idle()
    await app.says("stream.send", stream=BIDI, data=b"po")
    await app.says("stream.send", stream=BIDI, data=bytearray(b"ng"), end_stream=True)
    assert peer.transport.sent(BIDI) == b"pong"
    assert peer.transport.fin(BIDI)
    await peer.end()


@pytest.mark.parametrize(("bidirectional", "stream_id"), [(True, 1), (False, 15)])
async def test_who_asks_for_a_stream_is_told_its_number(
    bidirectional: bool, stream_id: int
) -> None:
    peer, app = await recorded()
    await app.says("stream.open", bidirectional=bidirectional, tag=("any", "thing"))
    await peer.idle()
    assert app.last == {
        "type": "webtransport.stream.opened",
        "stream": stream_id,
        "bidirectional": bidirectional,
        "tag": ("any", "thing"),
    }
    await app.says("stream.send", stream=stream_id, data=b"hello")
    assert peer.transport.sent(stream_id) == peer.head(stream_id) + b"hello"
    await peer.end()


async def test_a_stream_goes_both_ways_unless_it_is_asked_not_to() -> None:
    peer, app = await recorded()
    await app.says("stream.open")
    await peer.idle()
    assert (app.last["bidirectional"], app.last["tag"]) == (True, None)
    await peer.end()


async def test_resets_and_stops_are_told_with_their_codes() -> None:
    peer, app = await recorded()
    peer.send(peer.head(BIDI), b"hello", on=BIDI)
    await peer.idle()
    peer.reset(error_code_of(7), on=BIDI)
    peer.stop(error_code_of(8), on=BIDI)
    await peer.idle()
    assert app.heard[1:] == [
        {"type": "webtransport.stream.reset", "stream": BIDI, "code": 7},
        {"type": "webtransport.stream.stop", "stream": BIDI, "code": 8},
    ]
    await peer.end()


async def test_the_application_resets_and_stops_with_codes() -> None:
    peer, app = await recorded()
    peer.send(peer.head(BIDI), b"hello", on=BIDI)
    await peer.idle()
    await app.says("stream.reset", stream=BIDI, code=7)
    await app.says("stream.stop", stream=BIDI, code=8)
    assert peer.transport.resets[BIDI] == error_code_of(7)
    assert peer.transport.stops[BIDI] == error_code_of(8)
    await peer.end()


async def test_on_a_stream_that_is_over_nothing_happens() -> None:
    peer, app = await recorded()
    peer.send(peer.head(BIDI), b"hello", on=BIDI, end=True)
    peer.stop(error_code_of(8), on=BIDI)
    await peer.idle()
    await app.says("stream.send", stream=BIDI, data=b"late", end_stream=True)
    await app.says("stream.reset", stream=BIDI)
    await app.says("stream.stop", stream=BIDI)
    assert peer.transport.sent(BIDI) == b""
    await peer.end()


async def test_who_sends_waits_until_the_client_takes_it() -> None:
    peer, app = await recorded()
    peer.send(peer.head(BIDI), b"hello", on=BIDI)
    await peer.idle()
    peer.transport.block(BIDI)
    sending = asyncio.create_task(app.says("stream.send", stream=BIDI, data=bytes(100_000)))
    await peer.idle()
    assert not sending.done()
    peer.transport.unblock(BIDI)
    await sending
    assert len(peer.transport.sent(BIDI)) == 100_000
    await peer.end()


async def test_a_client_may_send_no_more_than_the_application_has_received() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await asyncio.Event().wait()

    peer = await Peer(app).opened()
    peer.send(peer.head(UNI), bytes(1000), on=UNI)
    await peer.idle()
    assert peer.transport.granted[UNI] == len(peer.head(UNI))
    peer.task.cancel()
    await peer.idle()
    assert peer.transport.granted[UNI] == len(peer.head(UNI)) + 1000
    await peer.end()


# Datagrams


async def test_datagrams_go_both_ways() -> None:
    peer, app = await recorded()
    peer.datagram(b"ping")
    await peer.idle()
    await app.says("datagram.send", data=memoryview(b"pong"))
    assert app.heard == [{"type": "webtransport.datagram.receive", "data": b"ping"}]
    assert peer.transport.datagrams == [b"\0pong"]
    await peer.end()


async def test_a_datagram_for_which_there_is_no_room_is_dropped() -> None:
    peer, app = await recorded()
    peer.transport.is_full = True
    await app.says("datagram.send", data=b"pong")
    peer.transport.is_full = False
    assert peer.transport.datagrams == []
    await peer.end()


async def test_a_datagram_is_tried_again_once_others_have_left() -> None:
    peer, app = await recorded()
    peer.transport.is_full = True
    sending = asyncio.create_task(app.says("datagram.send", data=b"pong"))
    await asyncio.sleep(0)
    peer.transport.is_full = False
    await sending
    assert peer.transport.datagrams == [b"\0pong"]
    await peer.end()


# The end


async def test_the_client_closes_with_code_and_reason() -> None:
    peer, app = await recorded()
    peer.close(7, "bye")
    await peer.idle()
    assert app.last == {"type": "webtransport.disconnect", "code": 7, "reason": "bye"}
    assert peer.received().ended
    assert peer.task.done()


async def test_a_client_that_is_cut_off_gives_no_code() -> None:
    peer, app = await recorded()
    peer.reset()
    await peer.idle()
    assert app.last["type"] == "webtransport.disconnect"
    assert app.last["code"] is None
    await peer.end()


async def test_the_application_closes_with_code_and_reason() -> None:
    peer, app = await recorded()
    peer.send(peer.head(BIDI), b"hello", on=BIDI)
    await peer.idle()
    await app.says("close", code=7, reason="bye")
    await peer.idle()
    assert peer.last_words == (7, "bye")
    assert peer.transport.resets[BIDI] == GONE
    assert app.last == {"type": "webtransport.disconnect", "code": 7, "reason": "bye"}
    await peer.end()


async def test_after_the_end_every_send_is_a_disconnect() -> None:
    peer, app = await recorded()
    peer.close()
    for kind in ("datagram.send", "drain", "stream.open", "close"):
        with pytest.raises(ClientDisconnected):
            await app.says(kind)
    await peer.end()


async def test_who_waits_in_a_send_hears_of_the_end() -> None:
    peer, app = await recorded()
    peer.send(peer.head(BIDI), b"hello", on=BIDI)
    await peer.idle()
    peer.transport.block(BIDI)
    sending = asyncio.create_task(app.says("stream.send", stream=BIDI, data=bytes(100_000)))
    await peer.idle()
    peer.close()
    await peer.idle()
    assert isinstance(sending.exception(), ClientDisconnected)
    await peer.end()


async def test_an_application_that_lets_the_disconnect_pass_is_not_at_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await receive()
        await receive()
        await send({"type": "webtransport.datagram.send", "data": b"late"})

    peer = await Peer(app).opened()
    peer.close()
    await peer.idle()
    assert peer.task.done()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_application_that_overlooks_the_disconnect_does_not_hold_the_loop() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        while True:
            await receive()

    peer = await Peer(app).opened()
    peer.close()
    await peer.idle()  # it would never come back
    peer.task.cancel()
    await peer.idle()


# Draining


async def test_a_client_asks_for_the_end() -> None:
    peer, app = await recorded()
    peer.ask_for_end()
    await peer.idle()
    assert app.heard == [{"type": "webtransport.drain"}]
    await peer.end()


async def test_a_shutdown_asks_both_for_the_end() -> None:
    peer, app = await recorded()
    peer.connection.shutdown()
    await peer.idle()
    assert app.heard == [{"type": "webtransport.drain"}]
    assert peer.received().body == bytes.fromhex("800078ae 00")
    await peer.end()


async def test_the_application_asks_for_the_end() -> None:
    peer, app = await recorded()
    await app.says("drain")
    assert peer.received().body == bytes.fromhex("800078ae 00")
    await peer.end()
