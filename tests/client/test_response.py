"""Tests of `client/response.py`: what is whole, and what is not."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.client.errors import ClientError
from h3producer.client.response import MAX_INFORMATIONAL, ClientResponse
from h3producer.wire.frames import FrameType, encode_frame
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder


def headers(*fields: tuple[bytes, bytes]) -> bytes:
    return encode_frame(FrameType.HEADERS, FieldSectionEncoder().encode(list(fields)))


def data(content: bytes) -> bytes:
    return encode_frame(FrameType.DATA, content)


OK = headers((b":status", b"200"))
CONTINUE = headers((b":status", b"100"))
TRAILERS = headers((b"t", b"1"))


class Given:
    """A response, and how many of its bytes were reported as consumed."""

    def __init__(self, *, is_head: bool = False) -> None:
        self.consumed = 0
        self.response = ClientResponse(0, FieldSectionDecoder(), self._count, is_head=is_head)

    def _count(self, count: int) -> None:
        self.consumed += count


def received(stream: bytes, *, end: bool = True, is_head: bool = False) -> ClientResponse:
    response = Given(is_head=is_head).response
    response.data_received(stream, end)
    return response


async def whole(response: ClientResponse) -> bytes:
    await response.head()
    return await content(response)


async def content(response: ClientResponse) -> bytes:
    return b"".join([piece async for piece in response])


async def test_a_response_is_head_body_and_trailers() -> None:
    response = received(
        headers((b":status", b"200"), (b"a", b"b"))
        + data(b"hel")
        + data(b"lo")
        + headers((b"t", b"1"))
    )
    assert await response.head() == 200
    assert response.headers == [(b"a", b"b")]
    assert await content(response) == b"hello"
    assert response.trailers == [(b"t", b"1")]
    assert response.is_over


async def test_informational_heads_come_before_the_head() -> None:
    response = received(headers((b":status", b"103"), (b"link", b"x")) + OK)
    assert await response.head() == 200
    assert response.informational == [(103, [(b"link", b"x")])]
    assert response.trailers is None


async def test_as_many_informational_heads_as_are_held_are_none_too_many() -> None:
    assert await received(CONTINUE * MAX_INFORMATIONAL + OK).head() == 200


@given(chunks=st.lists(st.integers(1, 7), max_size=30))
async def test_the_chunks_in_which_it_comes_do_not_matter(chunks: list[int]) -> None:
    stream = OK + data(b"hello") + encode_frame(0x21, b"grease") + data(b"") + data(b"!")
    response = Given().response
    for size in chunks:
        response.data_received(stream[:size], False)
        stream = stream[size:]
    response.data_received(stream, True)
    assert await content(response) == b"hello!"


async def test_everything_counts_as_consumed_once_the_body_is_read() -> None:
    given = Given()
    stream = OK + data(b"hello")
    given.response.data_received(stream, True)
    assert given.consumed == len(stream) - len(b"hello")
    await content(given.response)
    assert given.consumed == len(stream)


async def test_waits_end_when_the_bytes_come() -> None:
    response = Given().response
    head = asyncio.create_task(response.head())
    await asyncio.sleep(0)
    response.data_received(OK, False)
    assert await head == 200
    piece = asyncio.create_task(response.read_chunk())
    await asyncio.sleep(0)
    response.data_received(data(b"x"), True)
    assert await piece == b"x"
    assert await response.read_chunk() == b""


async def test_what_came_before_a_failure_is_still_read() -> None:
    response = received(OK + data(b"abc"), end=False)
    response.failed("The server reset the stream.")
    assert await response.read_chunk() == b"abc"
    with pytest.raises(ClientError, match="reset the stream"):
        await response.read_chunk()


async def test_the_first_failure_counts_and_none_after_the_end() -> None:
    response = received(OK, end=False)
    response.failed("first")
    response.failed("second")
    with pytest.raises(ClientError, match="first"):
        await response.read_chunk()
    ended = received(OK)
    ended.failed("too late")
    assert await content(ended) == b""


async def test_a_failure_wakes_who_waits_for_the_head() -> None:
    response = Given().response
    head = asyncio.create_task(response.head())
    await asyncio.sleep(0)
    response.failed("The connection ended.")
    with pytest.raises(ClientError, match="connection ended"):
        await head


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        (b"", "in the middle of the response"),
        (headers((b":status", b"103")), "in the middle of the response"),
        (OK + data(b"abc")[:-1], "in the middle of the response"),
        (headers((b"a", b"b")), "malformed: the response has no status"),
        (headers((b":status", b"ok")), "malformed: the response has no status"),
        (headers((b":status", b"000")), "malformed: the response has no status"),
        (headers((b":status", b"1" * 5000)), "malformed: the response has no status"),
        (data(b"x") + OK, "malformed: frames come in the wrong order"),
        (OK + TRAILERS + data(b"x"), "malformed: frames come in the wrong order"),
        (OK + TRAILERS + TRAILERS, "malformed: frames come in the wrong order"),
        (CONTINUE * (MAX_INFORMATIONAL + 1) + OK, "malformed: there are more than 100 inform"),
        (encode_frame(FrameType.HEADERS, b"\xff\xff"), "malformed: "),
        (encode_frame(FrameType.HEADERS, b"x" * 70000), "malformed: "),
        (
            headers((b":status", b"200"), (b"content-length", b"5")) + data(b"abc"),
            "ended after 3 of 5 bytes",
        ),
    ],
)
async def test_what_is_not_whole_is_an_error(stream: bytes, sentence: str) -> None:
    response = received(stream)
    with pytest.raises(ClientError, match=sentence):
        await whole(response)
    assert response.is_over


@pytest.mark.parametrize(("status", "is_head"), [(b"200", True), (b"304", False)])
async def test_a_length_without_a_body_is_no_error_where_there_is_none(
    status: bytes, is_head: bool
) -> None:
    stream = headers((b":status", status), (b"content-length", b"5"))
    assert await content(received(stream, is_head=is_head)) == b""
