"""Requests over TCP, and that they are what they are over HTTP/3."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.apps import (
    PIECE,
    Streaming,
    content,
    data,
    echo,
    end,
    fail_midway,
    hello,
    routed,
    start,
)
from tests.e2e.observed import Notes
from tests.server.tcp.clients import Http1Client, Http2Client

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from h3producer.http3.stream import Http3Stream
    from tests.e2e.server import Serve
    from tests.server.tcp.conftest import Dial

pytestmark = pytest.mark.once


async def test_an_application_answers(served: Serve, dial: Dial) -> None:
    client = await dial(await served(hello))

    answer = await client.get("/")

    assert (answer.status, bytes(answer.body), answer.ended) == (200, b"hello", True)


async def test_a_connection_takes_one_request_after_another(served: Serve, dial: Dial) -> None:
    client = await dial(await served(echo))

    for text in (b"one", b"two", b"three"):
        assert bytes((await client.post("/", text)).body) == text


async def test_responses_say_where_http_3_is(served: Serve, dial: Dial) -> None:
    server = await served(hello)
    client = await dial(server)

    answer = await client.get("/")

    port = server.addresses[0][1]
    assert answer.headers[b"alt-svc"] == b'h3=":%d"; ma=86400' % port
    assert answer.headers[b"server"] == b"h3producer"
    assert b"date" in answer.headers


async def test_an_application_may_say_it_otherwise(served: Serve, dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, (b"alt-svc", b"clear")))
        await send(end())

    client = await dial(await served(app))

    assert (await client.get("/")).headers[b"alt-svc"] == b"clear"


async def test_port_and_age_can_be_set(served: Serve, dial: Dial) -> None:
    client = await dial(await served(hello, alt_svc_port=443, alt_svc_max_age=60))

    assert (await client.get("/")).headers[b"alt-svc"] == b'h3=":443"; ma=60'


async def test_the_scope_is_that_of_http_3_but_for_the_version(served: Serve, dial: Dial) -> None:
    scopes: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    server = await served(app, root_path="/shop")
    client = await dial(server)
    await client.get("/caf%C3%A9?a=b", [(b"X-Name", b"value"), (b"cookie", b"a=1")])

    scope = scopes[-1]
    assert (scope["type"], scope["method"], scope["scheme"]) == ("http", "GET", "https")
    assert scope["http_version"] == ("2" if isinstance(client, Http2Client) else "1.1")
    assert (scope["path"], scope["raw_path"]) == ("/shop/café", b"/caf%C3%A9")
    assert (scope["query_string"], scope["root_path"]) == (b"a=b", "/shop")
    assert scope["headers"] == [
        (b"host", b"example.org"),
        (b"x-name", b"value"),
        (b"cookie", b"a=1"),
    ]
    assert scope["server"] == server.addresses[0]
    assert scope["client"] == client.writer.get_extra_info("sockname")
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert scope["extensions"]["tls"]["tls_version"] == 0x0304
    assert scope["extensions"]["tls"]["cipher_suite"] in (0x1301, 0x1302, 0x1303)
    assert "BEGIN CERTIFICATE" in scope["extensions"]["tls"]["server_cert"]
    assert "http.response.pathsend" in scope["extensions"]


async def test_the_state_of_the_lifespan_is_there(served: Serve, dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["greeting"] = b"hi"
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send(start())
            await send(end(scope["state"]["greeting"]))

    client = await dial(await served(app))

    assert bytes((await client.get("/")).body) == b"hi"


async def test_a_handler_without_asgi_answers_as_well(served: Serve, dial: Dial) -> None:
    async def handle(stream: Http3Stream) -> None:
        stream.response.start(200)
        while chunk := await stream.body.read_chunk():
            await stream.response.write(chunk.upper())
        await stream.response.complete()

    client = await dial(await served(handle))

    assert bytes((await client.post("/", b"quiet")).body) == b"QUIET"


async def test_an_application_that_fails_is_answered_with_500(served: Serve, dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("The application fails, as it is meant to.")

    client = await dial(await served(app))

    answer = await client.get("/")

    assert (answer.status, bytes(answer.body)) == (500, b"Internal Server Error")


async def test_a_response_that_fails_midway_never_looks_whole(served: Serve, dial: Dial) -> None:
    client = await dial(await served(fail_midway))

    answer = await client.get("/")

    assert (answer.status, answer.ended) == (200, False)


async def test_over_http_2_a_failed_response_leaves_the_others_alone(served: Serve) -> None:
    server = await served(routed(fail=fail_midway))
    async with await Http2Client.connected(server) as client:
        failed = await client.get("/fail")
        assert failed.reset_code == 2  # INTERNAL_ERROR

        assert (await client.get("/")).status == 200


async def test_an_interim_response_and_trailers_go_over_http_2(served: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.early_hint", "links": [b"</a.css>"]})
        await send(start(trailers=True))
        await send(end(b"content"))
        await send({"type": "http.response.trailers", "headers": [(b"digest", b"1")]})

    async with await Http2Client.connected(await served(app)) as client:
        for _ in range(2):
            answer = await client.get("/", [(b"te", b"trailers")])
            assert (answer.interim, answer.status) == ([103], 200)
            assert (bytes(answer.body), answer.trailers) == (b"content", [(b"digest", b"1")])


async def test_over_http_1_neither_is_offered_nor_sent(served: Serve) -> None:
    offered: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        offered.extend(scope["extensions"])
        await send(start(trailers=True))
        await send(end(b"content"))
        await send({"type": "http.response.trailers", "headers": [(b"digest", b"1")]})

    async with await Http1Client.connected(await served(app)) as client:
        answer = await client.get("/", [(b"te", b"trailers")])

    assert (bytes(answer.body), answer.ended) == (b"content", True)
    assert not {"http.response.early_hint", "http.response.trailers"} & set(offered)


async def test_a_head_has_no_content(served: Serve, dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, (b"content-length", b"5")))
        await send(end(b"hello"))

    client = await dial(await served(app))

    answer = await client.over(client.request("/", "HEAD"))

    assert (answer.status, answer.headers[b"content-length"]) == (200, b"5")
    assert (bytes(answer.body), answer.ended) == (b"", True)


async def test_an_upload_that_is_too_large_is_answered_with_413(served: Serve, dial: Dial) -> None:
    client = await dial(await served(echo, max_request_body_size=1000))

    answer = await client.post("/", bytes(2000))

    assert (answer.status, answer.ended) == (413, True)


async def test_too_many_fields_are_answered_with_431(served: Serve, dial: Dial) -> None:
    client = await dial(await served(hello, max_fields=10))

    answer = await client.get("/", [(b"x-%d" % number, b"") for number in range(20)])

    assert answer.status == 431


async def test_beyond_the_limit_of_both_sides_a_request_is_answered_with_503(
    served: Serve, dial: Dial
) -> None:
    may_end = asyncio.Event()
    notes = Notes()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        notes.add("inside")
        await may_end.wait()
        await hello(scope, receive, send)

    server = await served(routed(slow=app), limit_concurrency=1)
    first, second = await dial(server), await dial(server)
    waiting = first.request("/slow")
    await notes.until("inside")

    assert (await second.get("/")).status == 503

    may_end.set()
    assert (await first.over(waiting)).status == 200


async def test_an_application_may_answer_before_it_has_read(served: Serve, dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await hello(scope, receive, send)

    client = await dial(await served(app))
    answer = client.request("/", "POST", content=None)

    await client.until(lambda: answer.status == 200 and bytes(answer.body) == b"hello")
    assert answer.ended


async def test_over_http_2_the_rest_of_an_upload_that_is_answered_harms_nobody(
    served: Serve,
) -> None:
    server = await served(hello)
    async with await Http2Client.connected(server) as client:
        answer = client.request("/", "POST", content=None)
        for _ in range(3):
            client.send(answer, b"more")  # the response is on its way, or there
        await client.until(lambda: answer.reset_code == 0)  # RFC 9113 §8.1: NO_ERROR
        assert (answer.status, bytes(answer.body), answer.ended) == (200, b"hello", True)

        assert (await client.get("/")).status == 200


@pytest.mark.parametrize("size", [1, 70_000, 300_000])
async def test_content_comes_back_as_it_was(served: Serve, dial: Dial, size: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pieces = [piece async for piece in content(receive)]
        await send(start())
        await send(data(b"".join(pieces)))
        await send(end())

    client = await dial(await served(app))
    answer = client.request("/", "POST", content=None)
    rest = bytes(range(256)) * (size // 256 + 1)
    rest = rest[:size]
    sent = 0
    while sent < size:
        if isinstance(client, Http2Client):
            await client.until(lambda: client.room(answer) > 0)
            step = min(client.room(answer), 16_384)
        else:
            step = 16_384
        client.send(answer, rest[sent : sent + step])
        sent += step
    client.send(answer, b"", ends=True)

    await client.over(answer)
    assert bytes(answer.body) == rest


async def test_a_response_of_many_pieces_arrives(served: Serve, dial: Dial) -> None:
    client = await dial(await served(Streaming(50 * PIECE)))

    answer = await client.get("/")

    assert (len(answer.body), answer.ended) == (50 * PIECE, True)
