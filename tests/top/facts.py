"""Answers of an admin listener, as a server gave them; a test changes what it is about.

This file knows an answer's fields. It refuses to know how they are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from h3producer.observe.connections import ConnectionFacts, ConnectionsAnswer, StreamFacts

__all__ = ["answer", "connection", "stream"]


def stream(number: int = 0, **changes: Any) -> StreamFacts:
    """A download that goes well."""
    facts: StreamFacts = {
        "id": number,
        "method": "GET",
        "target": "/big",
        "upgrade": None,
        "status": 200,
        "seconds": None,
        "received": 0,
        "written": 200_000,
        "sent": 150_000,
        "unsent": 50_000,
        "unacked": 20_000,
        "paused": False,
        "running": True,
    }
    facts.update(changes)  # type: ignore[typeddict-item]  # fields of it, by their names
    return facts


def connection(name: str = "c0ffee", *streams: StreamFacts, **changes: Any) -> ConnectionFacts:
    """A connection of 20 ms that has been there for a while."""
    facts: ConnectionFacts = {
        "id": name,
        "worker": None,
        "peer": "192.0.2.1:50000",
        "local": "192.0.2.9:443",
        "protocol": "h3",
        "phase": "open",
        "early": False,
        "resumed": False,
        "seconds": 75.0,
        "rtt": 0.0204,
        "latest_rtt": 0.021,
        "min_rtt": 0.02,
        "rtt_variance": 0.001,
        "congestion_window": 120_000,
        "bytes_in_flight": 20_000,
        "packets_sent": 300,
        "packets_lost": 0,
        "sent": 400_000,
        "received": 1_000,
        "unsent": sum(each["unsent"] for each in streams),
        "unacked": sum(each["unacked"] for each in streams),
        "paused": sum(each["paused"] for each in streams),
        "requests": len(streams),
        "streams": list(streams),
        "streams_left_out": 0,
    }
    facts.update(changes)  # type: ignore[typeddict-item]  # fields of it, by their names
    return facts


def answer(
    *connections: ConnectionFacts, time: float = 1e9, left_out: int = 0
) -> ConnectionsAnswer:
    return {"time": time, "connections": list(connections), "left_out": left_out}
