"""What holds on every connection, whatever the client did: rows 447 to 458.

This file knows the rules that a server keeps without being asked. It refuses to know cases: it is
shown each connection of a run when it is over. Its one rule: a rule is a function from a
connection to the sentences that say how it was broken there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tests.conformance.inbox import pull_varint
from tests.conformance.octets import Kind, StreamKind
from tests.conformance.peer import Peer, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conformance.streams import Incoming, Stream

__all__ = ["INVARIANTS", "Invariant", "Ledger"]

_CONNECTION_SPECIFIC = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
}
_HTTP2_FRAMES = {
    Kind.HTTP2_PRIORITY,
    Kind.HTTP2_PING,
    Kind.HTTP2_WINDOW_UPDATE,
    Kind.HTTP2_CONTINUATION,
}
_NOT_ON_REQUESTS = _HTTP2_FRAMES | {
    Kind.CANCEL_PUSH,
    Kind.SETTINGS,
    Kind.GOAWAY,
    Kind.MAX_PUSH_ID,
    Kind.PRIORITY_UPDATE,
    Kind.PRIORITY_UPDATE_PUSH,
}
_NOT_ON_CONTROL = _HTTP2_FRAMES | {
    Kind.DATA,
    Kind.HEADERS,
    Kind.PUSH_PROMISE,
    Kind.MAX_PUSH_ID,
    Kind.PRIORITY_UPDATE,
    Kind.PRIORITY_UPDATE_PUSH,
}
_CRITICAL = {StreamKind.CONTROL, StreamKind.QPACK_ENCODER, StreamKind.QPACK_DECODER}
_RESERVED_SETTINGS = {0x00, 0x02, 0x03, 0x04, 0x05}

_is_name = re.compile(rb":?[!#$%&'*+\-.^_`|~0-9a-z]+").fullmatch
_has_forbidden = re.compile(rb"[\x00\r\n]").search
_is_final_status = re.compile(rb"[2-9][0-9]{2}").fullmatch
_is_interim_status = re.compile(rb"1(?!01)[0-9]{2}").fullmatch


@dataclass(frozen=True)
class Invariant:
    """One rule for every connection."""

    id: str
    section: str
    words: str
    find_faults: Callable[[Peer], Iterator[str]]


class Ledger:
    """The connections of a run, and what was wrong with them."""

    def __init__(self) -> None:
        self.connections = 0
        self.faults: dict[str, list[str]] = {each.id: [] for each in INVARIANTS}
        """By the id of the invariant: the case, and a sentence."""

    def examine(self, case_id: str, peer: Peer) -> None:
        """A connection that is over, and the case that it served."""
        self.connections += 1
        for each in INVARIANTS:
            self.faults[each.id] += [f"case {case_id}: {said}" for said in each.find_faults(peer)]


def _no_connection_specific(peer: Peer) -> Iterator[str]:
    for stream in peer.streams.values():
        for section in stream.sections:
            yield from (
                f"{name.decode()} in a response"
                for name, _ in section
                if name.lower() in _CONNECTION_SPECIFIC
            )


def _one_status(peer: Peer) -> Iterator[str]:
    for stream in peer.streams.values():
        has_head = False
        for section in stream.sections:
            pseudo = [(at, *field) for at, field in enumerate(section) if field[0][:1] == b":"]
            if has_head:
                yield from (f"{name!r} in trailers" for _, name, _ in pseudo)
                continue
            if len(pseudo) != 1 or pseudo[0][:2] != (0, b":status"):
                yield f"a response with the pseudo-headers {pseudo}"
                continue
            status = pseudo[0][2]
            if not _is_final_status(status) and not _is_interim_status(status):
                yield f"status {status!r}"
            has_head = not status.startswith(b"1")


def _legal_order(peer: Peer) -> Iterator[str]:
    for stream in peer.streams.values():
        yield from _order_of(stream)


def _order_of(stream: Stream) -> Iterator[str]:
    finals = [each for each in stream.sections if not _is_interim(each)]
    if len(finals) > 2 or any(not each[:1] for each in stream.sections[:1]):
        yield f"{len(finals)} field sections after the interim ones on stream {stream.stream_id}"
    seen, has_final, sections = "", False, iter(stream.sections)
    for kind, _ in stream.frames:
        if kind == Kind.DATA:
            if not has_final or seen == "trailers":
                yield f"DATA out of order on stream {stream.stream_id}"
        elif kind == Kind.HEADERS:
            section = next(sections, None)
            if section is None:
                break  # it could not be decoded yet
            if seen == "trailers":
                yield f"HEADERS after the trailers on stream {stream.stream_id}"
            elif has_final:
                seen = "trailers"
            else:
                has_final = not _is_interim(section)
    if stream.ended and not has_final:
        yield f"FIN without a final response on stream {stream.stream_id}"


def _is_interim(section: list[tuple[bytes, bytes]]) -> bool:
    return bool(section) and section[0][0] == b":status" and section[0][1].startswith(b"1")


def _legal_frames(peer: Peer) -> Iterator[str]:
    for stream in peer.streams.values():
        for kind, _ in stream.frames:
            if kind in _NOT_ON_REQUESTS:
                yield f"a frame of type {kind:#x} on request stream {stream.stream_id}"
        if stream.ended and stream.cutter.left:
            yield f"FIN inside a frame on stream {stream.stream_id}"
    for incoming in _incoming(peer, StreamKind.CONTROL):
        for kind, _ in incoming.frames:
            if kind in _NOT_ON_CONTROL:
                yield f"a frame of type {kind:#x} on the control stream"


def _critical_streams_last(peer: Peer) -> Iterator[str]:
    for incoming in peer.incoming.values():
        has_ended = incoming.ended or incoming.reset_code is not None
        if incoming.kind in _CRITICAL and has_ended and not incoming.was_stopped:
            yield f"the server's stream of type {incoming.kind} was closed"
    for name in ("control", "encoder", "decoder"):
        stream = getattr(peer, name, None)
        if stream is not None and stream.stop_code is not None:
            yield f"STOP_SENDING on the client's {name} stream"


def _no_surplus_streams(peer: Peer) -> Iterator[str]:
    for stream_id in peer.incoming:
        if stream_id % 4 == 1:
            yield f"the server opened the bidirectional stream {stream_id}"
    for kind in _CRITICAL:
        if len(_incoming(peer, kind)) > 1:
            yield f"two streams of type {kind}"


def _no_push(peer: Peer) -> Iterator[str]:
    if peer.pushes_allowed:
        return
    if _incoming(peer, StreamKind.PUSH):
        yield "a push stream"
    for stream in peer.streams.values():
        if any(kind == Kind.PUSH_PROMISE for kind, _ in stream.frames):
            yield f"PUSH_PROMISE on stream {stream.stream_id}"


def _clean_fields(peer: Peer) -> Iterator[str]:
    for stream in peer.streams.values():
        for section in stream.sections:
            for name, value in section:
                if not _is_name(name):
                    yield f"the field name {name!r}"
                if _has_forbidden(value):
                    yield f"the value {value!r} of {name!r}"


def _all_decodes(peer: Peer) -> Iterator[str]:
    yield from peer.sections.faults


def _settings_and_goaway(peer: Peer) -> Iterator[str]:
    for incoming in _incoming(peer, StreamKind.CONTROL):
        yield from _control_stream_faults(incoming)
    goaways = peer.goaways
    yield from (f"GOAWAY with id {each}" for each in goaways if each % 4)
    yield from (f"GOAWAY {first}, then {then}" for first, then in pairwise(goaways) if then > first)


def _control_stream_faults(control: Incoming) -> Iterator[str]:
    if not control.frames:
        return
    kinds = [kind for kind, _ in control.frames]
    if kinds[0] != Kind.SETTINGS or kinds.count(Kind.SETTINGS) > 1:
        yield f"the control stream has frames of the types {kinds}"
        return
    payload = control.frames[0][1]
    identifiers = [identifier for identifier, _ in pairs(payload)]
    yield from (f"setting {each:#x}" for each in identifiers if each in _RESERVED_SETTINGS)
    if len(set(identifiers)) < len(identifiers):
        yield f"a setting twice: {identifiers}"
    for kind, payload in control.frames:
        if kind == Kind.GOAWAY and (pull_varint(payload, 0) or (0, -1))[1] != len(payload):
            yield f"GOAWAY with the payload {payload.hex()}"


def _no_length_without_content(peer: Peer) -> Iterator[str]:
    for stream in peer.streams.values():
        for section in stream.sections:
            status = dict(section).get(b":status", b"")
            if (status == b"204" or status[:1] == b"1") and b"content-length" in dict(section):
                yield f"content-length in a response with status {status.decode()}"


def _transport_rules(peer: Peer) -> Iterator[str]:
    yield from peer.faults


def _incoming(peer: Peer, kind: int) -> list[Incoming]:
    return [each for each in peer.incoming.values() if each.kind == kind]


INVARIANTS: Final = (
    Invariant(
        "447",
        "RFC 9114 §4.2",
        "no connection-specific field in any response",
        _no_connection_specific,
    ),
    Invariant(
        "448",
        "RFC 9114 §4.3.2",
        "every response has one :status first, three digits, never 101",
        _one_status,
    ),
    Invariant("449", "RFC 9114 §4.1", "frames of every response in a legal order", _legal_order),
    Invariant(
        "450",
        "RFC 9114 §7",
        "only legal and complete frames on request and control streams",
        _legal_frames,
    ),
    Invariant(
        "451",
        "RFC 9114 §6.2.1",
        "the server never closes, resets or stops a critical stream",
        _critical_streams_last,
    ),
    Invariant(
        "452",
        "RFC 9114 §6.1",
        "no server bidirectional streams, no duplicate critical streams",
        _no_surplus_streams,
    ),
    Invariant("453", "RFC 9114 §4.6", "no push unless MAX_PUSH_ID was sent", _no_push),
    Invariant(
        "454",
        "RFC 9114 §10.3",
        "field names lower-case tokens, no NUL, CR or LF in values",
        _clean_fields,
    ),
    Invariant(
        "455",
        "RFC 9204 §2",
        "every field section and encoder instruction decodes",
        _all_decodes,
    ),
    Invariant(
        "456",
        "RFC 9114 §7.2.4",
        "SETTINGS once, first, without reserved or duplicate ids; GOAWAY ids legal",
        _settings_and_goaway,
    ),
    Invariant(
        "457",
        "RFC 9110 §8.6",
        "no content-length in responses with status 1xx or 204",
        _no_length_without_content,
    ),
    Invariant("458", "RFC 9000", "no transport rule broken that aioquic checks", _transport_rules),
)
