"""qlog files, whoever wrote them: what is in common, and the events.

This file knows the two forms of a file, one JSON text or a sequence of them (RFC 7464), and how
each tells the time. It refuses to know what an event means (`story.py`).

Its one rule: a file that is cut off is read as far as it goes; one that is no qlog is said to be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Event", "Recording", "TraceError", "read_recording"]

JsonObject: TypeAlias = "dict[str, object]"


class TraceError(Exception):
    """There is nothing to draw; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on a connection."""

    time: float
    """Milliseconds since the first event."""
    name: str
    """Without its category, which changes from draft to draft: `packet_sent`."""
    data: JsonObject


@dataclass(frozen=True, slots=True)
class Recording:
    """The events of one connection, in order."""

    events: Sequence[Event]
    began: float = 0.0
    """When time was 0: milliseconds since 1970, if the file says so."""

    def with_events(self, events: Sequence[Event]) -> Recording:
        """The same, and what somebody else has noted."""
        both = sorted([*self.events, *events], key=lambda event: event.time)
        return Recording(both, self.began)


def read_recording(path: Path) -> Recording:
    """The connection in a file. Raises TraceError for a file that has none of a server."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TraceError(f"Cannot read '{path}': {error.strerror}.") from error
    except ValueError as error:
        raise TraceError(f"'{path}' is not a qlog file.") from error
    trace, records = _sequence(text) if text.startswith("\x1e") else _whole(text)
    if trace is None:
        raise TraceError(f"'{path}' is not a qlog file.")
    vantage = trace.get("vantage_point")
    if not isinstance(vantage, Mapping) or vantage.get("type") != "server":
        raise TraceError(f"'{path}' was not written by a server, whose responses are drawn.")
    common = trace.get("common_fields")
    common = common if isinstance(common, Mapping) else {}
    first, events = _events(records, common.get("time_format") in _DELTA)
    if not events:
        raise TraceError(f"'{path}' has no events.")
    reference = common.get("reference_time")
    began = first + reference if isinstance(reference, int | float) else first
    return Recording(events, began)


_DELTA = ("delta", "relative_to_previous_event")


def _sequence(text: str) -> tuple[JsonObject | None, list[object]]:
    records: list[object] = []
    for each in text.split("\x1e")[1:]:
        try:
            records.append(json.loads(each))
        except ValueError:
            break  # the server is still writing, or was stopped
    head = records[0] if records else None
    trace = head.get("trace") if isinstance(head, dict) else None
    return (trace if isinstance(trace, dict) else None), records[1:]


def _whole(text: str) -> tuple[JsonObject | None, list[object]]:
    try:
        file = json.loads(text)
        trace = file["traces"][0]
        events = trace["events"]
    except (ValueError, LookupError, TypeError):
        return None, []
    return (trace, events) if isinstance(trace, dict) and isinstance(events, list) else (None, [])


def _events(records: list[object], is_delta: bool) -> tuple[float, list[Event]]:
    """The time of the first one as it stands there, and all with theirs since then."""
    events: list[Event] = []
    start: float | None = None
    moment = 0.0
    for record in records:
        if not isinstance(record, dict):
            continue
        time, name, data = record.get("time"), record.get("name"), record.get("data")
        if not isinstance(time, int | float) or not isinstance(name, str):
            continue
        moment = moment + time if is_delta else float(time)
        start = moment if start is None else start
        events.append(
            Event(moment - start, name.rpartition(":")[2], data if isinstance(data, dict) else {})
        )
    return start or 0.0, sorted(events, key=lambda event: event.time)
