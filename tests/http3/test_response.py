"""What a response means, seen as the bytes that leave."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import LocalProtocolError
from h3producer.http3.field_encoder import FieldEncoder
from h3producer.http3.frame_writer import Http3FrameWriter
from h3producer.http3.output_producer import Http3OutputProducer
from h3producer.http3.response import Http3Response
from h3producer.http3.response_heads import ResponseHeads
from h3producer.pipe.results import COMPLETED, FLUSHED
from h3producer.pipe.wakeup import start_inline
from h3producer.wire.qpack import FieldSectionEncoder
from tests.fakes import FakeTransport
from tests.http3.harness import data, run_now, run_soon, section

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

OK = (b":status", b"200")
EMPTY = (b"content-length", b"0")


class Exchange:
    """A response to `method` and what leaves of it; the abort policy is the stream's."""

    def __init__(self, method: str = "GET", default_fields: Fields | None = None) -> None:
        self.transport = FakeTransport()
        self.ends = 0
        self.frame_writer = Http3FrameWriter(0, self.transport, FieldEncoder(FieldSectionEncoder()))
        self.output = Http3OutputProducer(self.frame_writer, self.abort, self.on_ended)
        self.response = Http3Response(
            self.output,
            method,
            ResponseHeads(lambda: default_fields or [], lambda stream_id, priority: None),
        )

    def on_ended(self) -> None:
        self.ends += 1

    def abort(self, error_code: int, reason: str) -> None:
        self.output.stop()
        self.frame_writer.abort(error_code)

    @property
    def sends(self) -> list[tuple[object, ...]]:
        """Each write: bytes, and whether FIN was with them."""
        return [call[2:] for call in self.transport.calls if call[0] == "send"]


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def response(exchange: Exchange) -> Http3Response:
    return exchange.response


# One write when all is known


def test_a_response_known_in_one_go_is_one_write(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200, [(b"content-type", b"text/plain")])
    run_now(response.complete(b"hello"))
    head = section(OK, (b"content-type", b"text/plain"))
    assert exchange.sends == [(head + data(b"hello"), True)]


def test_trailers_are_in_the_same_write(exchange: Exchange, response: Http3Response) -> None:
    response.start(200)
    response.set_trailers([(b"Checksum", b" 1 ")])
    run_now(response.complete(b"hello"))
    assert exchange.sends == [(section(OK) + data(b"hello") + section((b"checksum", b"1")), True)]


def test_a_response_without_content_says_so_and_is_one_write(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200)
    run_now(response.complete())
    assert exchange.sends == [(section(OK, EMPTY), True)]


def test_nothing_leaves_before_the_first_write(exchange: Exchange, response: Http3Response) -> None:
    response.start(200)
    assert response.started
    assert not response.headers_sent
    assert exchange.sends == []


def test_a_flush_sends_the_headers(exchange: Exchange, response: Http3Response) -> None:
    response.start(200)
    assert run_now(response.flush()) is FLUSHED
    assert run_now(response.flush()) is FLUSHED
    assert exchange.sends == [(section(OK), False)]
    assert response.headers_sent


def test_an_empty_write_sends_the_headers_and_is_not_completed(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200)
    assert run_now(response.write(b"")) is FLUSHED
    assert exchange.sends == [(section(OK), False)]


def test_writes_go_out_as_they_come(exchange: Exchange, response: Http3Response) -> None:
    response.start(200)
    run_now(response.write(b"hel"))
    run_now(response.write(b"lo"))
    run_now(response.complete())
    assert exchange.sends == [
        (section(OK) + data(b"hel"), False),
        (data(b"lo"), False),
        (b"", True),
    ]
    assert response.body_bytes == 5


def test_empty_trailers_are_none(exchange: Exchange, response: Http3Response) -> None:
    response.start(200)
    response.set_trailers([])
    run_now(response.complete(b"hello"))
    assert exchange.sends == [(section(OK) + data(b"hello"), True)]


# Order


def test_a_response_is_started_before_it_is_written(response: Http3Response) -> None:
    for call in (response.write(b"x"), response.flush(), response.complete()):
        with pytest.raises(LocalProtocolError, match="not started"):
            run_now(call)


