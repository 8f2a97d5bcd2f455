"""The peer's unidirectional streams: control, QPACK encoder, QPACK decoder (RFC 9114 §6.2).

This file knows which of them may exist once, what may come on each, and that none of them may
end. It refuses to know requests; what the peer said in SETTINGS and GOAWAY is kept in
`PeerControl` for whoever needs it.

Nothing here raises anything but `Http3ConnectionError`: there is no stream error on a stream
that the connection cannot live without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.http3.load import Load
from h3producer.wire.frames import (
    FrameReader,
    FrameType,
    StreamType,
    parse_id_payload,
    parse_priority_update,
)
from h3producer.wire.priority import parse_priority
from h3producer.wire.settings import Setting, parse_settings
from h3producer.wire.varint import pull_varint

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.field_encoder import FieldEncoder
    from h3producer.http3.load import ConnectionLoad
    from h3producer.wire.priority import Priority
    from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder

__all__ = ["Http3ControlStream", "PeerControl", "UnidirectionalStreams"]

_CONTROL_FRAMES: Final = frozenset(
    (FrameType.SETTINGS, FrameType.GOAWAY, FrameType.MAX_PUSH_ID, FrameType.CANCEL_PUSH)
)
_PRIORITY_FRAMES: Final = frozenset((FrameType.PRIORITY_UPDATE, FrameType.PRIORITY_UPDATE_PUSH))
# RFC 9114 §7.2.1, §7.2.2, §7.2.5 and §7.2.8: request frames and what was taken from HTTP/2.
_FORBIDDEN_FRAMES: Final = frozenset(
    (FrameType.DATA, FrameType.HEADERS, FrameType.PUSH_PROMISE, 0x02, 0x06, 0x08, 0x09)
)

_LOADS: Final[dict[int, Load]] = {
    **dict.fromkeys(_CONTROL_FRAMES, Load.CONTROL_FRAMES),
    **dict.fromkeys(_PRIORITY_FRAMES, Load.PRIORITY_UPDATES),
}


class PeerControl:
    """What the peer has told us on its control stream."""

    def __init__(
        self,
        encoder: FieldEncoder,
        is_possible: Callable[[int], bool],
        prioritize: Callable[[int, Priority], None],
    ) -> None:
        """`is_possible` tells whether a request stream's id is within the stream limit;
        `prioritize` is told a request's id, and how soon the client wants its response now."""
        self._encoder = encoder
        self._is_possible = is_possible
        self._prioritize = prioritize
        self.settings: dict[int, int] | None = None
        """The peer's SETTINGS, None until they come. Values keep all 62 bits."""
        self.goaway_id: int | None = None
        """The smallest push id the peer will not take; we push nothing (RFC 9114 §5.2)."""
        self.max_push_id: int | None = None

    def settings_received(self, payload: bytes) -> None:
        if self.settings is not None:
            # RFC 9114 §7.2.4: "If an endpoint receives a second SETTINGS frame on the control
            # stream, the endpoint MUST respond with a connection error of type
            # H3_FRAME_UNEXPECTED."
            raise Http3ConnectionError(ErrorCode.H3_FRAME_UNEXPECTED, "a second SETTINGS frame")
        self.settings = parse_settings(payload)
        self._encoder.peer_max_section_size = self.settings.get(Setting.MAX_FIELD_SECTION_SIZE)

    def goaway_received(self, payload: bytes) -> None:
        identifier = parse_id_payload(FrameType.GOAWAY, payload)
        if self.goaway_id is not None and identifier > self.goaway_id:
            # RFC 9114 §5.2: "Receiving a GOAWAY containing a larger identifier than previously
            # received MUST be treated as a connection error of type H3_ID_ERROR."
            raise Http3ConnectionError(ErrorCode.H3_ID_ERROR, "GOAWAY with a growing identifier")
        self.goaway_id = identifier

    def max_push_id_received(self, payload: bytes) -> None:
        identifier = parse_id_payload(FrameType.MAX_PUSH_ID, payload)
        if self.max_push_id is not None and identifier < self.max_push_id:
            # RFC 9114 §7.2.7: "receipt of a MAX_PUSH_ID frame that contains a smaller value than
            # previously received MUST be treated as a connection error of type H3_ID_ERROR."
            raise Http3ConnectionError(ErrorCode.H3_ID_ERROR, "MAX_PUSH_ID became smaller")
        self.max_push_id = identifier

    def cancel_push_received(self, payload: bytes) -> None:
        parse_id_payload(FrameType.CANCEL_PUSH, payload)
        # RFC 9114 §7.2.3: "If a server receives a CANCEL_PUSH frame for a push ID that has not
        # yet been mentioned by a PUSH_PROMISE frame, this MUST be treated as a connection error
        # of type H3_ID_ERROR." We never promise anything.
        raise Http3ConnectionError(ErrorCode.H3_ID_ERROR, "CANCEL_PUSH of an unknown push")

    def priority_update_received(self, payload: bytes) -> None:
        """A request's new priority; its request may be under way, over, or still to come."""
        stream_id, text = parse_priority_update(payload)
        # RFC 9218 §7.2: "If a server receives a PRIORITY_UPDATE (type=0xF0700) for a stream ID
        # that is not a request stream, this MUST be treated as a connection error of type
        # H3_ID_ERROR."
        if stream_id & 0x3:
            raise Http3ConnectionError(ErrorCode.H3_ID_ERROR, "PRIORITY_UPDATE of no request")
        # RFC 9218 §7.2: "If a server receives a PRIORITY_UPDATE (type=0xF0700) with a stream ID
        # that is beyond the stream limits, this SHOULD be treated as a connection error of type
        # H3_ID_ERROR."
        if not self._is_possible(stream_id):
            raise Http3ConnectionError(
                ErrorCode.H3_ID_ERROR, "PRIORITY_UPDATE beyond the stream limit"
            )
        # RFC 9218 §7: "Failure to parse the Priority Field Value MAY be treated as a connection
        # error." It is advice, so we do not.
        priority = parse_priority(text)
        if priority is not None:
            self._prioritize(stream_id, priority)

    def push_priority_update_received(self, payload: bytes) -> None:
        parse_priority_update(payload)
        # RFC 9218 §7.2: "If a server receives a PRIORITY_UPDATE (type=0xF0701) with a push ID that
        # is greater than the maximum push ID or which has not yet been promised, this MUST be
        # treated as a connection error of type H3_ID_ERROR." We never promise anything.
        raise Http3ConnectionError(ErrorCode.H3_ID_ERROR, "PRIORITY_UPDATE of an unknown push")


