"""The promises of the port, held by the real transport and by the fake alike.

Each test runs twice: on `EngineTransport` with aioquic at both ends, and on `FakeTransport`. A
`Side` says how to make the peer do something and how to see what it got.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import pytest

from h3producer.config import Config
from h3producer.http3.transport import UNLIMITED
from h3producer.pipe.wakeup import start_inline
from h3producer.quic.aioquic.connection import AioquicConnection
from tests.fakes import FakeTransport, RecordingInputs
from tests.pair import Client, Pair
from tests.virtual import settle

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from h3producer.http3.transport import QuicTransport

MARK = 4096


class Side(Protocol):
    """A transport, its core, and the peer at the other end."""

    @property
    def transport(self) -> QuicTransport: ...

    @property
    def inputs(self) -> RecordingInputs: ...

    async def start(self) -> None: ...

    async def request(self) -> int:
        """The peer opens a request stream, and may still send on it."""

    async def settle(self) -> None:
        """Let everything arrive that is on its way."""

    async def block(self, stream_id: int) -> None:
        """Have `drain` of this stream wait."""

    async def unblock(self, stream_id: int) -> None: ...

    async def stop(self, stream_id: int, error_code: int) -> None:
        """The peer sends STOP_SENDING."""

    async def lose(self, error_code: int) -> None:
        """The peer closes the connection."""

    def sent(self, stream_id: int) -> bytes: ...

    def fin(self, stream_id: int) -> bool: ...

    def reset_code(self, stream_id: int) -> int | None: ...

    def stop_code(self, stream_id: int) -> int | None: ...

    def priority(self, stream_id: int) -> tuple[int, bool] | None: ...

    def closed(self) -> tuple[int, str] | None: ...


class RealSide:
    """`EngineTransport` over aioquic, and an aioquic client that gives credit as it is told."""

    def __init__(self) -> None:
        client = Client(max_data=1 << 20, max_stream_data=MARK)
        self.pair = Pair(config=Config(response_buffer=MARK), client=client)
        self.client = client

    @property
    def transport(self) -> QuicTransport:
        return self.pair.transport

    @property
    def inputs(self) -> RecordingInputs:
        return self.pair.recorded

    async def start(self) -> None:
        await self.pair.connect()

    async def request(self) -> int:
        stream_id = self.client.open()
        self.client.send(stream_id, b"request")
        await self.settle()
        return stream_id

    async def settle(self) -> None:
        await self.pair.drive()

    async def block(self, stream_id: int) -> None:
        self.client.stop_reading()
        self.transport.send(stream_id, bytes(2 * MARK))
        await self.settle()

    async def unblock(self, stream_id: int) -> None:
        self.client.resume_reading()
        await self.settle()

    async def stop(self, stream_id: int, error_code: int) -> None:
        self.client.stop_sending(stream_id, error_code)
        await self.settle()

    async def lose(self, error_code: int) -> None:
        self.client.close(error_code)
        await self.settle()

    def sent(self, stream_id: int) -> bytes:
        return self.client.received(stream_id)

    def fin(self, stream_id: int) -> bool:
        return stream_id in self.client.fins

    def reset_code(self, stream_id: int) -> int | None:
        return self.client.resets.get(stream_id)

    def stop_code(self, stream_id: int) -> int | None:
        return self.client.stops.get(stream_id)

    def priority(self, stream_id: int) -> tuple[int, bool] | None:
        connection = self.pair.transport._connection
        assert isinstance(connection, AioquicConnection)
        return connection.priorities.get(stream_id)

    def closed(self) -> tuple[int, str] | None:
        end = self.client.terminated
        return None if end is None else (end.error_code, end.reason_phrase)


class FakeSide:
    """`FakeTransport`; its peer is its memory."""

    def __init__(self) -> None:
        self.inputs = RecordingInputs()
        self.transport = FakeTransport(self.inputs)
        self._next_request = 0

    async def start(self) -> None:
        pass

    async def request(self) -> int:
        stream_id = self._next_request
        self._next_request += 4
        self.inputs.stream_data_received(stream_id, b"request", False)
        return stream_id

    async def settle(self) -> None:
        self.transport.settle()
        await settle()

    async def block(self, stream_id: int) -> None:
        self.transport.block(stream_id)

    async def unblock(self, stream_id: int) -> None:
        self.transport.unblock(stream_id)
        await settle()

    async def stop(self, stream_id: int, error_code: int) -> None:
        self.transport.stop(stream_id, error_code)
        await settle()

    async def lose(self, error_code: int) -> None:
        self.transport.lose(error_code)
        await settle()

    def sent(self, stream_id: int) -> bytes:
        return self.transport.sent(stream_id)

    def fin(self, stream_id: int) -> bool:
        return self.transport.fin(stream_id)

    def reset_code(self, stream_id: int) -> int | None:
        return self.transport.resets.get(stream_id)

    def stop_code(self, stream_id: int) -> int | None:
        return self.transport.stops.get(stream_id)

    def priority(self, stream_id: int) -> tuple[int, bool] | None:
        return self.transport.priorities.get(stream_id)

    def closed(self) -> tuple[int, str] | None:
        return self.transport.closed


@pytest.fixture(params=[RealSide, FakeSide])
async def side(request: pytest.FixtureRequest) -> Side:
    made: Side = request.param()
    await made.start()
    return made


def returns_at_once(coroutine: Coroutine[object, None, None]) -> bool:
    """Whether a coroutine ends without waiting for anything."""
    try:
        coroutine.send(None)
    except StopIteration:
        return True
    coroutine.close()
    return False


async def start_drain(side: Side, stream_id: int) -> asyncio.Task[None]:
    task = asyncio.create_task(side.transport.drain(stream_id))
    await settle()
    assert not task.done()
    return task


# send


async def test_what_is_sent_arrives_in_order_and_ends_with_a_fin(side: Side) -> None:
    stream_id = await side.request()
    side.transport.send(stream_id, b"one ")
    side.transport.send(stream_id, b"two", end_stream=True)
    await side.settle()
    assert side.sent(stream_id) == b"one two"
    assert side.fin(stream_id)


async def test_an_end_can_come_alone(side: Side) -> None:
    stream_id = await side.request()
    side.transport.send(stream_id, b"all")
    side.transport.send(stream_id, b"", end_stream=True)
    await side.settle()
    assert (side.sent(stream_id), side.fin(stream_id)) == (b"all", True)


async def test_a_buffer_may_be_used_again_after_send(side: Side) -> None:
    stream_id = await side.request()
    buffer = bytearray(b"mine")
    side.transport.send(stream_id, buffer)  # type: ignore[arg-type]  # bytes-like in fact
    buffer[:] = b"gone"
    await side.settle()
    assert side.sent(stream_id) == b"mine"


async def test_nothing_is_sent_behind_a_fin(side: Side) -> None:
    stream_id = await side.request()
    side.transport.send(stream_id, b"all", end_stream=True)
    side.transport.send(stream_id, b" and more", end_stream=True)
    await side.settle()
    side.transport.send(stream_id, b" and more")
    await side.settle()
    assert side.sent(stream_id) == b"all"


async def test_nothing_is_sent_on_a_stream_that_is_reset(side: Side) -> None:
    stream_id = await side.request()
    side.transport.reset(stream_id, 0x10C)
    side.transport.send(stream_id, b"late", end_stream=True)
    await side.settle()
    assert (side.sent(stream_id), side.fin(stream_id)) == (b"", False)
    assert side.reset_code(stream_id) == 0x10C


async def test_streams_of_ours_are_numbered_as_a_server_does(side: Side) -> None:
    assert [side.transport.open_uni_stream() for _ in range(3)] == [3, 7, 11]


async def test_streams_of_ours_carry_bytes(side: Side) -> None:
    stream_id = side.transport.open_uni_stream()
    side.transport.send(stream_id, b"settings")
    await side.settle()
    assert (side.sent(stream_id), side.fin(stream_id)) == (b"settings", False)


async def test_bidirectional_streams_of_ours_have_numbers_of_their_own(side: Side) -> None:
    assert [side.transport.open_bidi_stream() for _ in range(3)] == [1, 5, 9]


async def test_bidirectional_streams_of_ours_carry_bytes(side: Side) -> None:
    stream_id = side.transport.open_bidi_stream()
    side.transport.send(stream_id, b"question", end_stream=True)
    await side.settle()
    assert (side.sent(stream_id), side.fin(stream_id)) == (b"question", True)


# datagrams


async def test_the_largest_datagram_is_taken_and_no_larger_one(side: Side) -> None:
    size = side.transport.max_datagram
    assert size >= 1000
    assert side.transport.send_datagram(bytes(size))
    assert not side.transport.send_datagram(bytes(size + 1))


async def test_an_empty_datagram_is_one(side: Side) -> None:
    assert side.transport.send_datagram(b"")


# drain


async def test_drain_does_not_wait_while_there_is_room(side: Side) -> None:
    stream_id = await side.request()
    side.transport.send(stream_id, bytes(MARK - 1))
    assert returns_at_once(side.transport.drain(stream_id))


async def test_drain_of_an_unknown_stream_does_not_wait(side: Side) -> None:
    assert returns_at_once(side.transport.drain(400))


async def test_drain_waits_until_there_is_room(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    task = await start_drain(side, stream_id)
    await side.settle()
    assert not task.done()
    await side.unblock(stream_id)
    await task


async def test_a_stream_that_is_blocked_does_not_hold_up_another(side: Side) -> None:
    blocked, free = await side.request(), await side.request()
    await side.block(blocked)
    assert returns_at_once(side.transport.drain(free))
    side.transport.send(free, b"through", end_stream=True)
    await side.settle()
    assert side.sent(free) == b"through"


async def test_many_streams_drain_at_once(side: Side) -> None:
    streams = [await side.request() for _ in range(3)]
    for stream_id in streams:
        await side.block(stream_id)
    tasks = [await start_drain(side, stream_id) for stream_id in streams]
    await side.lose(0x100)
    await asyncio.gather(*tasks)


async def test_a_second_waiter_on_a_stream_is_a_mistake(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    task = await start_drain(side, stream_id)
    with pytest.raises(RuntimeError, match="already being drained"):
        await side.transport.drain(stream_id)
    await side.unblock(stream_id)
    await task


async def test_a_canceled_drain_can_be_tried_again(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    task = await start_drain(side, stream_id)
    task.cancel()
    await settle()
    assert task.cancelled()
    task = await start_drain(side, stream_id)
    await side.unblock(stream_id)
    await task


async def test_an_inline_waiter_goes_on_without_a_task(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    waiter = start_inline(side.transport.drain(stream_id))
    assert not waiter.done()
    await side.unblock(stream_id)
    assert waiter.done()


async def test_drain_returns_when_the_stream_is_reset(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    task = await start_drain(side, stream_id)
    side.transport.reset(stream_id, 0x102)
    await task
    assert returns_at_once(side.transport.drain(stream_id))


async def test_drain_returns_when_the_peer_stops_the_stream(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    task = await start_drain(side, stream_id)
    await side.stop(stream_id, 0x10C)
    await task
    assert returns_at_once(side.transport.drain(stream_id))


async def test_drain_returns_when_the_connection_is_lost(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    task = await start_drain(side, stream_id)
    await side.lose(0x100)
    await task
    assert returns_at_once(side.transport.drain(stream_id))


async def test_drain_returns_when_we_close(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    task = await start_drain(side, stream_id)
    side.transport.close(0x100)
    await side.settle()
    await task
    assert returns_at_once(side.transport.drain(stream_id))


async def test_there_is_room_as_long_as_drain_would_not_wait(side: Side) -> None:
    stream_id = await side.request()
    assert side.transport.room(stream_id) > 0
    await side.block(stream_id)
    assert side.transport.room(stream_id) <= 0
    await side.unblock(stream_id)
    assert side.transport.room(stream_id) > 0


async def test_nobody_has_to_wait_for_room_on_a_stream_that_is_over(side: Side) -> None:
    stream_id = await side.request()
    await side.block(stream_id)
    side.transport.reset(stream_id, 0x102)
    await side.settle()
    assert side.transport.room(stream_id) > 0
    await side.lose(0x100)
    assert side.transport.room(stream_id) == UNLIMITED


async def test_streams_are_told_on_which_something_waits(side: Side) -> None:
    quick, slow = await side.request(), await side.request()
    side.transport.send(quick, b"quick")
    await side.block(slow)
    side.transport.send(slow, bytes(2 * MARK))
    await side.settle()
    assert list(side.transport.unsent_streams()) == [slow]
    side.transport.reset(slow, 0x102)
    await side.settle()
    assert list(side.transport.unsent_streams()) == []


# reset and stop


async def test_a_reset_reaches_the_peer_with_its_code(side: Side) -> None:
    stream_id = await side.request()
    side.transport.send(stream_id, b"half")
    await side.settle()
    side.transport.reset(stream_id, 0x102)
    await side.settle()
    assert side.reset_code(stream_id) == 0x102
    assert not side.fin(stream_id)


async def test_the_first_reset_wins(side: Side) -> None:
    stream_id = await side.request()
    side.transport.reset(stream_id, 0x102)
    side.transport.reset(stream_id, 0x10C)
    await side.settle()
    side.transport.reset(stream_id, 0x10C)
    await side.settle()
    assert side.reset_code(stream_id) == 0x102


async def test_stop_sending_reaches_the_peer_and_the_first_wins(side: Side) -> None:
    stream_id = await side.request()
    side.transport.stop_sending(stream_id, 0x100)
    side.transport.stop_sending(stream_id, 0x10C)
    await side.settle()
    assert side.stop_code(stream_id) == 0x100


async def test_stop_sending_leaves_our_half_alone(side: Side) -> None:
    stream_id = await side.request()
    side.transport.stop_sending(stream_id, 0x100)
    side.transport.send(stream_id, b"response", end_stream=True)
    await side.settle()
    assert (side.sent(stream_id), side.fin(stream_id)) == (b"response", True)


async def test_our_half_is_reset_before_the_core_hears_that_it_was_stopped(side: Side) -> None:
    stream_id = await side.request()
    await side.stop(stream_id, 0x10C)
    assert side.inputs.named("stop_sending_received") == [(stream_id, 0x10C)]
    side.transport.send(stream_id, b"late", end_stream=True)
    side.transport.reset(stream_id, 0x102)
    await side.settle()
    assert side.sent(stream_id) == b""
    assert side.reset_code(stream_id) == 0x10C


# priorities


async def test_the_last_priority_of_a_stream_wins(side: Side) -> None:
    stream_id = await side.request()
    side.transport.set_priority(stream_id, 0, False)
    side.transport.set_priority(stream_id, 7, True)
    assert side.priority(stream_id) == (7, True)


async def test_a_stream_without_a_signal_has_no_priority(side: Side) -> None:
    assert side.priority(await side.request()) is None


# close


async def test_closing_tells_the_peer_and_then_the_core(side: Side) -> None:
    side.transport.close(0x107, "too much")
    assert side.inputs.named("connection_terminated") == []
    await side.settle()
    assert side.closed() == (0x107, "too much")
    assert side.inputs.named("connection_terminated") == [(0x107, "too much")]


async def test_the_first_close_wins(side: Side) -> None:
    side.transport.close(0x107)
    side.transport.close(0x102)
    await side.settle()
    side.transport.close(0x102)
    await side.settle()
    assert side.inputs.named("connection_terminated") == [(0x107, "")]


async def test_closing_when_delivered_loses_nothing_that_was_sent(side: Side) -> None:
    stream_id = await side.request()
    side.transport.send(stream_id, bytes(MARK), end_stream=True)
    side.transport.close(0x100, when_delivered=True)
    await side.settle()
    assert len(side.sent(stream_id)) == MARK
    assert side.fin(stream_id)
    assert side.inputs.named("connection_terminated") == [(0x100, "")]


async def test_the_first_close_when_delivered_wins(side: Side) -> None:
    side.transport.close(0x100, "first", when_delivered=True)
    side.transport.close(0x102, "second", when_delivered=True)
    await side.settle()
    assert side.inputs.named("connection_terminated") == [(0x100, "first")]


async def test_closing_at_once_overrides_closing_when_delivered(side: Side) -> None:
    side.transport.close(0x100, when_delivered=True)
    side.transport.close(0x102, "now")
    side.transport.close(0x100, when_delivered=True)
    await side.settle()
    assert side.inputs.named("connection_terminated") == [(0x102, "now")]


async def test_the_end_is_told_once_whoever_ends_it(side: Side) -> None:
    await side.lose(0x10C)
    side.transport.close(0x100)
    await side.settle()
    await side.lose(0x101)
    assert side.inputs.named("connection_terminated") == [(0x10C, "")]


async def test_after_the_end_no_verb_does_anything(side: Side) -> None:
    stream_id = await side.request()
    await side.lose(0x100)
    transport = side.transport
    transport.send(stream_id, b"late", end_stream=True)
    transport.reset(stream_id, 0x102)
    transport.stop_sending(stream_id, 0x100)
    transport.grant(stream_id, 7)
    transport.set_priority(stream_id, 0, False)
    assert not transport.send_datagram(b"late")
    transport.close(0x102)
    await side.settle()
    assert (side.sent(stream_id), side.fin(stream_id)) == (b"", False)
    assert side.reset_code(stream_id) is None
    assert side.stop_code(stream_id) is None


# facts


async def test_addresses_are_host_and_port(side: Side) -> None:
    for host, port in (side.transport.peer_address, side.transport.local_address):
        assert isinstance(host, str)
        assert isinstance(port, int)


async def test_tls_is_known_after_the_handshake(side: Side) -> None:
    facts = side.transport.tls
    assert facts is not None
    assert facts.version == 0x0304
    assert facts.cipher_suite in (0x1301, 0x1302, 0x1303)
