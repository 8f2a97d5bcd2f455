"""The body of a request: what the application consumes is what the client may send more of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import RequestAborted
from h3producer.http3.request_body import RequestBody
from h3producer.pipe.errors import InvalidOperationError
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.sequence import ORIGIN
from h3producer.pipe.wakeup import start_inline
from tests.http3.harness import run_now

if TYPE_CHECKING:
    from h3producer.pipe.results import ReadResult

ABORTED = RequestAborted("The client reset the request stream.", 0x10C)


class Body(RequestBody):
    """A body that remembers what it granted, and how often it asked for content."""

    def __init__(self) -> None:
        self.grants: list[int] = []
        self.wanted = 0
        super().__init__(self.grants.append, self._count)

    def _count(self) -> None:
        self.wanted += 1


@pytest.fixture
def body() -> Body:
    return Body()


# Reading


def test_a_chunk_is_what_is_there_and_may_be_sent_again(body: Body) -> None:
    body.data_received(b"hel")
    body.data_received(b"lo")
    assert run_now(body.read_chunk()) == b"hello"
    assert body.grants == [5]


def test_a_chunk_is_the_very_object_that_came(body: Body) -> None:
    came = bytes(100_000)
    body.data_received(came)
    assert run_now(body.read_chunk()) is came


def test_a_read_waits_for_content(body: Body) -> None:
    read = start_inline(body.read_chunk())
    assert not read.done()
    body.data_received(b"hello")
    assert read.result() == b"hello"


def test_the_end_is_an_empty_chunk_every_time(body: Body) -> None:
    body.data_received(b"hello")
    body.end_received(None)
    assert [run_now(body.read_chunk()) for _ in range(3)] == [b"hello", b"", b""]
    assert body.is_complete


def test_the_end_wakes_a_reader(body: Body) -> None:
    read = start_inline(body.read_chunk())
    assert body.trailers is None
    body.end_received([(b"checksum", b"1")])
    assert read.result() == b""
    assert body.trailers == [(b"checksum", b"1")]


def test_a_body_that_nobody_read_before_its_end_is_still_there(body: Body) -> None:
    body.end_received(None)
    assert run_now(body.read()).is_completed
    body = Body()
    body.data_received(b"hello")
    body.end_received(None)
    assert run_now(body.read_chunk()) == b"hello"


def test_nothing_is_there_at_once(body: Body) -> None:
    assert body.try_read() is None
    body.data_received(b"hello")
    assert _buffer(body.try_read()) == b"hello"


def test_a_second_read_at_once_is_refused(body: Body) -> None:
    start_inline(body.read_chunk()).cancel()
    waiting = start_inline(body.read())
    with pytest.raises(InvalidOperationError):
        run_now(body.read())
    waiting.cancel()


async def test_a_reader_that_gives_up_loses_nothing(body: Body) -> None:
    read = asyncio.create_task(body.read_chunk())
    await asyncio.sleep(0)
    read.cancel()
    await asyncio.wait([read])
    body.data_received(b"hello")
    assert await body.read_chunk() == b"hello"


def test_a_canceled_read_says_so(body: Body) -> None:
    read = start_inline(body.read())
    body.cancel_pending_read()
    assert read.result().is_canceled
    body.advance_to(None)
    body.data_received(b"hello")
    assert run_now(body.read_chunk()) == b"hello"


def test_a_canceled_chunk_is_empty_and_not_the_end(body: Body) -> None:
    read = start_inline(body.read_chunk())
    body.cancel_pending_read()
    assert read.result() == b""
    assert not body.is_complete


def test_read_at_least_waits_for_enough(body: Body) -> None:
    read = start_inline(body.read_at_least(5))
    body.data_received(b"hel")
    assert not read.done()
    body.data_received(b"lo!")
    assert _buffer(read.result()) == b"hello!"


async def test_a_body_can_be_copied(body: Body) -> None:
    target = Pipe()
    body.data_received(b"hello")
    body.end_received(None)
    await body.copy_to(target.writer)
    assert _buffer(target.reader.try_read()) == b"hello"
    assert sum(body.grants) == 5


# Credit


def test_credit_follows_what_was_consumed_and_not_what_was_seen(body: Body) -> None:
    body.data_received(b"hello")
    buffer = run_now(body.read()).buffer
    body.advance_to(buffer.get_position(2), buffer.end)
    assert body.grants == [2]
    body.data_received(b"!")
    buffer = run_now(body.read()).buffer
    assert buffer.to_bytes() == b"llo!"
    body.advance_to(buffer.start, buffer.end)
    assert body.grants == [2]


@pytest.mark.parametrize("how", ["read", "try_read", "read_at_least"])
def test_credit_is_the_same_however_it_was_read(body: Body, how: str) -> None:
    body.data_received(b"hello")
    match how:
        case "read":
            result = run_now(body.read())
        case "read_at_least":
            result = run_now(body.read_at_least(5))
        case _:
            tried = body.try_read()
            assert tried is not None
            result = tried
    body.advance_to(result.buffer.get_position(4), result.buffer.end)
    assert body.grants == [4]


def test_a_read_that_is_ended_without_a_position_consumes_nothing(body: Body) -> None:
    body.data_received(b"hello")
    run_now(body.read())
    body.advance_to(None)
    assert body.grants == []
    assert run_now(body.read_chunk()) == b"hello"


def test_there_is_nothing_to_advance_without_a_read(body: Body) -> None:
    body.data_received(b"hello")
    with pytest.raises(InvalidOperationError, match="No reading operation to complete"):
        body.advance_to(ORIGIN)


def test_who_leaves_gives_back_what_was_not_read_and_what_still_comes(body: Body) -> None:
    body.data_received(b"hello")
    buffer = run_now(body.read()).buffer
    body.advance_to(buffer.get_position(2))
    body.complete()
    body.complete()
    body.data_received(b"more")
    assert body.grants == [2, 3, 4]


def test_who_leaves_in_the_middle_of_a_read_gives_everything_back(body: Body) -> None:
    body.data_received(b"hello")
    run_now(body.read())
    body.complete()
    assert body.grants == [5]
    with pytest.raises(InvalidOperationError, match="after reader was completed"):
        run_now(body.read())


def test_who_leaves_before_anything_came_reads_no_more(body: Body) -> None:
    body.complete()
    body.data_received(b"hello")
    with pytest.raises(InvalidOperationError, match="after reader was completed"):
        run_now(body.read())
    assert body.grants == [5]


def test_a_wrong_position_changes_nothing(body: Body) -> None:
    body.data_received(b"hello")
    buffer = run_now(body.read()).buffer
    with pytest.raises((InvalidOperationError, ValueError)):
        body.advance_to(buffer.end, buffer.start)
    body.complete()
    assert body.grants == [5]


@given(st.lists(st.integers(1, 9), max_size=8), st.data())
def test_whatever_an_application_does_every_byte_is_granted_once(
    sizes: list[int], choices: st.DataObject
) -> None:
    body = Body()
    for size in sizes:
        body.data_received(bytes(size))
        match choices.draw(st.sampled_from(["chunk", "some", "look", "nothing"])):
            case "chunk":
                run_now(body.read_chunk())
            case "some" | "look" as how:
                buffer = run_now(body.read()).buffer
                taken = choices.draw(st.integers(0, len(buffer))) if how == "some" else 0
                body.advance_to(buffer.get_position(taken))
        assert sum(body.grants) <= sum(sizes)
    if choices.draw(st.booleans()):
        body.abort(ABORTED)
    body.complete()
    assert sum(body.grants) == sum(sizes)
    assert all(grant > 0 for grant in body.grants)


# An abort


def test_an_abort_wakes_a_reader_with_the_error(body: Body) -> None:
    read = start_inline(body.read_chunk())
    body.abort(ABORTED)
    with pytest.raises(RequestAborted) as error:
        read.result()
    assert error.value.error_code == 0x10C


def test_a_cut_body_is_no_body_even_if_bytes_are_left(body: Body) -> None:
    body.data_received(b"hello")
    body.abort(ABORTED)
    for _ in range(2):
        with pytest.raises(RequestAborted):
            run_now(body.read_chunk())
    with pytest.raises(RequestAborted):
        body.try_read()


def test_an_abort_before_anything_came_is_found_by_the_first_read(body: Body) -> None:
    body.abort(ABORTED)
    with pytest.raises(RequestAborted):
        run_now(body.read_chunk())


def test_a_disconnect_is_an_os_error(body: Body) -> None:
    """So that code written for sockets, and frameworks, take it for what it is."""
    body.abort(ABORTED)
    with pytest.raises(ConnectionResetError):
        run_now(body.read_chunk())


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_a_body_that_was_whole_stays_whole(body: Body, content: bytes) -> None:
    if content:
        body.data_received(content)
    body.end_received(None)
    body.abort(ABORTED)
    assert run_now(body.read_chunk()) == content


# The first wait


def test_the_first_wait_for_content_is_told_once(body: Body) -> None:
    assert body.try_read() is None
    start_inline(body.read()).cancel()
    start_inline(body.read_at_least(3)).cancel()
    assert body.wanted == 1


def test_who_wants_more_than_is_there_waits_for_it_too(body: Body) -> None:
    start_inline(body.read_at_least(3)).cancel()
    assert body.wanted == 1


def test_content_that_is_there_is_not_waited_for(body: Body) -> None:
    body.data_received(b"hello")
    run_now(body.read_chunk())
    assert body.wanted == 0


def _buffer(result: ReadResult | None) -> bytes:
    assert result is not None
    return result.buffer.to_bytes()