def test_a_response_is_started_once(response: Http3Response) -> None:
    response.start(200)
    with pytest.raises(LocalProtocolError, match="already started"):
        response.start(404)
    assert response.status == 200


def test_complete_is_idempotent(exchange: Exchange, response: Http3Response) -> None:
    response.start(200)
    run_now(response.complete(b"hello"))
    run_now(response.complete())
    assert len(exchange.sends) == 1
    assert response.completed


def test_who_asks_for_the_end_twice_waits_for_it_twice(
    exchange: Exchange, response: Http3Response
) -> None:
    exchange.transport.block(0)
    response.start(200)
    ends = [start_inline(response.complete(data)) for data in (bytes(20_000), b"")]
    assert [end.done() for end in ends] == [False, False]
    exchange.transport.unblock(0)
    assert [end.done() for end in ends] == [True, True]


def test_after_complete_every_write_raises_and_counts_for_nothing(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200)
    run_now(response.complete(b"hello"))
    for call in (response.write(b"x"), response.write(b""), response.complete(b"x")):
        with pytest.raises(LocalProtocolError, match="Writing is not allowed after writer was"):
            run_now(call)
    with pytest.raises(LocalProtocolError, match="Writing is not allowed after writer was"):
        run_now(response.flush())
    assert len(exchange.sends) == 1
    assert response.body_bytes == 5


def test_after_an_abort_writes_are_silent(exchange: Exchange, response: Http3Response) -> None:
    response.start(200)
    exchange.abort(0x10C, "test")
    assert run_soon(response.write(b"x")) is COMPLETED
    assert run_soon(response.flush()) is COMPLETED
    assert run_soon(response.send_informational(103)) is COMPLETED
    run_now(response.complete())
    assert exchange.sends == []


# Status


@pytest.mark.parametrize("status", [200, 299, 404, 500, 599, 600, 999])
def test_status_codes_pass_through(
    exchange: Exchange, response: Http3Response, status: int
) -> None:
    response.start(status)
    run_now(response.flush())
    assert exchange.sends == [(section((b":status", b"%d" % status)), False)]


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 101, 103, 199, 1000])
def test_what_is_no_status_of_a_final_response_is_refused(
    response: Http3Response, status: int
) -> None:
    with pytest.raises(LocalProtocolError, match=f"{status} is not the status of a final"):
        response.start(status)
    assert not response.started


# Interim responses


def test_interim_responses_go_out_at_once_and_before_the_headers(
    exchange: Exchange, response: Http3Response
) -> None:
    run_now(response.send_informational(103, [(b"link", b"</a>")]))
    response.start(200)
    run_now(response.send_informational(102))
    run_now(response.complete())
    assert exchange.sends == [
        (section((b":status", b"103"), (b"link", b"</a>")), False),
        (section((b":status", b"102")), False),
        (section(OK, EMPTY), True),
    ]


@pytest.mark.parametrize("status", [99, 101, 200, 404])
def test_what_is_no_interim_status_is_refused(
    exchange: Exchange, response: Http3Response, status: int
) -> None:
    """RFC 9114 §4.5: "HTTP/3 does not support [...] the 101 (Switching Protocols)"."""
    with pytest.raises(LocalProtocolError, match=f"{status} cannot be"):
        run_now(response.send_informational(status))
    assert exchange.sends == []


def test_an_interim_response_never_follows_the_headers(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200)
    run_now(response.write(b"x"))
    with pytest.raises(LocalProtocolError):
        run_now(response.send_informational(103))
    assert len(exchange.sends) == 1


def test_an_interim_response_has_no_content_length(
    exchange: Exchange, response: Http3Response
) -> None:
    """RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field" in a 1xx."""
    run_now(response.send_informational(103, [(b"Content-Length", b"5"), (b"link", b"</a>")]))
    assert exchange.sends == [(section((b":status", b"103"), (b"link", b"</a>")), False)]


