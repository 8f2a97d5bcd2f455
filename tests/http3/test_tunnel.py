"""CONNECT, plain and extended, as a handler sees it: accepted, it is bytes both ways for as long
as both ends like; refused, it is a request like any other (RFC 9114 §4.4, RFC 8441, RFC 9220)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode, LocalProtocolError, RequestAborted
from tests.http3.harness import (
    CONFIG,
    OK,
    Received,
    data,
    echo,
    never,
    request,
    section,
    trailers,
)

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect

CONNECT = section((b":method", b"CONNECT"), (b":authority", b"h3.example:443"))


def extended(protocol: bytes = b"websocket", *fields: tuple[bytes, bytes]) -> bytes:
    """The HEADERS frame of an extended CONNECT."""
    return request(b"CONNECT", (b":protocol", protocol), *fields, path=b"/chat?room=1")


async def tunnel(stream: Http3Stream) -> None:
    """Accepts, and sends everything back, until the client has finished."""
    stream.response.start(200)
    await stream.response.flush()
    while chunk := await stream.body.read_chunk():
        await stream.response.write(chunk)
    await stream.response.complete()


async def refuses(stream: Http3Stream) -> None:
    stream.response.start(501)
    await stream.response.complete()


async def test_a_handler_sees_which_protocol_is_asked_for(connect: Connect) -> None:
    seen: list[object] = []

    async def application(stream: Http3Stream) -> None:
        wanted = stream.request
        seen.append((wanted.method, wanted.protocol, wanted.scheme, wanted.authority, wanted.path))
        await refuses(stream)

    client = connect(application)
    client.send(extended())
    client.send(CONNECT, on=4)
    await client.idle()
    assert seen == [
        ("CONNECT", "websocket", "https", "h3.example", b"/chat?room=1"),
        ("CONNECT", None, "", "h3.example:443", b""),
    ]


@pytest.mark.parametrize("head", [CONNECT, extended()], ids=["plain", "extended"])
async def test_an_accepted_tunnel_is_bytes_both_ways_until_the_client_ends_it(
    connect: Connect, head: bytes
) -> None:
    client = connect(tunnel)
    client.send(head)
    await client.idle()
    assert client.received() == Received(fields=OK)
    client.send(data(b"ping"))
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"ping")
    client.send(data(b" pong"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"ping pong", ended=True)


async def test_a_handler_that_ends_a_tunnel_asks_the_client_to_end_it_too(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete(b"bye")

    client = connect(application)
    client.send(extended())
    await client.idle()
    assert client.received() == Received(
        fields=OK, body=b"bye", ended=True, stopped=ErrorCode.H3_NO_ERROR
    )


async def test_the_clients_end_is_no_end_for_what_a_handler_still_sends(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        assert await stream.body.read_chunk() == b""
        await stream.response.write(b"more")
        await stream.response.complete()

    client = connect(application)
    client.send(extended(), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"more", ended=True)


async def test_a_refused_tunnel_is_answered_like_any_request(connect: Connect) -> None:
    client = connect(refuses)
    client.send(extended(b"smtp"))
    await client.idle()
    assert client.received() == Received(
        fields=[(b":status", b"501")], ended=True, stopped=ErrorCode.H3_NO_ERROR
    )


# RFC 9114 §4.4: "Once the CONNECT method has completed, only DATA frames are permitted to be sent
# on the stream."


async def test_trailers_in_a_tunnel_close_the_connection(connect: Connect) -> None:
    client = connect(tunnel)
    client.send(extended())
    await client.idle()
    client.send(trailers((b"checksum", b"1")), end=True)
    assert client.close_code == ErrorCode.H3_FRAME_UNEXPECTED


async def test_an_unknown_frame_in_a_tunnel_is_ignored(connect: Connect) -> None:
    client = connect(tunnel)
    client.send(extended(), bytes.fromhex("21 03 616263"), data(b"x"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"x", ended=True)


async def test_a_handler_cannot_send_trailers_through_a_tunnel(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        with pytest.raises(LocalProtocolError, match="A tunnel has no trailers"):
            stream.response.set_trailers([(b"checksum", b"1")])
        await stream.response.complete()

    client = connect(application)
    client.send(extended(), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, ended=True)


async def test_a_refusal_may_have_trailers(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(403)
        stream.response.set_trailers([(b"checksum", b"1")])
        await stream.response.complete(b"no")

    client = connect(application)
    client.send(extended(), end=True)
    await client.idle()
    assert client.received().trailers == [(b"checksum", b"1")]


# What holds for requests and not for tunnels


async def test_a_tunnel_may_be_longer_than_a_request(connect: Connect) -> None:
    client = connect(tunnel, config=replace(CONFIG, max_request_body_size=4))
    client.send(extended(b"websocket", (b"content-length", b"5")), data(b"12345"), data(b"6"))
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"123456")


async def test_a_length_says_nothing_of_a_tunnel(connect: Connect) -> None:
    """RFC 9110 §9.3.6: "A CONNECT request message does not have content." """
    client = connect(tunnel)
    client.send(extended(b"websocket", (b"content-length", b"0")), data(b"12345"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"12345", ended=True)


async def test_nobody_is_too_slow_in_a_tunnel(connect: Connect) -> None:
    """An hour in which the client sends nothing, and takes nothing of what waits for it."""
    client = connect(tunnel)
    client.send(extended())
    await client.idle()
    client.transport.block(0)
    client.send(data(b"x"))
    await client.idle()
    client.pass_time(3600)
    assert client.received() == Received(fields=OK, body=b"x")
    assert client.close_code is None


async def test_a_tunnel_keeps_its_connection(connect: Connect) -> None:
    client = connect(tunnel, config=replace(CONFIG, keep_alive_timeout=10))
    client.send(extended())
    await client.idle()
    client.pass_time(100)
    assert not client.connection._is_shutting_down


async def test_a_refusal_has_to_be_taken_like_any_response(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(403)
        while not (await stream.response.write(b"x" * 1000)).is_completed:
            pass

    client = connect(application)
    client.transport.block(0)
    client.send(extended())
    await client.idle()
    client.pass_time(100)
    assert client.received().reset == ErrorCode.H3_REQUEST_CANCELLED


# Back-pressure and ends


async def test_what_a_handler_has_not_read_is_not_granted(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        await stream.wait_closed()

    client = connect(application)
    client.send(extended(), data(b"x" * 100))
    await client.idle()
    assert client.transport.granted[0] == len(extended()) + len(data(b"x" * 100)) - 100


@pytest.mark.parametrize("end", ["reset", "stop", "lose"])
async def test_an_end_by_the_client_reaches_both_directions_of_a_tunnel(
    connect: Connect, end: str
) -> None:
    heard: list[object] = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        try:
            await stream.body.read_chunk()
        except RequestAborted:
            heard.append((await stream.response.write(b"x")).is_completed)

    client = connect(application)
    client.send(extended())
    await client.idle()
    getattr(client, end)()
    await client.idle()
    assert heard == [True]
    assert client.is_clean


# A server that stops


async def test_a_handler_that_asked_hears_that_the_server_stops(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.when_draining(stream.body.cancel_pending_read)
        stream.response.start(200)
        await stream.response.flush()
        assert (await stream.body.read()).is_canceled
        await stream.response.complete(b"bye")

    client = connect(application)
    client.send(extended())
    await client.idle()
    client.connection.shutdown()
    await client.idle()
    assert client.received().body == b"bye"
    assert client.close_code == ErrorCode.H3_NO_ERROR


async def test_who_asks_when_the_server_has_begun_to_stop_hears_it_at_once(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        assert (await stream.body.read()).is_canceled
        stream.when_draining(stream.body.cancel_pending_read)
        assert (await stream.body.read()).is_canceled
        await refuses(stream)

    client = connect(application)
    client.send(extended())
    await client.idle()
    client.connection.shutdown()
    client.connection.streams[0].body.cancel_pending_read()
    await client.idle()
    assert client.received().status == 501


# What is malformed


MALFORMED = {
    "RFC 8441 §4: :protocol without CONNECT": request(b"GET", (b":protocol", b"websocket")),
    "RFC 8441 §4: no :scheme": section(
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":authority", b"h3.example"),
        (b":path", b"/"),
    ),
    "RFC 8441 §4: no :path": section(
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":scheme", b"https"),
        (b":authority", b"h3.example"),
    ),
    "RFC 9114 §4.4: no :authority": section(
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":scheme", b"https"),
        (b":path", b"/"),
    ),
    "a :protocol that is no token": extended(b"web socket"),
}


@pytest.mark.parametrize("head", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_connect_is_reset(connect: Connect, head: bytes) -> None:
    client = connect(never)
    client.send(head)
    await client.idle()
    assert client.received() == Received(
        reset=ErrorCode.H3_MESSAGE_ERROR, stopped=ErrorCode.H3_MESSAGE_ERROR
    )


async def test_an_echo_without_an_acceptance_is_one_all_the_same(connect: Connect) -> None:
    """A handler that answers 200 to everything accepts a CONNECT as well: it has to look."""
    client = connect(echo)
    client.send(CONNECT, data(b"x"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"x", ended=True)