class Http3ControlStream:
    """The peer's control stream (RFC 9114 §6.2.1)."""

    def __init__(self, control: PeerControl, load: ConnectionLoad, max_payload: int) -> None:
        self._control = control
        self._load = load
        self._frames = FrameReader(_CONTROL_FRAMES | _PRIORITY_FRAMES, max_payload=max_payload)
        self._handlers: Final[dict[int, Callable[[bytes], None]]] = {
            FrameType.SETTINGS: control.settings_received,
            FrameType.GOAWAY: control.goaway_received,
            FrameType.MAX_PUSH_ID: control.max_push_id_received,
            FrameType.CANCEL_PUSH: control.cancel_push_received,
            FrameType.PRIORITY_UPDATE: control.priority_update_received,
            FrameType.PRIORITY_UPDATE_PUSH: control.push_priority_update_received,
        }

    def receive(self, data: bytes) -> None:
        """Take the next bytes of the stream, however they are cut."""
        for frame_type, payload in self._frames.feed(data):
            if self._control.settings is None and frame_type != FrameType.SETTINGS:
                # RFC 9114 §6.2.1: "If the first frame of the control stream is any other frame
                # type, this MUST be treated as a connection error of type H3_MISSING_SETTINGS."
                raise Http3ConnectionError(
                    ErrorCode.H3_MISSING_SETTINGS, f"frame {frame_type:#x} before SETTINGS"
                )
            if frame_type in _FORBIDDEN_FRAMES:
                raise Http3ConnectionError(
                    ErrorCode.H3_FRAME_UNEXPECTED, f"frame {frame_type:#x} on the control stream"
                )
            self._load.count(_LOADS.get(frame_type, Load.UNKNOWN_FRAMES))
            if payload is not None:
                self._handlers[frame_type](payload)


