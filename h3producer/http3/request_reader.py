"""The bytes of a request stream → request, content, trailers, end.

This file knows the order of frames that a request may have (`REQUEST` of `http3/state.py`) and
that content must be as long as it was announced. It refuses to know who answers: what it finds
it tells a `RequestSink`, and every fault is raised, for the stream or the connection to end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError
from h3producer.http3.load import Load
from h3producer.http3.state import RequestInput, RequestState, request_transition
from h3producer.wire.frames import (
    RESERVED_FRAME_TYPES,
    FrameReader,
    FrameTooLarge,
    FrameType,
    find_sole_frame,
)
from h3producer.wire.received import OversizedSection
from h3producer.wire.webtransport import BIDIRECTIONAL_SIGNAL

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.load import ConnectionLoad
    from h3producer.http3.request_sections import RequestSections
    from h3producer.wire.fields import Fields
    from h3producer.wire.request import Request

__all__ = ["RequestReader", "RequestSink"]

_WHOLE: Final = frozenset((FrameType.HEADERS,))
_STREAMED: Final = frozenset((FrameType.DATA,))
# RFC 9114 §7.2.3-7.2.8: control frames, pushes and HTTP/2's frames on a request stream. RFC 9218
# §7.2: "Receiving a PRIORITY_UPDATE frame on a stream other than the client control stream MUST be
# treated as a connection error of type H3_FRAME_UNEXPECTED."
_FORBIDDEN: Final = RESERVED_FRAME_TYPES | {
    FrameType.CANCEL_PUSH,
    FrameType.SETTINGS,
    FrameType.PUSH_PROMISE,
    FrameType.GOAWAY,
    FrameType.MAX_PUSH_ID,
    FrameType.PRIORITY_UPDATE,
    FrameType.PRIORITY_UPDATE_PUSH,
}

_AWAITING_HEADERS, _ENDED, _ABORTED = (
    RequestState.AWAITING_HEADERS,
    RequestState.ENDED,
    RequestState.ABORTED,
)
_HEADERS, _DATA, _FIN = RequestInput.HEADERS, RequestInput.DATA, RequestInput.FIN
_HEADERS_FRAME, _DATA_FRAME = FrameType.HEADERS, FrameType.DATA
"""Members of an enumeration are looked up in a roundabout way."""


class RequestSink(Protocol):
    """Who hears of a request, piece by piece, in this order."""

    def request_received(self, request: Request) -> None:
        """The head is there."""

    def content_received(self, piece: bytes) -> None:
        """Content bytes, at least one."""

    def request_ended(self, trailers: Fields | None) -> None:
        """The request is whole."""


class RequestReader:
    """The receiving half of one request stream.

    Keeps no reference to its sink, so that neither keeps the other alive.
    """

    __slots__ = (
        "_config",
        "_content_length",
        "_frames",
        "_load",
        "_sections",
        "_stream_id",
        "_trailers",
        "content_received",
        "state",
    )

    def __init__(
        self, stream_id: int, sections: RequestSections, load: ConnectionLoad, config: Config
    ) -> None:
        """`load` is where frames are counted that are worth nothing."""
        self._stream_id = stream_id
        self._sections = sections
        self._load = load
        self._config = config
        self._frames: FrameReader | None = None
        self._content_length: int | None = None
        self._trailers: Fields | None = None
        self.content_received = 0
        """Bytes of content that the sink has got."""
        self.state = _AWAITING_HEADERS

    @property
    def is_over(self) -> bool:
        """Nothing more is expected, or wanted, of the client's half."""
        return self.state >= _ENDED

    def abandon(self) -> None:
        """Whatever still comes is of no interest; a request that is whole stays whole."""
        self.state = request_transition(self.state, RequestInput.RESET)

    def receive(self, data: bytes, end_stream: bool, sink: RequestSink) -> None:
        """Take the next bytes of the stream.

        Raises Http3StreamError and Http3ConnectionError. `OversizedSection`, one of the former,
        tells of a field section that exceeds a bound; a head may still be answered then.
        """
        if self.state >= _ENDED:
            return
        frames = self._frames
        if frames is None:
            # Most requests are one frame in one piece, and need no reader.
            offset = find_sole_frame(data, _HEADERS_FRAME)
            if offset and len(data) - offset <= self._config.max_field_section_size:
                self._headers_received(data[offset:], sink)
                if end_stream and not self.is_over:
                    self._end_received(sink)
                return
            frames = self._frames = FrameReader(
                _WHOLE, _STREAMED, max_payload=self._config.max_field_section_size
            )
        try:
            for frame_type, payload in frames.feed(data):
                self._frame_received(frame_type, payload, sink)
                if self.is_over:
                    return  # the sink has lost interest
        except FrameTooLarge as error:
            raise OversizedSection(error.args[0]) from None
        if end_stream:
            self._end_received(sink)

    def _frame_received(self, frame_type: int, payload: bytes | None, sink: RequestSink) -> None:
        if payload is None:
            if frame_type in _FORBIDDEN:
                raise Http3ConnectionError(
                    ErrorCode.H3_FRAME_UNEXPECTED, f"frame {frame_type:#x} on a request stream"
                )
            if frame_type == BIDIRECTIONAL_SIGNAL and self._config.webtransport:
                # draft-ietf-webtrans-http3 §4.3: "Endpoints MUST NOT send WT_STREAM as a frame type
                # on HTTP/3 streams other than the very first bytes of a request stream. Receiving
                # this frame type in any other circumstances MUST be treated as a connection error
                # of type H3_FRAME_ERROR."
                raise Http3ConnectionError(ErrorCode.H3_FRAME_ERROR, "a session's stream too late")
            self._load.count(Load.UNKNOWN_FRAMES)
        elif frame_type == _DATA_FRAME:
            self._data_received(payload, sink)
        else:
            self._headers_received(payload, sink)

    def _headers_received(self, payload: bytes, sink: RequestSink) -> None:
        is_head = self.state is _AWAITING_HEADERS
        self.state = request_transition(self.state, _HEADERS)
        if is_head:
            request = self._sections.read_head(self._stream_id, payload)
            if request.method == "CONNECT":
                # RFC 9110 §9.3.6: "A CONNECT request message does not have content." So no length
                # that it announces is that of what comes through the tunnel.
                self.state = request_transition(self.state, RequestInput.CONNECT)
            else:
                self._content_length = request.content_length
            sink.request_received(request)
        else:
            self._trailers = self._sections.read_trailers(self._stream_id, payload)

    def _data_received(self, piece: bytes, sink: RequestSink) -> None:
        self.state = request_transition(self.state, _DATA)
        if piece:
            total = self.content_received + len(piece)
            if self._content_length is not None and total > self._content_length:
                raise self._content_mismatch("more")
            self.content_received = total
            sink.content_received(piece)
        elif self._frames is None or not self._frames.awaits_payload:
            self._load.count(Load.EMPTY_DATA_FRAMES)

    def _end_received(self, sink: RequestSink) -> None:
        if self._frames is not None and not self._frames.at_boundary:
            # RFC 9114 §7.1: "When a stream terminates cleanly, if the last frame on the stream
            # was truncated, this MUST be treated as a connection error of type H3_FRAME_ERROR."
            raise Http3ConnectionError(ErrorCode.H3_FRAME_ERROR, "the stream ended in a frame")
        # Over in any case: whole only if nothing is found wrong.
        before, self.state = self.state, _ABORTED
        ended = request_transition(before, _FIN)
        if self._content_length is not None and self.content_received < self._content_length:
            raise self._content_mismatch("fewer")
        self.state = ended
        sink.request_ended(self._trailers)

    def _content_mismatch(self, which: str) -> Http3StreamError:
        # RFC 9114 §4.1.2: "A request or response that is defined as having content when it
        # contains a Content-Length header field [...] is malformed if the value of the
        # Content-Length header field does not equal the sum of the DATA frame lengths received."
        return Http3StreamError(
            ErrorCode.H3_MESSAGE_ERROR,
            f"{which} content bytes than the content-length of {self._content_length}",
        )