# Content that is not there


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_refuses_content(
    exchange: Exchange, response: Http3Response, status: int
) -> None:
    response.start(status)
    with pytest.raises(LocalProtocolError, match=f"invalid for .* status code {status}"):
        run_now(response.write(b"x"))
    run_soon(response.write(b""))
    run_now(response.complete())
    assert exchange.sends == [(section((b":status", b"%d" % status)), False), (b"", True)]


def test_the_answer_to_head_has_the_fields_and_no_content() -> None:
    exchange = Exchange("HEAD")
    exchange.response.start(200, [(b"content-length", b"5")])
    assert run_soon(exchange.response.write(b"hello")) is FLUSHED
    run_now(exchange.response.complete())
    assert exchange.sends == [(section(OK, (b"content-length", b"5")), False), (b"", True)]
    assert exchange.response.body_bytes == 5


async def test_an_endless_body_for_head_does_not_hold_the_loop() -> None:
    exchange = Exchange("HEAD")
    exchange.response.start(200)

    async def application() -> None:
        while True:
            await exchange.response.write(b"more")

    task = asyncio.create_task(application())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert exchange.response.body_bytes > 0


def test_the_answer_to_head_need_not_have_its_content_length() -> None:
    exchange = Exchange("HEAD")
    exchange.response.start(200, [(b"content-length", b"5")])
    run_now(exchange.response.complete())
    assert exchange.sends == [(section(OK, (b"content-length", b"5")), True)]


def test_an_empty_answer_to_head_does_not_claim_to_be_empty() -> None:
    exchange = Exchange("HEAD")
    exchange.response.start(200)
    run_now(exchange.response.complete())
    assert exchange.sends == [(section(OK), True)]


# Content-length


def test_content_of_just_its_length_is_sent(exchange: Exchange, response: Http3Response) -> None:
    response.start(200, [(b"content-length", b"5")])
    run_now(response.write(b"hel"))
    run_now(response.complete(b"lo"))
    assert exchange.sends[-1] == (data(b"lo"), True)


def test_too_many_bytes_raise_at_the_write_and_nothing_of_it_leaves(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200, [(b"content-length", b"5")])
    with pytest.raises(LocalProtocolError, match=r"too many bytes written \(6 of 5\)"):
        run_now(response.write(b"hello!"))
    assert exchange.sends == []
    run_now(response.complete(b"hello"))
    assert exchange.sends == [(section(OK, (b"content-length", b"5")) + data(b"hello"), True)]


def test_too_few_bytes_raise_at_the_end_and_nothing_of_it_leaves(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200, [(b"content-length", b"5")])
    with pytest.raises(LocalProtocolError, match=r"too few bytes written \(3 of 5\)"):
        run_now(response.complete(b"hel"))
    assert exchange.sends == []
    assert not response.completed


def test_bytes_that_were_refused_do_not_count(exchange: Exchange, response: Http3Response) -> None:
    """Twice 3 bytes that were refused are not the 6 that were announced."""
    response.start(200, [(b"content-length", b"6")])
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match=r"too few bytes written \(3 of 6\)"):
            run_now(response.complete(b"hel"))
    assert response.body_bytes == 0
    run_now(response.complete(b"hello!"))
    assert exchange.sends == [(section(OK, (b"content-length", b"6")) + data(b"hello!"), True)]


