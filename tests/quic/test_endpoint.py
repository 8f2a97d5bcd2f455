"""One socket, many connections: routing, limits, failures, and the real loopback."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from hypothesis import given
from hypothesis import strategies as st

from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.http3.complaints import ComplaintLog
from h3producer.quic.acceptor import Acceptor
from h3producer.quic.aioquic import AioquicEngine
from h3producer.quic.engine import TransportError
from h3producer.quic.limits import MAX_READS
from h3producer.quic.packets import VERSION_1, encode_long_header
from h3producer.quic.udp import endpoint
from h3producer.quic.udp.endpoint import UdpEndpoint
from h3producer.quic.udp.sockets import bind_sockets
from tests.fakes import RecordingInputs
from tests.pair import Client, Pair, make_credentials
from tests.virtual import settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.transport import QuicTransport

OTHER = ("192.0.2.2", 50001)


class Echo(RecordingInputs):
    """A core that answers each request with its own bytes."""

    def __init__(self, transport: QuicTransport) -> None:
        super().__init__()
        self.transport = transport

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        super().stream_data_received(stream_id, data, end_stream)
        self.transport.send(stream_id, data, end_stream=end_stream)


async def connected(config: Config | None = None, client: Client | None = None) -> Pair:
    pair = Pair(Echo, config, client=client)
    await pair.connect()
    return pair


async def ask(pair: Pair, client: Client, data: bytes = b"hello") -> bytes:
    """Send a request, and return what came back."""
    stream_id = client.open()
    client.send(stream_id, data, end_stream=True)
    await pair.drive()
    return client.received(stream_id)


# Routing


async def test_each_client_has_a_connection_of_its_own() -> None:
    pair = await connected()
    other = Client(OTHER)
    await pair.connect(other)
    assert await ask(pair, pair.client, b"one") == b"one"
    assert await ask(pair, other, b"two") == b"two"
    assert [transport.peer_address for transport in pair.transports] == [
        ("192.0.2.1", 50000),
        OTHER,
    ]


async def test_a_client_whose_address_changes_keeps_its_connection() -> None:
    """RFC 9000 §9: connections are known by their ids."""
    pair = await connected()
    pair.move(pair.client, OTHER)
    assert await ask(pair, pair.client) == b"hello"
    assert pair.transport.peer_address == OTHER
    assert len(pair.transports) == 1


async def test_a_client_may_use_each_id_that_it_was_given() -> None:
    pair = await connected()
    for _ in range(20):
        pair.client.quic.change_connection_id()
        assert await ask(pair, pair.client) == b"hello"
    assert len(pair.transport.connection_ids) < 12  # those that were retired are forgotten


async def test_nothing_is_left_in_the_table_when_a_connection_has_ended() -> None:
    pair = await connected()
    pair.client.close()
    await pair.drive()
    assert pair.endpoint._intake.routes == {}
    assert pair.endpoint._seats == {}
    assert pair.endpoint.connections == []


async def test_after_our_close_late_packets_are_answered_for_a_while() -> None:
    pair = await connected()
    pair.transport.close(0x100)
    await pair.drive(0)
    assert pair.endpoint.connections == []
    assert pair.endpoint._intake.routes != {}
    await pair.drive(5)
    assert pair.endpoint._intake.routes == {}


async def test_a_lost_close_is_repeated_when_the_client_goes_on() -> None:
    pair = await connected()
    pair.loses_to_client = lambda number: True
    pair.transport.close(0x107, "bye")
    await pair.drive(0)
    pair.loses_to_client = lambda number: False
    pair.client.send(pair.client.open(), b"anyone there?")
    await pair.drive(0)
    assert pair.client.terminated is not None
    assert pair.client.terminated.error_code == 0x107


# What arrives from anywhere


@given(st.binary(max_size=60), st.sampled_from([0, 1200]), st.sampled_from(["never", "always"]))
def test_any_bytes_cost_nothing_but_themselves(data: bytes, size: int, retry: str) -> None:
    async def receive() -> Pair:
        pair = Pair(config=Config(retry=retry))  # type: ignore[arg-type]  # one of its literals
        pair.socket.inbox.append((data.ljust(size, b"\0"), OTHER))
        pair.socket.inbox.append((b"\xc0" + data.ljust(size, b"\0"), OTHER))
        pair.loop.readers[pair.socket]()
        await settle()
        return pair

    pair = asyncio.run(receive())
    assert pair.endpoint._seats == {}
    assert pair.loop.timers == []


async def test_an_initial_that_is_noise_never_becomes_a_connection_and_leaves_nothing_behind() -> (
    None
):
    pair = Pair()
    head = encode_long_header(0xC0, VERSION_1, b"original", b"client")
    pair.socket.inbox.append((head + b"\x00\x44\x00".ljust(1200, b"x"), OTHER))
    pair.loop.readers[pair.socket]()
    assert pair.endpoint.connections == []
    await settle()
    assert pair.endpoint._seats == {}
    assert pair.endpoint._intake.routes == {}


async def test_a_client_whose_connection_is_gone_hears_so_at_once() -> None:
    """RFC 9000 §10.3: by a stateless reset."""
    pair = await connected()
    known = pair.client.quic._peer_cid
    pair.transport.abandon(0, "")  # as if we had been killed, and had come back with the same key
    pair.client.send(0, b"are you there?")
    await pair.drive()
    assert len(pair.to_client[-1]) < len(pair.to_server[-1])
    assert pair.to_client[-1].endswith(known.stateless_reset_token)


async def test_handshake_packets_of_connections_that_are_gone_are_dropped() -> None:
    pair = await connected()
    pair.client.close()
    await pair.drive()
    head = encode_long_header(0xE0, VERSION_1, b"eight by", b"client")
    pair.socket.inbox.append((head.ljust(1200, b"x"), pair.client.address))
    pair.loop.readers[pair.socket]()
    await settle()
    assert not pair.socket.outbox


async def test_a_client_of_another_version_learns_ours() -> None:
    pair = await connected(client=Client(versions=[0x1A2A3A4A, VERSION_1]))
    assert pair.client.is_connected


async def test_a_socket_is_read_for_so_many_datagrams_at_once() -> None:
    pair = Pair()
    for _ in range(MAX_READS + 5):
        pair.socket.inbox.append((b"", OTHER))
    pair.loop.readers[pair.socket]()
    assert len(pair.socket.inbox) == 5


async def test_a_socket_is_read_until_it_has_no_more() -> None:
    pair = Pair()
    pair.socket.inbox += [(b"", OTHER)] * 3
    pair.loop.readers[pair.socket]()
    assert pair.socket.reads == 4


async def test_an_error_from_an_earlier_datagram_is_not_ours() -> None:
    """ICMP: the address that we sent to earlier is unreachable."""
    pair = await connected()
    pair.socket.errors.append(ConnectionRefusedError())
    pair.loop.readers[pair.socket]()
    assert await ask(pair, pair.client) == b"hello"


# Retry


async def test_with_retry_a_client_proves_its_address_and_is_served() -> None:
    pair = await connected(Config(retry="always"))
    assert await ask(pair, pair.client) == b"hello"
    assert pair.client.quic._retry_count == 1


async def test_a_retry_token_from_another_address_is_refused() -> None:
    pair = Pair(config=Config(retry="always"))
    thief = Client()
    thief.quic.connect(pair.socket.address, 0.0)
    (first,) = thief.take(0.0)
    pair.socket.inbox.append((first, thief.address))
    pair.loop.readers[pair.socket]()
    thief.receive(pair.socket.outbox.popleft()[0], pair.socket.address, 0.0)
    (second,) = thief.take(0.0)
    pair.socket.inbox.append((second, OTHER))
    pair.loop.readers[pair.socket]()
    thief.receive(pair.socket.outbox.popleft()[0], pair.socket.address, 0.0)
    assert thief.terminated is not None
    assert thief.terminated.error_code == 0x0B
    assert pair.endpoint.connections == []


async def test_an_answer_that_the_socket_does_not_take_is_lost() -> None:
    pair = Pair(client=Client(versions=[0x1A2A3A4A, VERSION_1]))
    pair.socket.room = 0
    await pair.connect()
    assert not pair.socket.outbox
    assert pair.loop.writers == {}


# Limits


def refusals(client: Client) -> int | None:
    """The code of the CONNECTION_CLOSE that a client got, None if it got none."""
    return None if client.terminated is None else client.terminated.error_code


async def test_no_more_connections_are_accepted_than_the_limit() -> None:
    pair = await connected(Config(max_connections=1))
    other = Client(OTHER)
    await pair.connect(other)
    assert refusals(other) == TransportError.CONNECTION_REFUSED
    pair.client.close()
    await pair.drive(5)
    another = Client(OTHER)
    await pair.connect(another)
    assert another.is_connected


async def test_no_more_handshakes_are_open_than_the_limit() -> None:
    pair = Pair(config=Config(retry="never", max_half_open_connections=1))
    pair.loses_to_client = lambda number: True
    await pair.connect()
    other = Client(OTHER)
    await pair.connect(other)
    assert len(pair.endpoint.connections) == 1
    pair.loses_to_client = lambda number: False
    await pair.drive(5)
    assert other.is_connected


async def test_an_address_has_no_more_connections_than_its_limit() -> None:
    pair = await connected(Config(max_connections_per_address=1))
    second = Client(("192.0.2.1", 50001))
    await pair.connect(second)
    assert refusals(second) == TransportError.CONNECTION_REFUSED
    assert await ask(pair, pair.client) == b"hello"


async def test_whoever_finishes_its_handshake_too_late_is_refused_then() -> None:
    """None of them was proven yet when the others came."""
    pair = Pair(Echo, Config(max_connections_per_address=1))
    clients = [pair.client, Client(("192.0.2.1", 50001))]
    pair.loses_to_client = lambda number: True
    for client in clients:
        await pair.connect(client)
    pair.loses_to_client = lambda number: False
    await pair.drive(5)
    assert sorted(map(repr, map(refusals, clients))) == ["2", "None"]
    assert len(pair.inputs) == 1


async def test_a_handshake_that_stalls_is_dropped() -> None:
    pair = Pair(config=Config(handshake_timeout=3.0))
    started = pair.loop.now
    pair.loses_to_client = lambda number: True
    await pair.connect()
    await pair.advance(started + 2.9 - pair.loop.now)
    assert pair.acceptor.admission.half_open == 1
    await pair.advance(0.2)
    assert pair.acceptor.admission.half_open == 0
    assert pair.inputs == []


async def test_a_flood_makes_auto_ask_for_proofs() -> None:
    pair = Pair(config=Config(retry="auto", retry_threshold=1))
    pair.loses_to_client = lambda number: True
    await pair.connect()
    pair.loses_to_client = lambda number: False
    other = Client(OTHER)
    await pair.connect(other)
    assert other.is_connected
    assert other.quic._retry_count == 1


async def test_a_flood_of_first_packets_makes_auto_ask_for_proofs_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "h3producer.quic")
    pair = Pair(config=Config(retry="auto"))
    for is_flood in (True, False, True):
        pair.endpoint._flooded(is_flood)
    assert pair.acceptor.admission.asks_for_proof
    assert [record.levelno for record in caplog.records] == [logging.INFO]
    pair.endpoint._flooded(False)
    assert not pair.acceptor.admission.asks_for_proof


async def test_nothing_is_left_in_the_counts_when_all_have_gone() -> None:
    pair = await connected()
    stalled = Client(OTHER)
    pair.loses_to_client = lambda number: True
    await pair.connect(stalled)
    pair.client.close()
    await pair.drive(0)
    pair.loses_to_server = lambda number: True
    await pair.drive(15)
    admission = pair.acceptor.admission
    assert (admission.connections, admission.half_open) == (0, 0)
    assert admission._by_source == {}


# Flushing


async def test_what_tasks_answer_in_their_first_step_leaves_in_one_datagram() -> None:
    tasks = set()

    class Spawning(RecordingInputs):
        def __init__(self, transport: QuicTransport) -> None:
            super().__init__()
            self.transport = transport

        def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
            async def handle() -> None:
                self.transport.send(stream_id, b"headers")
                self.transport.send(stream_id, b" and body", end_stream=True)

            tasks.add(asyncio.create_task(handle()))

    pair = Pair(Spawning)
    await pair.connect()
    before = len(pair.to_client)
    for _ in range(5):
        pair.client.send(pair.client.open(), b"request", end_stream=True)
    await pair.drive(0)
    assert len(pair.to_client) - before == 1
    assert pair.client.received(16) == b"headers and body"


@pytest.mark.parametrize("gso", [True, False])
async def test_a_full_socket_loses_nothing_and_keeps_the_order(gso: bool) -> None:
    pair = await connected(Config(gso=gso))
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"x")
    await pair.drive()
    pair.socket.room = 0
    data = bytes(range(256)) * 40
    pair.transport.send(stream_id, data, end_stream=True)
    await pair.drive(0)
    assert pair.endpoint.is_full
    for _ in range(20):
        pair.socket.room = 1
        for callback in list(pair.loop.writers.values()):
            callback()
        await pair.drive(0)
    pair.free_socket()
    await pair.drive()
    assert pair.client.received(stream_id) == b"x" + data
    assert pair.loop.writers == {}
    assert not pair.endpoint.is_full


async def test_the_datagrams_of_a_download_are_of_one_size_and_share_system_calls() -> None:
    pair = await connected()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"x")
    await pair.drive()
    before = len(pair.to_client)
    pair.socket.trains.clear()
    pair.transport.send(stream_id, bytes(12_000), end_stream=True)
    await pair.drive()
    *full, last = map(len, pair.to_client[before:])
    assert set(full) == {1200}
    assert last < 1200
    assert len(pair.socket.trains) < len(full)


async def test_a_full_socket_waits_for_all_its_connections() -> None:
    pair = await connected()
    other = Client(OTHER)
    await pair.connect(other)
    pair.socket.room = 0
    for client in (pair.client, other):
        client.send(client.open(), b"hello", end_stream=True)
    await pair.drive(0)
    assert pair.client.received(0) == other.received(0) == b""
    pair.free_socket()
    await pair.drive(0)
    assert pair.client.received(0) == other.received(0) == b"hello"


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EPERM, errno.EMSGSIZE, errno.ENOBUFS])
async def test_what_cannot_be_sent_is_lost_like_on_the_way(code: int) -> None:
    pair = await connected()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"hello", end_stream=True)
    data = pair.client.take(pair.loop.now)
    pair.socket.inbox += [(each, pair.client.address) for each in data]
    pair.loop.readers[pair.socket]()
    pair.socket.errors.append(OSError(code, "no"))
    await settle()
    assert not pair.socket.outbox
    await pair.drive()
    assert pair.client.received(stream_id) == b"hello"


# Failures


async def test_a_bug_in_one_connection_leaves_the_others_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Buggy(Echo):
        def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
            if data == b"bug":
                raise RuntimeError("a bug")
            super().stream_data_received(stream_id, data, end_stream)

    pair = Pair(Buggy)
    await pair.connect()
    other = Client(OTHER)
    await pair.connect(other)
    await ask(pair, pair.client, b"bug")
    assert pair.client.terminated is not None
    assert pair.client.terminated.error_code == ErrorCode.H3_INTERNAL_ERROR
    assert await ask(pair, other) == b"hello"
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]


async def test_a_client_that_breaks_a_rule_of_quic_is_worth_a_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A log of its own: that of the process may have had enough of the tests before.
    monkeypatch.setattr(endpoint, "COMPLAINTS", ComplaintLog())
    pair = await connected()
    with caplog.at_level(logging.INFO, "h3producer"):
        pair.client.inject((0x1E, b""))  # HANDSHAKE_DONE, which only servers send
        await pair.drive()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("Client 192.0.2.1 port 50000 broke a rule; it is closed: QUIC error 0xa")


@pytest.mark.parametrize("end", ["close", "silence"])
async def test_a_client_that_leaves_is_worth_none(
    caplog: pytest.LogCaptureFixture, end: str
) -> None:
    pair = await connected(client=Client(idle_timeout=5))
    with caplog.at_level(logging.INFO, "h3producer"):
        if end == "close":
            pair.client.close()
            await pair.drive()
        else:
            pair.loses_to_server = lambda number: True
            await pair.advance(10)
    assert pair.recorded.named("connection_terminated")
    assert caplog.records == []


# Ending


async def test_who_stopped_accepting_still_serves_the_others() -> None:
    pair = await connected()
    pair.endpoint.stop_accepting()
    other = Client(OTHER)
    await pair.connect(other)
    assert not other.is_connected
    assert await ask(pair, pair.client) == b"hello"


async def test_a_shutdown_refuses_who_has_asked_before_our_handshake_was_complete() -> None:
    """Its request may be repeated elsewhere, since nobody here can have looked at it."""
    pair = Pair()
    pair.loses_to_server = lambda number: number > 0  # all behind its first packet
    await pair.connect()
    assert pair.client.is_connected
    pair.client.send(0, b"a request", end_stream=True)
    await pair.drive()
    assert pair.inputs == []

    pair.endpoint.shutdown()
    await pair.drive()

    assert pair.client.terminated is not None
    assert pair.client.terminated.error_code == TransportError.CONNECTION_REFUSED
    await pair.endpoint.wait_closed()


async def test_that_a_shutdown_will_come_reaches_cores_that_are_not_there_yet() -> None:
    pair = await connected()
    other, first = Client(OTHER), len(pair.to_server)
    pair.loses_to_server = lambda number: number > first  # all behind its first packet
    await pair.connect(other)
    assert len(pair.inputs) == 1
    pair.endpoint.announce_shutdown()
    pair.loses_to_server = lambda number: False
    await pair.drive(5.0)
    assert len(pair.inputs) == 2
    for inputs in pair.inputs:
        assert isinstance(inputs, Echo)
        assert inputs.named("announce_shutdown") == [()]
    assert await ask(pair, pair.client) == b"hello", "and all go on"
    assert await ask(pair, other) == b"hello"


async def test_shutdown_reaches_every_core() -> None:
    pair = await connected()
    await pair.connect(Client(OTHER))
    pair.endpoint.shutdown()
    for inputs in pair.inputs:
        assert isinstance(inputs, Echo)
        assert inputs.named("shutdown") == [()]


async def test_waiting_for_the_end_takes_as_long_as_the_last_connection() -> None:
    pair = await connected()
    pair.endpoint.stop_accepting()
    waiting = asyncio.create_task(pair.endpoint.wait_closed())
    await pair.drive()
    assert not waiting.done()
    pair.client.close()
    await pair.drive(0)
    await waiting
    assert not pair.socket.is_closed


async def test_closing_ends_all_at_once() -> None:
    pair = await connected()
    other = Client(OTHER)
    await pair.connect(other)
    pair.endpoint.close()
    assert pair.socket.is_closed
    assert pair.loop.readers == pair.loop.writers == {}
    assert pair.endpoint.connections == []
    await pair.endpoint.wait_closed()
    await pair.drive(0)
    for client in (pair.client, other):
        assert client.terminated is not None
        assert client.terminated.error_code == ErrorCode.H3_NO_ERROR
    pair.endpoint.close()


async def test_closing_tells_each_core_the_code() -> None:
    pair = await connected()
    pair.endpoint.close(0x107, "over")
    assert pair.inputs[0].named("connection_terminated") == [(0x107, "over")]  # type: ignore[attr-defined]


async def test_it_says_where_it_listens() -> None:
    pair = await connected()
    assert pair.endpoint.addresses == [("127.0.0.1", 4433)]
    assert pair.transport.local_address == ("127.0.0.1", 4433)
    assert repr(pair.endpoint) == "<UdpEndpoint 127.0.0.1:4433 1 connections>"


# The real loopback


class Asker(QuicConnectionProtocol):
    """aioquic's own asyncio client, with a future for what came back."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._data = b""

    def quic_event_received(self, event: events.QuicEvent) -> None:
        if isinstance(event, events.StreamDataReceived):
            self._data += event.data
            if event.end_stream:
                self.answer.set_result(self._data)


