"""Each invariant finds the fault that it is about, in what a server might have sent."""

from __future__ import annotations

import pytest

from tests.conformance.invariants import INVARIANTS, Ledger
from tests.conformance.octets import (
    Fields,
    Kind,
    StreamKind,
    data,
    frame,
    headers,
    settings,
    varint,
)
from tests.conformance.peer import Opening, Peer
from tests.conformance.streams import Incoming, Stream
from tests.conformance.target import Target

OK: Fields = [(b":status", b"200")]
GOOD = headers(OK) + data(b"hello")


@pytest.fixture
async def peer() -> Peer:
    """A client that is not connected: what it has received is written by the test."""
    return Peer(Target("127.0.0.1", 1), Opening())


def answered(peer: Peer, octets: bytes, *, ended: bool = True) -> None:
    """The server has sent this on a request stream."""
    stream = peer.streams[4 * len(peer.streams)] = Stream(peer, 4 * len(peer.streams))
    stream.feed(octets)
    stream.ended = ended


def control(peer: Peer, octets: bytes, stream_id: int = 3) -> Incoming:
    """The server has sent this on its control stream."""
    incoming = peer.incoming[stream_id] = Incoming(stream_id)
    incoming.kind = StreamKind.CONTROL
    incoming.frames += incoming.cutter.feed(octets)
    return incoming


def broken(peer: Peer) -> list[str]:
    """The ids of the invariants that do not hold."""
    ledger = Ledger()
    ledger.examine("1", peer)
    return [id for id, faults in ledger.faults.items() if faults]


async def test_a_server_beyond_reproach_breaks_none(peer: Peer) -> None:
    control(peer, settings({0x06: 4096}) + frame(Kind.GOAWAY, varint(8)))
    answered(peer, headers([(b":status", b"103")]) + GOOD + headers([(b"x-sum", b"5")]))
    answered(peer, headers(OK), ended=False)
    assert broken(peer) == []


@pytest.mark.parametrize(
    ("octets", "ids"),
    [
        (headers([*OK, (b"connection", b"close")]), ["447"]),
        (headers([(b"x", b"y"), *OK]), ["448"]),
        (headers([(b":status", b"20")]), ["448"]),
        (headers([(b":status", b"101")]) + GOOD, ["448"]),
        (GOOD + headers([(b":status", b"200")]), ["448"]),
        (data(b"x") + headers(OK), ["449"]),
        (GOOD + headers([(b"x", b"y")]) + data(b"x"), ["449"]),
        (headers([(b":status", b"103")]), ["449"]),
        (b"", ["449"]),
        (GOOD + frame(Kind.GOAWAY, varint(0)), ["450"]),
        (GOOD + frame(Kind.DATA, b"x", length=2), ["450"]),
        (GOOD + frame(Kind.PUSH_PROMISE, varint(0)), ["453"]),
        (headers([*OK, (b"X-Upper", b"a")]), ["454"]),
        (headers([*OK, (b"x-bad", b"a\r\nb")]), ["454"]),
        (GOOD + frame(Kind.HEADERS, b"\0\0\xff\xff"), ["455"]),
        (headers([(b":status", b"204"), (b"content-length", b"0")]), ["457"]),
    ],
)
async def test_what_a_response_must_not_be(peer: Peer, octets: bytes, ids: list[str]) -> None:
    answered(peer, octets)
    assert broken(peer) == ids


@pytest.mark.parametrize(
    ("octets", "ids"),
    [
        (settings() + frame(Kind.MAX_PUSH_ID, varint(0)), ["450"]),
        (frame(Kind.GOAWAY, varint(0)), ["456"]),
        (settings() + settings(), ["456"]),
        (settings({0x02: 0}), ["456"]),
        (settings() + frame(Kind.GOAWAY, varint(2)), ["456"]),
        (settings() + frame(Kind.GOAWAY, varint(0)) + frame(Kind.GOAWAY, varint(4)), ["456"]),
    ],
)
async def test_what_a_control_stream_must_not_say(
    peer: Peer, octets: bytes, ids: list[str]
) -> None:
    control(peer, octets)
    assert broken(peer) == ids


async def test_a_critical_stream_must_not_end(peer: Peer) -> None:
    control(peer, settings()).ended = True
    assert broken(peer) == ["451"]


async def test_a_stream_that_was_stopped_has_to_be_reset(peer: Peer) -> None:
    stopped = control(peer, settings())
    stopped.was_stopped, stopped.reset_code = True, 0
    assert broken(peer) == []


async def test_there_is_one_control_stream(peer: Peer) -> None:
    control(peer, settings())
    control(peer, settings(), stream_id=15)
    assert broken(peer) == ["452"]


async def test_a_server_opens_no_bidirectional_stream(peer: Peer) -> None:
    peer.incoming[1] = Incoming(1)
    assert broken(peer) == ["452"]


async def test_what_aioquic_refused_is_a_fault_of_the_server(peer: Peer) -> None:
    peer.faults.append("transport close FLOW_CONTROL_ERROR")
    assert broken(peer) == ["458"]


def test_every_invariant_is_numbered_once() -> None:
    assert [each.id for each in INVARIANTS] == [str(row) for row in range(447, 459)]
