"""When datagrams are built, who is woken, which timer is set, and what a failure costs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.pipe.wakeup import start_inline
from h3producer.quic.engine import TransportError
from h3producer.quic.facts import PathFacts, StreamFacts
from h3producer.quic.limits import LINGER
from h3producer.quic.parting import UNHEARD_TICKS
from h3producer.quic.phase import Phase
from h3producer.quic.transport import EngineTransport
from tests.fakes import RecordingInputs
from tests.virtual import VirtualLoop, settle

if TYPE_CHECKING:
    import pytest

    from h3producer.http3.transport import ConnectionInputs, TlsFacts
    from h3producer.quic.engine import Address, Datagram, EngineObserver
    from h3producer.quic.link import Tenant

ADDRESS = ("192.0.2.1", 50000)
MARK = 100


class FakeConnection:
    """An engine connection that puts up to `room` unsent bytes into each build."""

    journal = None

    observer: EngineObserver

    def __init__(self) -> None:
        self.connection_ids = (b"one", b"two")
        self.is_started = True
        self.is_closed = False
        self.is_delivered = False
        self.is_answered = False
        self.peer_address: Address = ADDRESS
        self.tls_facts: TlsFacts | None = None
        self.first_id = b"\x83\x94"
        self.is_resumed = False
        self.path_facts = PathFacts(0.05, 0.06, 0.04, 0.01, 12000, 2400, 10, 1, 5000, 700)
        self.room = 0
        self.max_datagram = 1000
        self.timer: float | None = None
        self.builds = 0
        self.calls: list[tuple[object, ...]] = []
        self.errors: dict[str, Exception] = {}
        self._unsent: dict[int, int] = {}
        self._sent: dict[int, int] = {}
        self._closing: tuple[int, str] | None = None

    def receive_datagram(
        self, data: bytes, address: Address, /, now: float, more: bool = False
    ) -> None:
        self.calls.append(("receive", data, now))
        self._raise("receive")
        if data == b"early":
            self.observer.early_data_accepted()
        elif data == b"hello":
            self.observer.handshake_completed()
        elif data == b"data":
            self.observer.stream_data_received(0, data, True)

    def finish_reading(self) -> None:
        self.calls.append(("finish",))
        self._raise("finish")

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        self.builds += 1
        self._raise("build")
        if self._closing is not None:
            closing, self._closing = self._closing, None
            self.observer.connection_terminated(*closing)
            return [(b"close", ADDRESS)]
        built: list[Datagram] = []
        for stream_id, unsent in self._unsent.items():
            taken = min(unsent, self.room)
            self._unsent[stream_id] -= taken
            self._sent[stream_id] = self.sent(stream_id) + taken
            if taken:
                built.append((bytes(taken), ADDRESS))
        return built

    def next_timer(self) -> float | None:
        return self.timer

    def handle_timer(self, now: float) -> None:
        self.calls.append(("timer", now))
        self.timer = None
        self._raise("timer")

    def unsent(self, stream_id: int) -> int:
        return self._unsent.get(stream_id, 0)

    def tidy(self) -> int:
        return 1000

    def unsent_streams(self) -> list[int]:
        return [stream_id for stream_id, unsent in self._unsent.items() if unsent]

    def sent(self, stream_id: int) -> int:
        return self._sent.get(stream_id, 0)

    def stream_facts(self) -> list[StreamFacts]:
        return [StreamFacts(each, self.sent(each), self.unsent(each), 0) for each in self._unsent]

    def open_uni_stream(self) -> int:
        return 3

    def open_bidi_stream(self) -> int:
        return 1

    def send(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        self._unsent[stream_id] = self.unsent(stream_id) + len(data)

    def reset(self, stream_id: int, error_code: int) -> None:
        self._unsent.pop(stream_id, None)

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        self.calls.append(("stop_sending", stream_id, error_code))

    def grant(self, stream_id: int, count: int) -> bool:
        self.calls.append(("grant", stream_id, count))
        return count >= 1000

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        self.calls.append(("set_priority", stream_id, urgency, incremental))

    def send_datagram(self, data: bytes) -> bool:
        self.calls.append(("send_datagram", data))
        return len(data) <= self.max_datagram

    def close_application(self, error_code: int, reason: str) -> None:
        self._closing = (int(error_code), reason)

    def close_transport(self, error_code: int) -> None:
        self.calls.append(("close_transport", error_code))
        self._closing = (int(error_code), "")

    def release(self) -> None:
        self.calls.append(("release",))
        del self.peer_address, self.tls_facts

    def _raise(self, where: str) -> None:
        if where in self.errors:
            raise self.errors.pop(where)


class FakeLink:
    """A link that keeps what it is given; `inputs` is what it makes as a core."""

    def __init__(self, inputs: ConnectionInputs | Exception) -> None:
        self.lets_stay = True
        self.clock = VirtualLoop()
        self.local_address = ("127.0.0.1", 4433)
        self.is_full = False
        self.inputs = inputs
        self.sent: list[bytes] = []
        self.waiting: list[Tenant] = []
        self.routes: set[bytes] = set()
        self.events: list[str] = []

    def send(self, datagrams: list[Datagram]) -> None:
        self.sent += [data for data, _ in datagrams]

    def wait_for_turn(self, tenant: Tenant) -> None:
        tenant.take_turn(self.clock.now)
        tenant.flush()

    def wait_for_room(self, tenant: Tenant) -> None:
        self.waiting.append(tenant)

    def add_route(self, connection_id: bytes, tenant: Tenant) -> None:
        self.routes.add(connection_id)

    def remove_route(self, connection_id: bytes) -> None:
        self.routes.discard(connection_id)

    def proven(self, tenant: Tenant) -> bool:
        return self.lets_stay

    def opened(self, tenant: Tenant) -> ConnectionInputs:
        self.events.append("opened")
        if isinstance(self.inputs, Exception):
            raise self.inputs
        return self.inputs

    def rule_broken(self, tenant: Tenant, sentence: str) -> None:
        self.events.append(sentence)

    def ended(self, tenant: Tenant) -> None:
        self.events.append("ended")

    def forget(self, tenant: Tenant) -> None:
        self.events.append("forgotten")


class Bench:
    """A transport between a fake connection and a fake link."""

    def __init__(self, inputs: ConnectionInputs | Exception | None = None) -> None:
        self.recorded = RecordingInputs()
        self.connection = FakeConnection()
        self.link = FakeLink(inputs or self.recorded)
        self.transport = EngineTransport(self.connection, self.link, Config(response_buffer=MARK))

    def open(self) -> Bench:
        self.receive(b"hello")
        return self

    def receive(self, data: bytes) -> None:
        self.transport.receive(data, ADDRESS, self.link.clock.now)
        self.transport.turn_over()
        self.transport.flush()

    @property
    def terminated(self) -> list[tuple[object, ...]]:
        return self.recorded.named("connection_terminated")


# Flushing


async def test_nothing_is_built_inside_a_verb() -> None:
    bench = Bench().open()
    builds = bench.connection.builds
    bench.transport.send(0, b"data")
    bench.transport.reset(4, 0x102)
    bench.transport.stop_sending(4, 0x100)
    bench.transport.grant(4, 10)
    bench.transport.send_datagram(b"datagram")
    bench.transport.open_uni_stream()
    assert bench.connection.builds == builds
    await settle()
    assert bench.connection.builds == builds + 1


async def test_credit_that_is_not_announced_yet_is_no_reason_to_flush() -> None:
    bench = Bench().open()
    builds = bench.connection.builds
    bench.transport.grant(0, 10)
    await settle()
    assert bench.connection.builds == builds
    bench.transport.grant(0, 1000)
    await settle()
    assert bench.connection.builds == builds + 1


async def test_all_verbs_of_a_pass_leave_in_one_flush() -> None:
    bench = Bench().open()
    bench.connection.room = 1000
    builds = bench.connection.builds

    async def app(stream_id: int) -> None:
        bench.transport.send(stream_id, bytes(stream_id))

    async with asyncio.TaskGroup() as apps:
        for stream_id in (4, 8, 12):
            apps.create_task(app(stream_id))
    await settle()
    assert bench.connection.builds == builds + 1
    assert [len(data) for data in bench.link.sent] == [4, 8, 12]


async def test_flushing_twice_in_a_pass_builds_once() -> None:
    bench = Bench().open()
    builds = bench.connection.builds
    bench.transport.receive(b"data", ADDRESS, 0.0)
    bench.transport.flush()
    bench.transport.flush()
    assert bench.connection.builds == builds + 1


async def test_a_pump_that_is_woken_inline_tops_up_within_the_flush() -> None:
    bench = Bench().open()
    bench.connection.room = 90

    async def pump() -> None:
        for _ in range(4):
            bench.transport.send(0, bytes(MARK))
            await bench.transport.drain(0)

    task = start_inline(pump())
    await settle()
    assert task.done()
    assert [len(data) for data in bench.link.sent] == [90, 90, 90, 90]


async def test_draining_needs_less_than_the_mark() -> None:
    bench = Bench().open()
    bench.transport.send(0, bytes(MARK))
    task = start_inline(bench.transport.drain(0))
    assert not task.done()
    bench.connection.room = 1
    await settle()
    assert task.done()


async def test_a_full_socket_stops_building_until_there_is_room() -> None:
    bench = Bench().open()
    bench.connection.room = 1000
    builds = bench.connection.builds
    bench.link.is_full = True
    bench.transport.send(0, b"waits")
    await settle()
    bench.transport.send(0, b" too")
    await settle()
    assert bench.connection.builds == builds
    assert bench.link.waiting == [bench.transport]
    bench.link.is_full = False
    bench.transport.flush()
    assert bench.link.sent == [bytes(9)]


async def test_a_full_socket_does_not_make_a_timer_spin() -> None:
    bench = Bench().open()
    clock = bench.link.clock
    bench.connection.timer = clock.now + 1
    bench.receive(b"data")
    bench.link.is_full = True
    for _ in range(5):
        clock.fire_next(clock.now + 5)
    assert bench.connection.calls.count(("timer", clock.now)) == 1
    assert clock.timers == []


async def test_closing_when_delivered_waits_for_the_peer() -> None:
    bench = Bench().open()
    bench.transport.close(0x100, when_delivered=True)
    await settle()
    assert bench.terminated == []
    bench.connection.is_delivered = True
    bench.receive(b"acknowledgement")
    assert bench.terminated == []
    clock = bench.link.clock
    assert clock.timers[0] == clock.now + LINGER
    clock.fire_next(clock.now + LINGER)
    assert bench.terminated == [(0x100, "")]
    assert bench.link.sent == [b"close"]


async def test_closing_when_delivered_does_not_wait_long_for_a_peer_that_has_its_answers() -> None:
    bench = Bench().open()
    bench.connection.is_answered = True
    bench.transport.close(0x100, when_delivered=True)
    for now in range(UNHEARD_TICKS - 1):
        bench.transport.tick(now)
    assert bench.terminated == []

    bench.transport.tick(UNHEARD_TICKS)
    await settle()

    assert bench.terminated == [(0x100, "")]


async def test_closing_when_delivered_waits_on_for_a_peer_that_misses_an_answer() -> None:
    bench = Bench().open()
    bench.transport.close(0x100, when_delivered=True)
    for now in range(100):
        bench.transport.tick(now)
    await settle()
    assert bench.terminated == []


async def test_a_client_that_leaves_first_ends_the_wait() -> None:
    bench = Bench().open()
    bench.connection.is_delivered = True
    bench.transport.close(0x100, when_delivered=True)
    await settle()
    bench.connection.observer.connection_terminated(0x100, "the client's")
    assert bench.terminated == [(0x100, "the client's")]


# Timers


async def test_the_connections_timer_is_the_transports() -> None:
    bench = Bench().open()
    clock = bench.link.clock
    bench.connection.timer = clock.now + 2
    bench.receive(b"data")
    assert clock.timers[0] == clock.now + 2
    clock.fire_next(clock.now + 3)
    assert bench.connection.calls[-1] == ("timer", clock.now)


async def test_a_link_may_refuse_a_connection_whose_handshake_is_complete() -> None:
    bench = Bench()
    bench.link.lets_stay = False
    bench.receive(b"hello")
    assert bench.transport.phase is not Phase.OPEN
    assert ("close_transport", TransportError.CONNECTION_REFUSED) in bench.connection.calls
    bench.transport.send(0, b"nobody is there to do this")
    assert ("send", 0, b"nobody is there to do this", False) not in bench.connection.calls


# Early data


async def test_a_core_may_begin_before_the_handshake_is_complete() -> None:
    bench = Bench()
    bench.receive(b"early")
    assert bench.transport.is_early
    bench.receive(b"data")
    bench.transport.send(0, b"answer")
    assert bench.recorded.received(0) == b"data"
    assert bench.connection.unsent(0) == len(b"answer")


async def test_an_early_core_hears_when_the_handshake_is_complete_and_is_the_only_one() -> None:
    bench = Bench()
    bench.receive(b"early")
    bench.receive(b"data")
    bench.receive(b"hello")
    assert not bench.transport.is_early
    assert bench.link.events == ["opened"]
    assert bench.recorded.events[-1] == ("handshake_completed",)


async def test_a_core_that_was_not_early_hears_nothing_of_the_handshake() -> None:
    bench = Bench().open()
    assert not bench.transport.is_early
    assert bench.recorded.events == []


async def test_a_link_may_refuse_a_connection_that_was_early() -> None:
    """Others of its address were faster; its core hears of the end as of any other."""
    bench = Bench()
    bench.link.lets_stay = False
    bench.receive(b"early")
    bench.receive(b"hello")
    assert ("close_transport", TransportError.CONNECTION_REFUSED) in bench.connection.calls
    assert bench.terminated == [(TransportError.CONNECTION_REFUSED, "")]
    assert bench.recorded.named("handshake_completed") == []


async def test_an_early_connection_whose_handshake_does_not_finish_is_dropped() -> None:
    bench = Bench()
    clock = bench.link.clock
    bench.receive(b"early")
    bench.connection.timer = clock.now + 60
    clock.fire_next(clock.now + 60)
    assert bench.terminated == [(ErrorCode.H3_NO_ERROR, "The handshake took too long.")]
    assert bench.link.events[-1] == "forgotten"


async def test_an_early_core_ends_in_its_own_way_when_the_server_does() -> None:
    bench = Bench()
    bench.receive(b"early")
    bench.transport.shutdown()
    assert bench.recorded.events == [("shutdown",)]


async def test_a_handshake_that_does_not_finish_is_dropped() -> None:
    bench = Bench()
    start = bench.link.clock.now
    bench.connection.timer = start + 60
    bench.receive(b"half of a handshake")
    assert bench.link.clock.timers == [start + Config.handshake_timeout]
    bench.link.clock.fire_next(start + 60)
    assert bench.link.events == ["ended", "forgotten"]
    assert bench.link.sent == []


async def test_noise_leaves_nothing_behind() -> None:
    bench = Bench()
    bench.connection.is_started = False
    bench.receive(b"noise")
    assert bench.link.events == ["ended", "forgotten"]
    assert bench.link.clock.timers == []


# The end


async def test_a_connection_that_is_closed_is_forgotten_with_its_timer() -> None:
    bench = Bench().open()
    bench.connection.is_closed = True
    bench.receive(b"the peer's close")
    assert bench.transport.phase is Phase.FORGOTTEN
    assert bench.link.clock.timers == []
    bench.transport.flush()
    bench.transport.abandon(0, "")
    assert bench.link.events == ["opened", "ended", "forgotten"]


async def test_a_forgotten_connection_is_released_once_and_its_facts_stay() -> None:
    bench = Bench().open()
    bench.transport.abandon(0, "")
    bench.transport.abandon(0, "")
    assert bench.connection.calls.count(("release",)) == 1
    assert bench.transport.peer_address == ADDRESS
    assert bench.transport.tls is None


async def test_late_packets_are_answered_at_a_falling_rate() -> None:
    """RFC 9000 §10.2.1."""
    bench = Bench().open()
    bench.transport.close(0x100)
    await settle()
    bench.link.sent.clear()
    for _ in range(20):
        bench.receive(b"late")
    assert bench.link.sent == [b"close"] * 5  # to the 1st, 2nd, 4th, 8th and 16th


async def test_late_packets_are_not_answered_while_the_socket_is_full() -> None:
    bench = Bench().open()
    bench.transport.close(0x100)
    await settle()
    bench.link.sent.clear()
    bench.link.is_full = True
    bench.receive(b"late")
    assert bench.link.sent == []


async def test_after_our_close_the_core_hears_of_nothing_but_the_end() -> None:
    bench = Bench().open()
    bench.transport.close(0x107)
    observer = bench.connection.observer
    observer.stream_data_received(0, b"late", True)
    observer.stream_reset(0, 1)
    observer.stop_sending_received(0, 1)
    observer.datagram_received(b"late")
    observer.handshake_completed()
    await settle()
    assert bench.recorded.events == [("connection_terminated", 0x107, "")]


async def test_inputs_reach_the_core() -> None:
    bench = Bench().open()
    observer = bench.connection.observer
    observer.stream_data_received(0, b"data", True)
    observer.stream_reset(4, 1)
    observer.stop_sending_received(8, 2)
    observer.datagram_received(b"datagram")
    assert bench.recorded.events == [
        ("stream_data_received", 0, b"data", True),
        ("stream_reset", 4, 1),
        ("stop_sending_received", 8, 2),
        ("datagram_received", b"datagram"),
    ]


async def test_the_core_hears_of_a_stop_before_its_drain_returns() -> None:
    bench = Bench().open()
    bench.transport.send(0, bytes(MARK))
    heard: list[str] = []

    async def wait() -> None:
        await bench.transport.drain(0)
        heard.extend(str(event[0]) for event in bench.recorded.events)

    task = start_inline(wait())
    bench.connection.reset(0, 0x10C)
    bench.connection.observer.stop_sending_received(0, 0x10C)
    assert task.done()
    assert heard == ["stop_sending_received"]


async def test_connection_ids_come_and_go() -> None:
    bench = Bench().open()
    bench.connection.observer.connection_id_issued(b"three")
    assert bench.transport.connection_ids == {b"one", b"two", b"three"}
    assert bench.link.routes == {b"three"}
    bench.connection.observer.connection_id_retired(b"three")
    assert bench.transport.connection_ids == {b"one", b"two"}
    assert bench.link.routes == set()


async def test_shutdown_is_for_the_core() -> None:
    bench = Bench().open()
    bench.transport.shutdown()
    assert bench.recorded.events == [("shutdown",)]
    assert bench.transport.phase is Phase.OPEN


async def test_that_a_shutdown_will_come_is_for_the_core() -> None:
    bench = Bench().open()
    bench.transport.announce_shutdown()
    assert bench.recorded.events == [("announce_shutdown",)]


async def test_that_a_shutdown_will_come_is_not_for_who_has_no_core() -> None:
    bench = Bench()
    bench.transport.announce_shutdown()
    assert bench.connection.calls == Bench().connection.calls


async def test_shutdown_without_a_core_refuses_the_connection() -> None:
    bench = Bench()
    bench.transport.shutdown()
    await settle()
    assert ("close_transport", TransportError.CONNECTION_REFUSED) in bench.connection.calls
    assert bench.link.sent == [b"close"]


async def test_shutdown_after_the_end_does_nothing() -> None:
    bench = Bench().open()
    bench.transport.close(0x100)
    bench.transport.shutdown()
    await settle()
    assert bench.recorded.events == [("connection_terminated", 0x100, "")]


async def test_abort_says_so_and_forgets_at_once() -> None:
    bench = Bench().open()
    bench.transport.abort(0x100, "the server ends")
    assert bench.link.sent == [b"close"]
    assert bench.terminated == [(0x100, "the server ends")]
    assert bench.link.events[-1] == "forgotten"


async def test_abort_forgets_even_if_the_socket_is_full() -> None:
    bench = Bench().open()
    bench.link.is_full = True
    bench.transport.abort(0x100, "the server ends")
    assert bench.link.sent == []
    assert bench.terminated == [(0x100, "the server ends")]
    assert bench.link.events[-1] == "forgotten"


# Failures


class FailingInputs(RecordingInputs):
    """A core with a bug in every input."""

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        raise RuntimeError("a bug in the core")

    def connection_terminated(self, error_code: int, reason: str) -> None:
        super().connection_terminated(error_code, reason)
        raise RuntimeError("a bug at the end")

    def shutdown(self) -> None:
        raise RuntimeError("a bug in shutdown")


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_bug_in_the_core_closes_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    core = FailingInputs()
    bench = Bench(core).open()
    bench.receive(b"data")
    assert core.named("connection_terminated") == [(ErrorCode.H3_INTERNAL_ERROR, "")]
    assert bench.link.sent == [b"close"]
    assert logged(caplog)[0] == "<EngineTransport 192.0.2.1:50000 OPEN> failed and is closed"
    assert "a bug in the core" in caplog.text


async def test_a_bug_at_the_end_does_not_keep_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(FailingInputs()).open()
    bench.transport.abort(0x100)
    assert bench.link.events == ["opened", "ended", "forgotten"]
    assert "a bug at the end" in caplog.text


async def test_a_bug_in_shutdown_closes_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(FailingInputs()).open()
    bench.transport.shutdown()
    assert bench.transport.phase is Phase.CLOSING
    await settle()
    assert bench.link.sent == [b"close"]
    assert len(logged(caplog)) == 2


async def test_a_core_that_cannot_be_made_closes_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(RuntimeError("no core")).open()
    assert bench.link.sent == [b"close"]
    assert len(logged(caplog)) == 1


async def test_a_bug_in_the_engine_closes_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench().open()
    bench.connection.errors["receive"] = RuntimeError("a bug in the engine")
    bench.receive(b"anything")
    assert bench.terminated == [(ErrorCode.H3_INTERNAL_ERROR, "")]
    assert len(logged(caplog)) == 1


async def test_a_bug_at_the_end_of_a_turn_closes_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench().open()
    bench.connection.errors["finish"] = RuntimeError("a bug in the engine")
    bench.receive(b"anything")
    assert bench.terminated == [(ErrorCode.H3_INTERNAL_ERROR, "")]
    assert len(logged(caplog)) == 1


async def test_an_engine_that_cannot_build_costs_its_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench().open()
    bench.connection.errors["build"] = RuntimeError("a bug in the engine")
    bench.receive(b"anything")
    assert bench.terminated == [(ErrorCode.H3_INTERNAL_ERROR, "The server failed.")]
    assert bench.link.events[-1] == "forgotten"
    assert len(logged(caplog)) == 1


async def test_a_bug_in_a_timer_closes_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench().open()
    clock = bench.link.clock
    bench.connection.timer = clock.now + 1
    bench.receive(b"data")
    bench.connection.errors["timer"] = RuntimeError("a bug in a timer")
    clock.fire_next(clock.now + 1)
    assert bench.terminated == [(ErrorCode.H3_INTERNAL_ERROR, "")]
    assert len(logged(caplog)) == 1


# Facts


async def test_the_peers_address_follows_the_engine() -> None:
    bench = Bench().open()
    bench.connection.peer_address = ("::ffff:192.0.2.9", 7, 0, 0)
    assert bench.transport.peer_address == ("192.0.2.9", 7)
    assert bench.transport.local_address == ("127.0.0.1", 4433)
    assert repr(bench.transport) == "<EngineTransport 192.0.2.9:7 OPEN>"
