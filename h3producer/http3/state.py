"""Every legal transition of one exchange, as two tables.

Rules of this file: everything that decides what a call may do in which state stands here, and
nothing here does it. It knows states and inputs; it refuses to know frames, pipes and QUIC.

An exchange is two machines that meet only in `http3/stream.py`:

* `RequestState`, what the peer may send on a request stream (RFC 9114 §4.1). Unknown frame
  types never reach it (RFC 9114 §9). A missing key is a connection error H3_FRAME_UNEXPECTED,
  since frames in the wrong order are not a fault of one message but of the framing.
* `OutputState`, what the application may do with the response. One enum of five replaces the
  three flags of Kestrel's Http3OutputProducer (started, completed, suffix sent), whose illegal
  combinations stood in comments: "writing after the end is an error, writing after an abort is
  not" is a row here.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError, LocalProtocolError

__all__ = [
    "OUTPUT",
    "REQUEST",
    "Effect",
    "OutputInput",
    "OutputState",
    "RequestInput",
    "RequestState",
    "output_transition",
    "request_transition",
]


class RequestState(IntEnum):
    """Where the peer's half of a request stream stands."""

    AWAITING_HEADERS = 0
    BODY = 1
    TUNNEL = 2
    TRAILERS = 3
    ENDED = 4
    ABORTED = 5


class RequestInput(IntEnum):
    """What may come on a request stream."""

    HEADERS = 0
    DATA = 1
    FIN = 2
    RESET = 3
    CONNECT = 4
    """The HEADERS that have just come were those of a CONNECT."""


_R = RequestState
_I = RequestInput

REQUEST: Final[dict[RequestState, dict[RequestInput, RequestState]]] = {
    _R.AWAITING_HEADERS: {_I.HEADERS: _R.BODY, _I.RESET: _R.ABORTED},
    _R.BODY: {
        _I.HEADERS: _R.TRAILERS,
        _I.DATA: _R.BODY,
        _I.FIN: _R.ENDED,
        _I.RESET: _R.ABORTED,
        _I.CONNECT: _R.TUNNEL,
    },
    # RFC 9114 §4.4: "Once the CONNECT method has completed, only DATA frames are permitted to be
    # sent on the stream."
    _R.TUNNEL: {_I.DATA: _R.TUNNEL, _I.FIN: _R.ENDED, _I.RESET: _R.ABORTED},
    _R.TRAILERS: {_I.FIN: _R.ENDED, _I.RESET: _R.ABORTED},
    # After the end a reset is the transport's business: it has no state left to change.
    _R.ENDED: {_I.RESET: _R.ENDED},
    _R.ABORTED: dict.fromkeys(_I, _R.ABORTED),
}


def request_transition(state: RequestState, event: RequestInput) -> RequestState:
    """The next state; raises the error that the peer has earned when there is none."""
    following = REQUEST[state].get(event)
    if following is not None:
        return following
    if event is RequestInput.FIN:
        # RFC 9114 §4.1: "If a client-initiated stream terminates without enough of the HTTP
        # message to provide a complete response, the server SHOULD abort its response stream
        # with the error code H3_REQUEST_INCOMPLETE."
        raise Http3StreamError(
            ErrorCode.H3_REQUEST_INCOMPLETE, "the request stream ended without a request"
        )
    # RFC 9114 §4.1: "Receipt of an invalid sequence of frames MUST be treated as a connection
    # error of type H3_FRAME_UNEXPECTED."
    raise Http3ConnectionError(
        ErrorCode.H3_FRAME_UNEXPECTED, f"{event.name} frame in state {state.name}"
    )


class OutputState(IntEnum):
    """Where the application stands with its response."""

    OPEN = 0
    """No body byte was written yet; headers may or may not have been."""
    STARTED = 1
    """Body bytes were written."""
    SUFFIXED = 2
    """The normal end was asked for: the rest, trailers and FIN follow by themselves."""
    STOPPED = 3
    """The exchange was aborted under the application, which may not have noticed yet."""
    COMPLETED = 4
    """The application has left."""


class OutputInput(IntEnum):
    """What the application, or the stream on its behalf, may ask."""

    HEADERS = 0
    DATA = 1
    FLUSH = 2
    SUFFIX = 3
    STOP = 4
    COMPLETE = 5


class Effect(IntEnum):
    """What a call does in the state in which it comes."""

    DO = 0
    """What its name says."""
    SKIP = 1
    """Nothing, silently: a repeat, or a write of an application that nobody listens to."""


_O = OutputState
_P = OutputInput
_DO, _SKIP = Effect.DO, Effect.SKIP

OUTPUT: Final[dict[OutputState, dict[OutputInput, tuple[Effect, OutputState]]]] = {
    _O.OPEN: {
        _P.HEADERS: (_DO, _O.OPEN),
        _P.DATA: (_DO, _O.STARTED),
        _P.FLUSH: (_DO, _O.OPEN),
        _P.SUFFIX: (_DO, _O.SUFFIXED),
        _P.STOP: (_DO, _O.STOPPED),
        _P.COMPLETE: (_DO, _O.COMPLETED),
    },
    _O.STARTED: {
        # Written and not flushed: headers still go ahead of it. That they are written once is
        # the producer's to see, since no state tells.
        _P.HEADERS: (_DO, _O.STARTED),
        _P.DATA: (_DO, _O.STARTED),
        _P.FLUSH: (_DO, _O.STARTED),
        _P.SUFFIX: (_DO, _O.SUFFIXED),
        _P.STOP: (_DO, _O.STOPPED),
        _P.COMPLETE: (_DO, _O.COMPLETED),
    },
    _O.SUFFIXED: {
        _P.SUFFIX: (_SKIP, _O.SUFFIXED),
        # The aborted frame writer swallows the rest by itself.
        _P.STOP: (_SKIP, _O.SUFFIXED),
        _P.COMPLETE: (_DO, _O.COMPLETED),
    },
    _O.STOPPED: {
        _P.HEADERS: (_SKIP, _O.STOPPED),
        _P.DATA: (_SKIP, _O.STOPPED),
        _P.FLUSH: (_SKIP, _O.STOPPED),
        _P.SUFFIX: (_SKIP, _O.STOPPED),
        _P.STOP: (_SKIP, _O.STOPPED),
        _P.COMPLETE: (_DO, _O.COMPLETED),
    },
    _O.COMPLETED: {
        _P.SUFFIX: (_SKIP, _O.COMPLETED),
        _P.STOP: (_SKIP, _O.COMPLETED),
        _P.COMPLETE: (_SKIP, _O.COMPLETED),
    },
}

_REFUSALS: Final = {
    _O.SUFFIXED: "Writing is not allowed after writer was completed.",
    _O.COMPLETED: "Writing is not allowed after writer was completed.",
}


def output_transition(state: OutputState, call: OutputInput) -> tuple[Effect, OutputState]:
    """What the call does and the state after it; raises LocalProtocolError if it may not be."""
    try:
        return OUTPUT[state][call]
    except KeyError:
        raise LocalProtocolError(_REFUSALS[state]) from None
