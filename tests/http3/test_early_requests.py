"""Requests in early data: safe ones are answered at once and say so, the others wait (RFC 8470)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http3.harness import GET, POST, data, echo, hello, never, request

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from h3producer.wire.fields import Fields
    from tests.http3.conftest import Connect


class Seen:
    """A handler that answers 200, and remembers what it was asked."""

    def __init__(self) -> None:
        self.methods: list[str] = []
        self.early: list[bool] = []
        self.marks: list[Fields] = []

    async def __call__(self, stream: Http3Stream) -> None:
        self.methods.append(stream.request.method)
        self.early.append(stream.is_early)
        self.marks.append([each for each in stream.request.headers if each[0] == b"early-data"])
        await hello(stream)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"TRACE"])
async def test_a_safe_request_is_answered_before_the_handshake_is_complete(
    connect: Connect, method: bytes
) -> None:
    client = connect(hello, early=True)
    client.send(request(method), end=True)
    await client.idle()
    assert client.received().status == 200


@pytest.mark.parametrize(
    "method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"PROPFIND", b"get", b"UNHEARD-OF"]
)
async def test_any_other_request_waits_for_the_handshake(connect: Connect, method: bytes) -> None:
    seen = Seen()
    client = connect(seen, early=True)
    client.send(request(method), end=True)
    await client.idle()
    assert seen.methods == []
    assert client.sends() == []
    client.complete_handshake()
    await client.idle()
    assert seen.methods == [method.decode()]
    assert client.received().status == 200


async def test_a_tunnel_waits_for_the_handshake(connect: Connect) -> None:
    client = connect(never, early=True)
    client.send(request(b"CONNECT", (b":protocol", b"websocket")))
    await client.idle()
    client.lose()


async def test_a_request_that_has_waited_has_all_of_its_body(connect: Connect) -> None:
    client = connect(echo, early=True)
    client.send(POST, data(b"sent early, "))
    client.complete_handshake()
    client.send(data(b"sent late"), end=True)
    await client.idle()
    assert client.received().body == b"sent early, sent late"


async def test_a_request_that_is_given_up_while_it_waits_is_forgotten(connect: Connect) -> None:
    seen = Seen()
    client = connect(seen, early=True)
    client.send(POST, data(b"hello"))
    client.reset()
    assert client.connection.streams == {}
    client.complete_handshake()
    await client.idle()
    assert seen.methods == []


async def test_what_waits_is_not_read_so_its_client_gets_no_credit(connect: Connect) -> None:
    client = connect(echo, early=True)
    client.send(POST, data(bytes(1000)))
    await client.idle()
    assert client.transport.granted[0] < 1000
    client.complete_handshake()
    await client.idle()
    assert client.transport.granted[0] == client._delivered[0]


async def test_those_that_have_waited_begin_in_the_order_in_which_they_came(
    connect: Connect,
) -> None:
    paths: list[bytes] = []

    async def application(stream: Http3Stream) -> None:
        paths.append(stream.request.path)
        await hello(stream)

    client = connect(application, early=True)
    for number in range(5):
        client.send(request(b"POST", path=b"/%d" % number), end=True, on=4 * number)
    client.complete_handshake()
    await client.idle()
    assert paths == [b"/0", b"/1", b"/2", b"/3", b"/4"]


async def test_an_early_request_says_so(connect: Connect) -> None:
    seen = Seen()
    client = connect(seen, early=True)
    client.send(GET, end=True)
    await client.idle()
    assert seen.early == [True]
    assert seen.marks == [[(b"early-data", b"1")]]


async def test_a_request_that_has_waited_is_not_early_any_more(connect: Connect) -> None:
    seen = Seen()
    client = connect(seen, early=True)
    client.send(POST, end=True)
    client.complete_handshake()
    await client.idle()
    assert seen.early == [False]
    assert seen.marks == [[]]


async def test_requests_behind_the_handshake_are_like_any_other(connect: Connect) -> None:
    seen = Seen()
    client = connect(seen, early=True)
    client.complete_handshake()
    client.send(GET, end=True)
    client.send(POST, end=True, on=4)
    await client.idle()
    assert seen.early == [False, False]
    assert seen.marks == [[], []]


async def test_the_same_request_again_is_not_marked_for_having_been_early(
    connect: Connect,
) -> None:
    """Equal requests share what was read of them, the mark is the early one's own."""
    seen = Seen()
    client = connect(seen, early=True)
    client.send(GET, end=True)
    client.complete_handshake()
    client.send(GET, end=True, on=4)
    await client.idle()
    assert seen.marks == [[(b"early-data", b"1")], []]


@pytest.mark.parametrize("values", [[b"1"], [b"1", b"1"], [b"0"], [b"yes", b"1"]])
async def test_however_often_a_client_says_it_an_early_request_is_marked_once(
    connect: Connect, values: list[bytes]
) -> None:
    seen = Seen()
    client = connect(seen, early=True)
    client.send(request(b"GET", *((b"early-data", value) for value in values)), end=True)
    await client.idle()
    assert seen.marks == [[(b"early-data", b"1")]]


async def test_what_was_early_for_a_proxy_in_front_of_us_stays_marked(connect: Connect) -> None:
    """RFC 8470 §5.1: waiting for our own handshake does not make it safe."""
    seen = Seen()
    client = connect(seen)
    client.send(request(b"GET", (b"early-data", b"1")), end=True)
    await client.idle()
    assert seen.early == [False]
    assert seen.marks == [[(b"early-data", b"1")]]


async def test_an_application_may_want_it_asked_again(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(425 if stream.is_early else 200)
        await stream.response.complete()

    client = connect(application, early=True)
    client.send(GET, end=True)
    client.complete_handshake()
    client.send(GET, end=True, on=4)
    await client.idle()
    assert [client.received().status, client.received(4).status] == [425, 200]


async def test_a_client_may_give_up_while_it_waits(connect: Connect) -> None:
    client = connect(never, early=True)
    client.send(POST)
    client.reset()
    client.complete_handshake()
    await client.idle()
    assert client.received().reset is not None
    assert client.is_clean


async def test_a_handshake_that_is_never_complete_ends_those_that_wait(connect: Connect) -> None:
    client = connect(never, early=True)
    client.send(POST, data(b"body"))
    client.lose()
    await client.idle()
    assert client.is_clean


async def test_a_request_that_breaks_rules_does_not_wait_for_its_end(connect: Connect) -> None:
    client = connect(never, early=True)
    client.send(request(b"POST", (b"Upper", b"case")), end=True)
    await client.idle()
    assert client.received().reset == 0x10E
