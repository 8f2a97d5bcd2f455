"""The shapes that a request and its response may have, over real UDP."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from aioquic.buffer import encode_uint_var

from h3producer.errors import ErrorCode
from tests.e2e.apps import content, data, echo, end, hello, routed, start
from tests.e2e.exchange import data_frame

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from h3producer.http3.stream import Http3Stream
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

MIB = 1024 * 1024


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_request_is_answered_on_either_family(
    serve: Serve, connect: Connect, host: str
) -> None:
    client = await connect(await serve(hello, host=host))

    response = await client.get("/")

    assert (response.status, bytes(response.body), response.log) == (200, b"hello", ["fin"])


async def test_a_socket_that_is_bound_already_is_served(serve: Serve, connect: Connect) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        server = await serve(hello, bind=(f"fd://{bound.fileno()}",))
        assert server.addresses == [bound.getsockname()]
        client = await connect(server)
        assert (await client.get("/")).status == 200


async def test_one_server_listens_on_many_addresses(serve: Serve, connect: Connect) -> None:
    server = await serve(hello, bind=("127.0.0.1:0", "[::1]:0"))

    for address in server.addresses:
        client = await connect(address)
        assert (await client.get("/")).status == 200


async def test_the_scope_says_what_the_client_asked(serve: Serve, connect: Connect) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            seen.append(scope)
            await hello(scope, receive, send)

    server = await serve(app)
    client = await connect(server)
    await client.get("/a%20b?c=d", headers=[(b"x-one", b"1"), (b"x-one", b"2")])

    [scope] = seen
    assert scope["http_version"] == "3"
    assert (scope["method"], scope["scheme"]) == ("GET", "https")
    assert (scope["path"], scope["raw_path"]) == ("/a b", b"/a%20b")
    assert scope["query_string"] == b"c=d"
    assert scope["client"] == ("127.0.0.1", client.port)
    assert scope["server"] == server.addresses[0]
    assert scope["headers"] == [(b"host", b"localhost"), (b"x-one", b"1"), (b"x-one", b"2")]
    assert scope["extensions"]["tls"]["tls_version"] == 0x0304


async def test_head_has_no_content(serve: Serve, connect: Connect) -> None:
    # Without content-length, which aioquic's client would hold against the missing content; the
    # clients of tests/interop know better.
    client = await connect(await serve(hello))

    response = await client.get("/", method="HEAD")

    assert (response.status, bytes(response.body), response.log) == (200, b"", ["fin"])


async def test_content_comes_back_as_it_went(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(echo=echo)))
    body = b"".join(number.to_bytes(4, "big") for number in range(MIB // 4))

    response = await client.post("/echo", body)

    assert response.ended
    assert bytes(response.body) == body


async def test_a_request_may_end_with_trailers(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(echo=echo)))
    request = client.request("/echo", method="POST", end=False)
    request.send(b"body")

    request.send_trailers([(b"x-digest", b"abc")])

    assert bytes((await request.over()).body) == b"body"
    assert (await client.get("/")).status == 200


async def test_a_handler_sees_the_request_trailers(serve: Serve, connect: Connect) -> None:
    async def handler(stream: Http3Stream) -> None:
        while await stream.body.read_chunk():
            pass
        stream.response.start(200, stream.body.trailers or [])
        await stream.response.complete()

    client = await connect(await serve(handler))
    request = client.request("/", method="POST", end=False)
    request.send_trailers([(b"x-digest", b"abc")])

    assert (await request.over()).header(b"x-digest") == b"abc"


async def test_response_trailers_bring_the_end_with_them(serve: Serve, connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(trailers=True))
        await send(end(b"body"))
        await send({"type": "http.response.trailers", "headers": [(b"x-digest", b"abc")]})

    client = await connect(await serve(routed(app=app)))
    response = await client.get("/app", headers=[(b"te", b"trailers")])

    assert (bytes(response.body), response.log) == (b"body", ["fin"])
    assert response.trailers == [(b"x-digest", b"abc")]


async def test_an_early_hint_comes_before_the_response(serve: Serve, connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]})
        await hello(scope, receive, send)

    client = await connect(await serve(routed(app=app)))
    response = await client.get("/app")

    assert response.interim == [[(b":status", b"103"), (b"link", b"</a.css>; rel=preload")]]
    assert (response.status, bytes(response.body)) == (200, b"hello")


async def test_a_client_that_expects_100_continue_gets_it(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(echo=echo)))
    request = client.request(
        "/echo", method="POST", headers=[(b"expect", b"100-continue")], end=False
    )

    await client.until(lambda: bool(request.interim))
    request.send(b"body", end=True)

    assert request.interim == [[(b":status", b"100")]]
    assert bytes((await request.over()).body) == b"body"


async def test_a_response_grows_while_the_request_does(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(echo=echo)))
    exchange = client.request("/echo", method="POST", end=False)

    for number in range(1, 11):
        exchange.send(b"x")
        await exchange.until_body(number)
    exchange.send(b"", end=True)

    assert bytes((await exchange.over()).body) == 10 * b"x"


async def test_two_streams_may_be_interleaved(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(echo=echo)))
    first, second = (client.request("/echo", method="POST", end=False) for _ in range(2))

    for number in range(50):
        first.send(b"a%d " % number)
        second.send(b"b%d " % number)
    second.send(b"", end=True)
    first.send(b"", end=True)

    assert bytes((await first.over()).body) == b"".join(b"a%d " % each for each in range(50))
    assert bytes((await second.over()).body) == b"".join(b"b%d " % each for each in range(50))


async def test_a_request_may_come_byte_by_byte(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(echo=echo)))
    exchange = client.open_stream()
    fields = [(b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/echo")]
    _, section = client.encoder.encode(exchange.stream_id, [*fields, (b":authority", b"a")])
    octets = b"\x01" + encode_uint_var(len(section)) + section + data_frame(b"hello")

    for number in range(len(octets)):
        exchange.send_raw(octets[number : number + 1], end=number == len(octets) - 1)

    response = await exchange.over()
    assert (response.status, bytes(response.body)) == (200, b"hello")


async def test_frames_of_unknown_types_are_passed_over(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(echo=echo)))
    exchange = client.request("/echo", method="POST", end=False)

    exchange.send_raw(encode_uint_var(0x21 + 0x1F * 7) + encode_uint_var(70_000) + bytes(70_000))
    exchange.send(b"hello", end=True)

    assert bytes((await exchange.over()).body) == b"hello"


async def test_a_field_section_beyond_the_limit_is_431(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(hello, max_field_section_size=1024))

    response = await client.get("/", headers=[(b"x-big", 4096 * b"z")])

    assert response.status == 431
    assert (await client.get("/")).status == 200


async def test_a_malformed_request_costs_one_stream(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(hello))

    response = await client.get("/", headers=[(b"connection", b"close")])

    assert response.reset_code == ErrorCode.H3_MESSAGE_ERROR
    assert (await client.get("/")).status == 200


async def test_a_broken_frame_order_costs_one_connection(serve: Serve, connect: Connect) -> None:
    server = await serve(hello)
    client, other = await connect(server), await connect(server)

    client.open_stream().send_raw(data_frame(b"no HEADERS yet"))

    assert await client.closed() == ErrorCode.H3_FRAME_UNEXPECTED
    assert (await other.get("/")).status == 200


async def test_a_large_response_arrives_in_order(serve: Serve, connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(3000):
            await send(data(number.to_bytes(2, "big") * 500))
        await send(end())

    client = await connect(await serve(routed(app=app)))
    response = await client.get("/app")

    assert bytes(response.body) == b"".join(each.to_bytes(2, "big") * 500 for each in range(3000))


async def test_an_app_may_read_all_before_it_answers(serve: Serve, connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        size = sum([len(piece) async for piece in content(receive)])
        await send(start())
        await send(end(b"%d" % size))

    client = await connect(await serve(routed(app=app)))

    assert bytes((await client.post("/app", bytes(2 * MIB))).body) == b"%d" % (2 * MIB)