async def ask_over_udp(host: str, make_core: Callable[[QuicTransport], Echo], data: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    (sock,) = bind_sockets([(host, 0)])
    config = Config()
    engine = AioquicEngine(config, make_credentials())
    endpoint = UdpEndpoint(sock, Acceptor(engine, config), make_core, config, loop)
    configuration = QuicConfiguration(alpn_protocols=["h3"], verify_mode=ssl.CERT_NONE)
    try:
        async with (
            asyncio.timeout(20),
            connect(
                *endpoint.addresses[0],
                configuration=configuration,
                create_protocol=Asker,
            ) as asker,
        ):
            assert isinstance(asker, Asker)
            asker._quic.send_stream_data(0, data, end_stream=True)
            asker.transmit()
            answer = await asker.answer
        endpoint.stop_accepting()
        async with asyncio.timeout(20):
            await endpoint.wait_closed()
        return answer
    finally:
        endpoint.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_client_is_served_over_real_sockets(host: str) -> None:
    if ":" in host and not can_bind(host):
        pytest.skip("this machine has no IPv6")
    seen: list[QuicTransport] = []

    def make_core(transport: QuicTransport) -> Echo:
        seen.append(transport)
        return Echo(transport)

    data = bytes(200_000)
    assert await ask_over_udp(host, make_core, data) == data
    assert seen[0].peer_address[0] == host
    assert seen[0].local_address[0] == host


def can_bind(host: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind((host, 0))
    except OSError:
        return False
    return True
