"""What an application hears of a session of WebTransport.

This file knows the kinds of events. It refuses to know when they happen (`session.py`). Its one
rule: an event holds what it tells, so that nothing has to be asked for afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "DatagramReceived",
    "Event",
    "SessionClosed",
    "SessionDraining",
    "StreamData",
    "StreamOpened",
    "StreamReset",
    "StreamStopped",
]


@dataclass(frozen=True, slots=True)
class StreamData:
    """Bytes of a stream, in order; empty only with its end."""

    stream_id: int
    data: bytes
    end_stream: bool
    """The client sends no more on it."""


@dataclass(frozen=True, slots=True)
class StreamReset:
    """The client abandoned what it was sending; what was not received is lost."""

    stream_id: int
    code: int | None
    """The client application's, of 32 bits; None if it was not the application that did it."""


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The client wants no more of what we send on a stream; what is sent from now on is dropped."""

    stream_id: int
    code: int | None
    """As in `StreamReset`."""


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A stream of ours was opened; for who asks for it in one place and hears of it in another."""

    stream_id: int
    tag: object
    """What came with the question, by which the answer is known."""


@dataclass(frozen=True, slots=True)
class DatagramReceived:
    """A datagram."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SessionDraining:
    """The client, or the server, would like the session to end soon. Everything still works."""


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The session is over. The last event, and from then on the only one."""

    code: int | None
    """The application's that closed it; None if nobody closed it: it was cut."""
    reason: str


Event: TypeAlias = (
    StreamData
    | StreamReset
    | StreamStopped
    | StreamOpened
    | DatagramReceived
    | SessionDraining
    | SessionClosed
)
