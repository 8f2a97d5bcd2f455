"""What a server that is watched counts, from the first packet to the last: the real endpoint, in
memory and on a virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.http3.connection import Http3Connection
from h3producer.observe.instruments import (
    ACTIVE_CONNECTIONS,
    ACTIVE_HANDSHAKES,
    ACTIVE_REQUESTS,
    CONNECTION_DURATION,
    EXCHANGES_CUT,
    HANDSHAKE_DURATION,
    LOOP_LAG,
    PACKETS_LOST,
    PACKETS_SENT,
    REFUSED,
    REJECTED_CONNECTIONS,
    REQUEST_DURATION,
    REQUEST_SIZE,
    RESPONSE_SIZE,
    RETRIES,
    ROUND_TRIP,
    SEND_WAIT,
    SEND_WAITING,
    TIME_TO_FIRST_BYTE,
    WORKERS,
)
from h3producer.observe.observer import Observer
from h3producer.observe.readings import Sources
from tests.http3.harness import GET, POST, data, echo, hello, request
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.http3.transport import QuicTransport
    from h3producer.observe.instrument import Instrument

KIB = 1024


class Watched(Pair):
    """A pair whose server keeps meters."""

    def __init__(
        self, handler: Handler, *, client: Client | None = None, delay: float = 0.0, **limits: float
    ) -> None:
        settings = {"admin_bind": "127.0.0.1:0", "access_log": False, **limits}
        config = Config(**settings)  # type: ignore[arg-type]  # all that is given here is a number
        self.observer = Observer(config)

        def accept(transport: QuicTransport) -> Http3Connection:
            watch = self.observer.watch(transport)
            return Http3Connection(transport, handler, config, watch=watch)

        super().__init__(accept, config, client=client, delay=delay)
        self.observer.begin(self.loop, Sources([], self.acceptor, [self.endpoint], None))

    async def sums(self, instrument: Instrument) -> dict[tuple[str, ...], list[float]]:
        """All that was counted for an instrument, by its labels."""
        sight = await self.observer.sight()
        series = sight["metrics"].get(instrument.name, [])
        return {tuple(labels): sums for labels, sums in series}

    async def number(self, instrument: Instrument, *labels: str) -> float:
        """One sum; of a histogram, how many values it has."""
        sums = (await self.sums(instrument)).get(labels, [0.0])
        return sum(sums[:-1]) if instrument.bounds else sums[0]


async def patient(stream: Http3Stream) -> None:
    await stream.wait_closed()


async def endless(stream: Http3Stream) -> None:
    stream.response.start(200)
    while not (await stream.response.write(bytes(8 * KIB))).is_completed:
        pass


# Connections


async def test_a_connection_is_counted_from_its_first_packet_to_its_end() -> None:
    pair = Watched(hello, delay=0.05)
    await pair.connect()
    assert await pair.number(ACTIVE_CONNECTIONS, "ipv4") == 1
    assert await pair.number(ACTIVE_HANDSHAKES) == 0
    await pair.advance(20.0)
    pair.client.close(ErrorCode.H3_NO_ERROR)
    await pair.drive()
    assert await pair.number(ACTIVE_CONNECTIONS, "ipv4") == 0
    (counts,) = (await pair.sums(CONNECTION_DURATION)).values()
    assert await pair.number(CONNECTION_DURATION, "ipv4", "client", "") == 1
    assert 20.0 < counts[-1] < 22.0


async def test_a_handshake_is_counted_when_it_is_complete() -> None:
    pair = Watched(hello, delay=0.05)
    await pair.connect()
    counts = (await pair.sums(HANDSHAKE_DURATION))["false", "false", ""]
    assert sum(counts[:-1]) == 1
    assert 0.05 < counts[-1] < 0.2


async def test_a_handshake_that_does_not_finish_is_counted_as_that() -> None:
    pair = Watched(hello, handshake_timeout=5.0)
    pair.loses_to_client = lambda _: True
    await pair.connect()
    pair.loses_to_server = lambda _: True
    assert await pair.number(ACTIVE_HANDSHAKES) == 1
    await pair.advance(30.0)
    assert await pair.number(ACTIVE_HANDSHAKES) == 0
    assert await pair.number(HANDSHAKE_DURATION, "false", "false", "handshake_timeout") == 1
    assert await pair.number(CONNECTION_DURATION, "ipv4", "server", "handshake_timeout") == 1
    assert await pair.number(REFUSED, "handshake_timeout") >= 1


async def test_a_client_that_vanishes_is_an_idle_timeout() -> None:
    pair = Watched(hello, idle_timeout=10.0)
    await pair.connect()
    pair.loses_to_server = lambda _: True
    await pair.advance(60.0)
    assert await pair.number(CONNECTION_DURATION, "ipv4", "client", "idle_timeout") == 1


async def test_a_client_that_breaks_a_rule_is_cut_by_the_server() -> None:
    pair = Watched(hello)
    await pair.connect()
    pair.client.send(0, b"\x04\x00")  # SETTINGS on a request stream
    await pair.drive()
    labels = ("ipv4", "server", "H3_FRAME_UNEXPECTED")
    assert await pair.number(CONNECTION_DURATION, *labels) == 1


async def test_a_client_that_does_too_much_in_a_second_meets_a_limit() -> None:
    pair = Watched(hello, max_unknown_frames_per_second=1)
    await pair.connect()
    pair.client.send(0, GET + b"\x21\x00" * 20)
    await pair.drive()
    assert await pair.number(REFUSED, "max_unknown_frames_per_second") == 1


async def test_who_is_not_let_in_is_counted_by_the_limit() -> None:
    pair = Watched(hello, max_connections=1)
    await pair.connect()
    await pair.connect(Client(("192.0.2.9", 1)))
    assert await pair.number(REJECTED_CONNECTIONS, "max_connections") >= 1
    assert await pair.number(REFUSED, "max_connections") >= 1
    assert await pair.number(ACTIVE_CONNECTIONS, "ipv4") == 1


async def test_who_has_to_prove_its_address_is_counted() -> None:
    pair = Watched(hello, retry_threshold=1)
    pair.loses_to_client = lambda _: True
    await pair.connect()
    pair.loses_to_client = lambda _: False
    await pair.connect(Client(("192.0.2.9", 1)))
    assert await pair.number(RETRIES) == 1


# Packets


async def test_packets_are_those_of_connections_that_are_and_that_were() -> None:
    pair = Watched(hello)
    await pair.connect()
    before = await pair.number(PACKETS_SENT)
    assert before > 0
    pair.client.close()
    await pair.drive()
    assert await pair.number(PACKETS_SENT) >= before


async def test_lost_packets_are_counted() -> None:
    async def long(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete(bytes(100 * KIB))

    pair = Watched(long)
    await pair.connect()
    first = len(pair.to_client)
    pair.loses_to_client = lambda number: number == first + 2
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert await pair.number(PACKETS_LOST) == 1


async def test_round_trips_are_looked_at_once_a_second_while_there_is_something_to_do() -> None:
    pair = Watched(endless, client=Client(max_stream_data=1 << 30, max_data=1 << 30), delay=0.6)
    await pair.connect()
    await pair.advance(10.0)
    assert await pair.number(ROUND_TRIP) == 0
    pair.client.send(0, GET, end_stream=True)
    await pair.advance(5.0)
    assert 3 <= await pair.number(ROUND_TRIP) <= 6
    assert await pair.number(LOOP_LAG) >= 14


# Requests


async def test_a_request_is_counted_with_its_times_and_sizes() -> None:
    pair = Watched(echo)
    await pair.connect()
    pair.client.send(0, POST + data(b"hello"), end_stream=True)
    await pair.drive()
    assert await pair.number(REQUEST_DURATION, "POST", "200", "3", "") == 1
    assert await pair.number(TIME_TO_FIRST_BYTE) == 1
    assert (await pair.sums(REQUEST_SIZE))["POST",][-1] == 5
    assert (await pair.sums(RESPONSE_SIZE))["POST",][-1] == 5
    assert await pair.number(ACTIVE_REQUESTS) == 0


async def test_a_request_under_way_is_active() -> None:
    pair = Watched(patient)
    await pair.connect()
    pair.client.send(0, GET)
    pair.client.send(4, GET)
    await pair.drive()
    assert await pair.number(ACTIVE_REQUESTS) == 2
    pair.client.reset(0, 0x10C)
    await pair.drive()
    assert await pair.number(ACTIVE_REQUESTS) == 1
    assert await pair.number(EXCHANGES_CUT, "client", "client_reset", "H3_REQUEST_CANCELLED") == 1
    assert await pair.number(REQUEST_DURATION, "GET", "", "3", "client_reset") == 1


async def test_a_method_that_nobody_knows_is_other() -> None:
    pair = Watched(hello)
    await pair.connect()
    pair.client.send(0, request(b"BREW"), end_stream=True)
    await pair.drive()
    assert await pair.number(REQUEST_DURATION, "_OTHER", "200", "3", "") == 1


async def test_an_answer_of_the_applications_that_is_an_error_is_one() -> None:
    async def busy(stream: Http3Stream) -> None:
        stream.response.start(503)
        await stream.response.complete()

    pair = Watched(busy)
    await pair.connect()
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert await pair.number(REQUEST_DURATION, "GET", "503", "3", "503") == 1


async def test_content_that_is_too_large_is_refused_by_its_limit() -> None:
    pair = Watched(hello, max_request_body_size=1)
    await pair.connect()
    pair.client.send(0, request(b"POST", (b"content-length", b"2")), end_stream=True)
    await pair.drive()
    assert await pair.number(REFUSED, "max_request_body_size") == 1
    assert await pair.number(REQUEST_DURATION, "POST", "413", "3", "max_request_body_size") == 1
    assert await pair.sums(EXCHANGES_CUT) == {}


async def test_a_request_after_goaway_is_cut_by_the_server() -> None:
    pair = Watched(patient)
    await pair.connect()
    pair.client.send(0, GET)
    await pair.drive()
    pair.endpoint.shutdown()
    pair.client.send(4, GET)
    await pair.drive(0.0)
    assert await pair.number(EXCHANGES_CUT, "server", "draining", "H3_REQUEST_REJECTED") == 1


# Back-pressure


async def test_a_send_that_waits_is_counted_and_timed() -> None:
    pair = Watched(endless, client=Client(max_stream_data=32 * KIB), data_rate_grace=60.0)
    await pair.connect()
    pair.client.stop_reading()
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert await pair.number(SEND_WAITING) == 1
    waits = await pair.number(SEND_WAIT)
    await pair.advance(3.0)
    pair.client.stop_sending(0, 0x10C)
    await pair.drive()
    assert await pair.number(SEND_WAITING) == 0
    assert await pair.number(SEND_WAIT) == waits + 1
    assert (await pair.sums(SEND_WAIT))[()][-1] >= 3.0


# Who asks for nothing


async def test_a_server_without_an_admin_listener_counts_nothing() -> None:
    observer = Observer(Config(access_log=False))
    pair = Pair()
    observer.begin(pair.loop, Sources([], pair.acceptor, [pair.endpoint], None))
    await pair.connect()
    assert pair.endpoint.watch is None
    sight = await observer.sight()
    assert sight["metrics"] == {}
    assert len(sight["connections"]["connections"]) == 1


async def test_a_process_says_that_it_is_there() -> None:
    pair = Watched(hello)
    assert await pair.number(WORKERS) == 1
    pair.observer.end()
    pair.observer.end()