class UnidirectionalStreams:
    """All unidirectional streams of the peer: finds out their type and passes their bytes on."""

    def __init__(
        self,
        control: Http3ControlStream,
        decoder: FieldSectionDecoder,
        encoder: FieldSectionEncoder,
        load: ConnectionLoad,
        ignore: Callable[[int], None],
    ) -> None:
        """`ignore` is told the id of a stream whose type we do not know."""

        def counted(feed: Callable[[bytes], int]) -> Callable[[bytes], None]:
            return lambda data: load.count(Load.QPACK_INSTRUCTIONS, feed(data))

        self._receivers: Final[dict[int, Callable[[bytes], None]]] = {
            StreamType.CONTROL: control.receive,
            StreamType.QPACK_ENCODER: counted(decoder.feed_encoder_stream),
            StreamType.QPACK_DECODER: counted(encoder.feed_decoder_stream),
        }
        self._load = load
        self._ignore = ignore
        self._heads: dict[int, bytes] = {}
        self._heads_since: dict[int, float] = {}
        self._critical: dict[int, int] = {}

    def receive(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        """Bytes of a peer's unidirectional stream."""
        stream_type = self._critical.get(stream_id)
        if stream_type is None:
            head = self._heads.pop(stream_id, b"") + data
            pulled = pull_varint(head, 0)
            if pulled is None:
                if end_stream:
                    self._typeless_ended()
                else:
                    self._heads[stream_id] = head
                return
            stream_type, offset = pulled
            if stream_type not in self._receivers:
                self._reject(stream_id, stream_type)
                return
            self._open(stream_id, stream_type)
            data = head[offset:]
        if data:
            self._receivers[stream_type](data)
        if end_stream:
            self._closed(stream_type)

    def knows(self, stream_id: int) -> bool:
        """Whether something has come on this stream, and more may."""
        return stream_id in self._critical or stream_id in self._heads

    def reset(self, stream_id: int) -> None:
        """The peer reset one of its unidirectional streams."""
        stream_type = self._critical.get(stream_id)
        if stream_type is not None:
            self._closed(stream_type)
        self._heads.pop(stream_id, None)
        self._typeless_ended()

    def end_what_is_late(self, now: float, limit: float) -> None:
        """Give up streams that have not said their type for more than `limit` seconds.

        To be called once in a while; a stream's time begins with the first call that sees it.
        """
        since = self._heads_since
        self._heads_since = {each: since.get(each, now) for each in self._heads}
        for stream_id, then in self._heads_since.items():
            if now - then > limit:
                del self._heads[stream_id]
                self._ignore(stream_id)

    def _open(self, stream_id: int, stream_type: int) -> None:
        if stream_type in self._critical.values():
            # RFC 9114 §6.2.1: "Only one control stream per peer is permitted; receipt of a
            # second stream claiming to be a control stream MUST be treated as a connection error
            # of type H3_STREAM_CREATION_ERROR." RFC 9204 §4.2 says the same of its streams.
            raise Http3ConnectionError(
                ErrorCode.H3_STREAM_CREATION_ERROR,
                f"a second {StreamType(stream_type).name} stream",
            )
        self._critical[stream_id] = stream_type

    def _reject(self, stream_id: int, stream_type: int) -> None:
        if stream_type == StreamType.PUSH:
            # RFC 9114 §6.2.2: "Only servers can push; if a server receives a client-initiated
            # push stream, this MUST be treated as a connection error of type
            # H3_STREAM_CREATION_ERROR."
            raise Http3ConnectionError(
                ErrorCode.H3_STREAM_CREATION_ERROR, "a push stream from a client"
            )
        # RFC 9114 §6.2: "Recipients of unknown stream types MUST either abort reading of the
        # stream or discard incoming data without further processing."
        self._ignore(stream_id)
        self._load.count(Load.UNKNOWN_STREAMS)

    def _typeless_ended(self) -> None:
        # RFC 9114 §6.2: "A receiver MUST tolerate unidirectional streams being closed or reset
        # prior to the reception of the unidirectional stream header." A flood of them is a load.
        self._load.count(Load.UNKNOWN_STREAMS)

    def _closed(self, stream_type: int) -> None:
        # RFC 9114 §6.2.1: "If either control stream is closed at any point, this MUST be treated
        # as a connection error of type H3_CLOSED_CRITICAL_STREAM." RFC 9204 §4.2 likewise.
        raise Http3ConnectionError(
            ErrorCode.H3_CLOSED_CRITICAL_STREAM,
            f"the peer's {StreamType(stream_type).name} stream was closed",
        )
