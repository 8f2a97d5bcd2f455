"""From the events of a connection to the story of one response.

This file knows what the events of qlog mean for one stream: which bytes the application has
handed over, which were in a packet, which the client has, and up to where it lets us go. It
refuses to know files (`records.py`).

Its one rule: what the file does not say is not told. A log of another server has neither writes
nor waits, and makes a story without them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from h3producer.trace.ranges import ByteRanges
from h3producer.trace.records import TraceError
from h3producer.trace.story import Arrival, Frame, Packet, Span, Story, since

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from h3producer.trace.records import Event, Recording

__all__ = ["tell"]


def tell(recording: Recording, stream_id: int | None = None) -> Story:
    """The story of one response, by default the one with the most bytes.

    Raises TraceError if there is none.
    """
    try:
        if stream_id is None:
            stream_id = _largest(recording.events)
        teller = _Teller(stream_id)
        for event in recording.events:
            teller.hear(event)
    except (LookupError, TypeError) as error:
        raise TraceError("An event in the log lacks what the drafts of qlog ask for.") from error
    return teller.finish()


def _largest(events: Sequence[Event]) -> int:
    sizes: dict[int, int] = defaultdict(int)
    for event in events:
        if event.name == "packet_sent":
            for frame in _frames(event):
                if frame.get("frame_type") == "stream" and not frame["stream_id"] & 3:
                    sizes[frame["stream_id"]] += frame["length"]
    if not sizes:
        raise TraceError("No response was sent on this connection.")
    return max(sizes, key=lambda stream_id: (sizes[stream_id], -stream_id))


# `Any`: what stands in a log is whatever JSON can say, and each use looks for what it needs.
def _frames(event: Event) -> Iterator[dict[str, Any]]:
    frames = event.data.get("frames", ())
    if isinstance(frames, list):
        yield from (each for each in frames if isinstance(each, dict))


class _Teller:
    """Hears the events of a connection in order."""

    def __init__(self, stream_id: int) -> None:
        self._story = Story(stream_id)
        self._begin: float | None = None
        self._last = 0.0
        self._seen = ByteRanges()
        self._acked = ByteRanges()
        self._pending: dict[int, list[tuple[int, int]]] = {}
        self._accepted = 0
        self._open: dict[str, tuple[float, int]] = {}
        self._initial_limit = 0

    def hear(self, event: Event) -> None:
        handler = _HANDLERS.get(event.name)
        if handler is not None:
            handler(self, event)

    def finish(self) -> Story:
        story = self._story
        if not story.packets:
            raise TraceError(f"No response was sent on stream {story.stream_id}.")
        for kind in list(self._open):
            self._close(kind, self._last)  # what had not ended when the log did
        begin = story.packets[0].time if self._begin is None else self._begin
        story.limit.insert(0, (begin, self._initial_limit))
        return since(story, begin, self._last)

    def parameters_set(self, event: Event) -> None:
        if "remote" in (event.data.get("owner"), event.data.get("initiator")):
            # RFC 9000 §18.2: "local" to the client, whose streams requests come on.
            limit = event.data.get("initial_max_stream_data_bidi_local")
            if isinstance(limit, int):
                self._initial_limit = limit

    def frame_parsed(self, event: Event) -> None:
        if event.data.get("stream_id") == self._story.stream_id:
            self._begin = event.time if self._begin is None else self._begin
            self._last = max(self._last, event.time)
            story = self._story
            story.method = story.method or _field(event, ":method")
            story.path = story.path or _field(event, ":path")

    def frame_created(self, event: Event) -> None:
        if event.data.get("stream_id") != self._story.stream_id:
            return
        kind, size = _http_frame(event)
        self._story.status = self._story.status or _field(event, ":status")
        self._story.frames.append(Frame(event.time, kind, size))
        self._accepted += size + _header_size(size)
        self._story.accepted.append((event.time, self._accepted))

    def packet_sent(self, event: Event) -> None:
        ranges = []
        for frame in _frames(event):
            if frame.get("stream_id") != self._story.stream_id:
                continue
            if frame.get("frame_type") == "stream":
                ranges.append((frame["offset"], frame["offset"] + frame["length"]))
                self._story.ended = "FIN" if frame.get("fin") else self._story.ended
            elif frame.get("frame_type") == "reset_stream":
                self._story.ended = "reset"
        number = _number(event)
        if ranges:
            new = sum([self._seen.add(*each) for each in ranges])
            size = sum(end - start for start, end in ranges)
            self._story.packets.append(Packet(event.time, size, not new and size > 0))
            self._story.sent.append((event.time, self._seen.total))
            self._last = max(self._last, event.time)
            if number is not None:
                self._pending[number] = ranges

    def packet_received(self, event: Event) -> None:
        before, raises = self._acked.total, False
        for frame in _frames(event):
            kind = frame.get("frame_type")
            if kind == "ack" and _number(event) is not None:
                self._acknowledge(frame.get("acked_ranges", ()))
            elif kind == "max_stream_data" and frame["stream_id"] == self._story.stream_id:
                self._story.limit.append((event.time, frame["maximum"]))
                raises = True
        acknowledges = self._acked.total > before
        if acknowledges:
            self._story.acknowledged.append((event.time, self._acked.total))
        if acknowledges or raises:
            self._story.arrivals.append(Arrival(event.time, acknowledges, raises))
            self._last = max(self._last, event.time)

    def _acknowledge(self, ranges: Sequence[Sequence[int]]) -> None:
        largest = max((each[-1] for each in ranges), default=-1)
        found = []
        for number in self._pending:  # in the order in which they were sent
            if number > largest:
                break
            if any(each[0] <= number <= each[-1] for each in ranges):
                found.append(number)
        for number in found:
            for each in self._pending.pop(number):
                self._acked.add(*each)

    def began(self, event: Event) -> None:
        if event.data.get("stream_id") in (None, self._story.stream_id):
            size = event.data.get("length", event.data.get("unsent", 0))
            assert isinstance(size, int)
            self._open[event.name] = (event.time, size)
            if event.name == "write_began":
                before = self._story.written[-1][1] if self._story.written else 0
                self._story.written.append((event.time, before + size))

    def ended(self, event: Event) -> None:
        if event.data.get("stream_id") in (None, self._story.stream_id):
            self._close(_BEGINS[event.name], event.time)
            self._last = max(self._last, event.time)

    def _close(self, kind: str, time: float) -> None:
        if (opened := self._open.pop(kind, None)) is not None:
            begin, size = opened
            if kind == "write_began" and not size and time == begin:
                return  # the end alone, for which nobody waited
            getattr(self._story, _SPANS[kind]).append(Span(begin, time, size))


_SPANS = {"write_began": "writes", "drain_began": "drains", "client_stopped": "stalls"}
_BEGINS = {
    "write_ended": "write_began",
    "drain_ended": "drain_began",
    "client_went_on": "client_stopped",
}
_HANDLERS = {
    "parameters_set": _Teller.parameters_set,
    "frame_parsed": _Teller.frame_parsed,
    "frame_created": _Teller.frame_created,
    "packet_sent": _Teller.packet_sent,
    "packet_received": _Teller.packet_received,
    **dict.fromkeys(_SPANS, _Teller.began),
    **dict.fromkeys(_BEGINS, _Teller.ended),
}


def _number(event: Event) -> int | None:
    """The number of a packet that carries application data."""
    header = event.data.get("header")
    if not isinstance(header, dict) or header.get("packet_type") not in ("1RTT", "1-RTT"):
        return None
    number = header.get("packet_number")
    return number if isinstance(number, int) else None


def _http_frame(event: Event) -> tuple[str, int]:
    frame = event.data.get("frame")
    kind = str(frame.get("frame_type", "")) if isinstance(frame, dict) else ""
    length = event.data.get("length", 0)
    return kind, length if isinstance(length, int) else 0


def _header_size(length: int) -> int:
    """Bytes of the header of a frame whose type takes one (RFC 9114 §7.1, RFC 9000 §16)."""
    return 1 + (1 if length < 0x40 else 2 if length < 0x4000 else 4 if length < 1 << 30 else 8)


def _field(event: Event, name: str) -> str:
    frame = event.data.get("frame")
    headers = frame.get("headers", ()) if isinstance(frame, dict) else ()
    found = [each["value"] for each in headers if each.get("name") == name]
    return str(found[0]) if found else ""
