"""The connections of a server and their streams as they are now, in the form of JSON.

This file knows the answer of `/connections`, field by field, and where each comes from. It refuses
to know who asks and how that is shown: `h3producer top` reads it, and so may anybody.

Its one rule: it is read from what is there. Nothing is counted for it, so a rate is the difference
of two answers: `sent` and `received` only ever grow.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, TypedDict

from h3producer.http3.connection import Http3Connection
from h3producer.http3.log_words import show_address, show_target
from h3producer.http3.qlog.tap import untapped
from h3producer.quic.transport import EngineTransport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from h3producer.http3.stream import Http3Stream
    from h3producer.quic.facts import StreamFacts as Progress

__all__ = [
    "MAX_CONNECTIONS",
    "MAX_STREAMS",
    "ConnectionFacts",
    "ConnectionsAnswer",
    "StreamFacts",
    "connection_facts",
    "connections_answer",
    "merged_answer",
]

MAX_CONNECTIONS: Final = 256
"""Connections in an answer; of more, those with most unsent bytes, then the busiest. With as many
streams as it may have, it is 5 MB and a twentieth of a second of the event loop."""

MAX_STREAMS: Final = 64
"""Streams of a connection in an answer, half of what a client may have open by default."""


class StreamFacts(TypedDict):
    """One request stream, or any other with bytes that the client does not have yet."""

    id: int
    method: str | None
    """None if it is no request, or its head has not come."""
    target: str | None
    """Printable ASCII, whatever was asked for."""
    upgrade: str | None
    """`websocket`, `webtransport` and so on, of an extended CONNECT."""
    status: int | None
    """None until the response has begun."""
    seconds: float | None
    """Since it began; None if nobody noted when."""
    received: int
    """Bytes of the request's content."""
    written: int
    """Bytes of the response's content that the application has handed over."""
    sent: int
    """Bytes of the stream that were put into a packet, frame headers included."""
    unsent: int
    """Bytes that were not: they wait for the client's windows, or the path."""
    unacked: int
    """Bytes that were sent, and that the client has not acknowledged."""
    paused: bool
    """Whether `send` waits for room."""
    running: bool
    """Whether its handler has not left."""


class ConnectionFacts(TypedDict):
    """One connection that has not ended. Times are seconds, sizes bytes."""

    id: str
    """The id that the client made up for its first packet, in hex: qlog files are named by it."""
    worker: int | None
    """The slot of the process that serves it; None if there is one process."""
    peer: str
    local: str
    protocol: str
    """By its ALPN name; empty until TLS has agreed on one."""
    phase: str
    """`handshake`, `open` or `closing`."""
    early: bool
    """Whether all that has come is early data."""
    resumed: bool
    seconds: float
    """Since its first packet."""
    rtt: float | None
    """Smoothed; this and the next three are None before the first sample."""
    latest_rtt: float | None
    min_rtt: float | None
    rtt_variance: float | None
    congestion_window: int
    bytes_in_flight: int
    packets_sent: int
    packets_lost: int
    sent: int
    """Bytes of all streams that were put into packets, each once."""
    received: int
    """Bytes of all streams, up to the furthest of each."""
    unsent: int
    """Of all its streams together; so are the next two."""
    unacked: int
    paused: int
    """Writers that wait for room."""
    requests: int
    """Under way."""
    streams: list[StreamFacts]
    streams_left_out: int


class ConnectionsAnswer(TypedDict):
    """What `/connections` answers; with workers, those of all of them."""

    time: float
    """When it was taken: seconds since 1970, on the clock of the server."""
    connections: list[ConnectionFacts]
    left_out: int
    """Connections beyond `MAX_CONNECTIONS`."""


def connections_answer(
    connections: Iterable[object], *, worker: int | None, now: float, wall_time: float
) -> ConnectionsAnswer:
    """The answer of one process; `now` is the time on the clock of its connections."""
    facts = [
        connection_facts(each, worker=worker, now=now)
        for each in connections
        if isinstance(each, EngineTransport)
    ]
    return _bounded(facts, wall_time)


def merged_answer(answers: Iterable[ConnectionsAnswer]) -> ConnectionsAnswer:
    """The answers of several workers as one."""
    answers = list(answers)
    facts = [each for answer in answers for each in answer["connections"]]
    whole = _bounded(facts, max((each["time"] for each in answers), default=0.0))
    whole["left_out"] += sum(each["left_out"] for each in answers)
    return whole


def _bounded(facts: list[ConnectionFacts], wall_time: float) -> ConnectionsAnswer:
    """Of too many, those that an operator looks for first."""
    left_out = max(0, len(facts) - MAX_CONNECTIONS)
    if left_out:
        facts = sorted(facts, key=_attention, reverse=True)[:MAX_CONNECTIONS]
    return {"time": wall_time, "connections": facts, "left_out": left_out}


def _attention(facts: ConnectionFacts) -> tuple[int, int]:
    return facts["unsent"], facts["requests"]


def connection_facts(
    connection: EngineTransport, *, worker: int | None, now: float
) -> ConnectionFacts:
    """One connection; O(its streams)."""
    core = untapped(connection.core)
    exchanges: Mapping[int, Http3Stream] = core.streams if isinstance(core, Http3Connection) else {}
    path = connection.path_facts
    progress = connection.stream_facts()
    shown = [each for each in progress if each.stream_id in exchanges or _holds(each)]
    tls = connection.tls
    return {
        "id": connection.name,
        "worker": worker,
        "peer": show_address(connection.peer_address),
        "local": show_address(connection.local_address),
        "protocol": "" if tls is None else tls.protocol,
        "phase": connection.phase.name.lower(),
        "early": connection.is_early and core is not None,
        "resumed": connection.is_resumed,
        "seconds": now - connection.began,
        "rtt": path and path.smoothed_rtt,
        "latest_rtt": path and path.latest_rtt,
        "min_rtt": path and path.min_rtt,
        "rtt_variance": path and path.rtt_variance,
        "congestion_window": path.congestion_window if path else 0,
        "bytes_in_flight": path.bytes_in_flight if path else 0,
        "packets_sent": path.packets_sent if path else 0,
        "packets_lost": path.packets_lost if path else 0,
        "sent": path.sent if path else 0,
        "received": path.received if path else 0,
        "unsent": sum(each.unsent for each in progress),
        "unacked": sum(each.unacked for each in progress),
        "paused": sum(connection.is_drained(each.stream_id) for each in progress),
        "requests": len(exchanges),
        "streams": [
            _stream_facts(connection, each, exchanges.get(each.stream_id), now)
            for each in islice(shown, MAX_STREAMS)
        ],
        "streams_left_out": max(0, len(shown) - MAX_STREAMS),
    }


def _holds(progress: Progress) -> bool:
    return progress.unsent > 0 or progress.unacked > 0


def _stream_facts(
    connection: EngineTransport, progress: Progress, exchange: Http3Stream | None, now: float
) -> StreamFacts:
    head = None if exchange is None else exchange.head
    return {
        "id": progress.stream_id,
        "method": None if head is None else head.method,
        "target": None if head is None else show_target(head.path),
        "upgrade": None if head is None else head.protocol,
        "status": None if exchange is None else exchange.status,
        "seconds": None,
        "received": exchange.request_bytes if exchange else 0,
        "written": exchange.response_bytes if exchange else 0,
        "sent": progress.sent,
        "unsent": progress.unsent,
        "unacked": progress.unacked,
        "paused": connection.is_drained(progress.stream_id),
        "running": exchange is not None,
    }