def test_a_304_states_the_length_of_what_it_does_not_send(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(304, [(b"content-length", b"5")])
    run_now(response.complete())
    assert exchange.sends == [(section((b":status", b"304"), (b"content-length", b"5")), True)]


@pytest.mark.parametrize("value", [b"", b"+5", b"5, 5", b"0x5", b"1_0", b"9" * 20])
def test_a_content_length_that_is_no_number_is_refused(
    response: Http3Response, value: bytes
) -> None:
    with pytest.raises(LocalProtocolError, match="content-length"):
        response.start(200, [(b"content-length", value)])
    assert not response.started


def test_a_second_content_length_is_refused(response: Http3Response) -> None:
    with pytest.raises(LocalProtocolError, match="content-length"):
        response.start(200, [(b"content-length", b"5"), (b"content-length", b"5")])


@pytest.mark.parametrize(("method", "status"), [("GET", 204), ("CONNECT", 200)])
def test_where_no_content_length_may_be_a_zero_is_removed_and_a_number_refused(
    method: str, status: int
) -> None:
    exchange = Exchange(method)
    with pytest.raises(LocalProtocolError, match="cannot have a content-length"):
        exchange.response.start(status, [(b"content-length", b"5")])
    exchange.response.start(status, [EMPTY])
    run_now(exchange.response.complete())
    assert exchange.sends == [(section((b":status", b"%d" % status)), True)]


def test_a_tunnel_has_content_of_any_length() -> None:
    exchange = Exchange("CONNECT")
    exchange.response.start(200, [EMPTY])
    run_now(exchange.response.write(b"anything"))
    assert exchange.sends == [(section(OK) + data(b"anything"), False)]


def test_a_tunnel_that_is_refused_may_say_how_long_its_answer_is() -> None:
    exchange = Exchange("CONNECT")
    exchange.response.start(403, [(b"content-length", b"5")])
    run_now(exchange.response.complete(b"hello"))
    head = section((b":status", b"403"), (b"content-length", b"5"))
    assert exchange.sends == [(head + data(b"hello"), True)]


def test_a_response_that_says_itself_that_it_is_empty_says_so_once(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200, [EMPTY])
    run_now(response.complete())
    assert exchange.sends == [(section(OK, EMPTY), True)]


def test_a_205_has_no_content(response: Http3Response) -> None:
    with pytest.raises(LocalProtocolError, match="205"):
        response.start(205, [(b"content-length", b"5")])
    response.start(205, [EMPTY])


# Fields


def test_names_are_lower_cased_values_stripped_and_repeated_fields_kept(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200, [(b"Set-Cookie", b" a=1 "), (b"set-cookie", b"b=2")])
    run_now(response.flush())
    assert exchange.sends == [
        (section(OK, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")), False)
    ]


def test_fields_of_http_1_connections_are_dropped(
    exchange: Exchange, response: Http3Response
) -> None:
    names = [b"Connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"proxy-connection"]
    response.start(200, [(name, b"x") for name in names])
    run_now(response.flush())
    assert exchange.sends == [(section(OK), False)]


@pytest.mark.parametrize(
    "field",
    [(b"a b", b""), (b"", b""), (b":path", b"/"), (b"x", b"a\r\nb"), (b"x", b"a\0b"), (b"x", "y")],
)
def test_a_field_that_must_not_reach_the_wire_is_refused(
    exchange: Exchange, response: Http3Response, field: tuple[bytes, bytes]
) -> None:
    with pytest.raises(LocalProtocolError):
        response.start(200, [field])
    with pytest.raises(LocalProtocolError):
        response.set_trailers([field])
    with pytest.raises(LocalProtocolError):
        run_now(response.send_informational(103, [field]))
    assert exchange.sends == []


def test_default_fields_are_added_where_there_is_none_of_that_name() -> None:
    exchange = Exchange(default_fields=[(b"server", b"ours"), (b"date", b"today")])
    exchange.response.start(200, [(b"Server", b"theirs")])
    run_now(exchange.response.flush())
    assert exchange.sends == [(section(OK, (b"server", b"theirs"), (b"date", b"today")), False)]


# Forgetting one that has not left


def test_a_response_that_has_not_left_can_be_forgotten(
    exchange: Exchange, response: Http3Response
) -> None:
    response.start(200, [(b"content-length", b"5"), (b"x", b"y")])
    response.set_trailers([(b"checksum", b"1")])
    response.discard()
    response.start(500)
    run_now(response.complete(b"an error"))
    assert exchange.sends == [(section((b":status", b"500")) + data(b"an error"), True)]


def test_a_response_that_has_left_cannot_be_forgotten(response: Http3Response) -> None:
    response.start(200)
    run_now(response.flush())
    with pytest.raises(LocalProtocolError, match="has begun"):
        response.discard()


def test_a_response_says_how_it_stands(response: Http3Response) -> None:
    assert repr(response) == "<Http3Response None open 0 bytes>"
    response.start(200)
    run_now(response.complete(b"hello"))
    assert repr(response) == "<Http3Response 200 completed 5 bytes>"
