"""Error codes and the error tree: whose fault × how wide.

This file knows every error code that we send or name, and the exceptions that carry them. It
refuses to know who raises or catches them.

    Http3Error
    ├── LocalProtocolError        our application or caller did it; raised at the very call
    │   └── FieldSectionTooLarge  or nobody did: the peer has less room than others
    ├── RequestAborted            the exchange was cut (also a ConnectionResetError)
    └── RemoteProtocolError       the peer did it; never leaves the core
        ├── Http3StreamError      → RESET_STREAM and STOP_SENDING on one stream
        └── Http3ConnectionError  → CONNECTION_CLOSE

A peer's fault never reaches an application as a protocol error: one `except` in
`http3/connection.py` turns it into a reset or a close. What the application sees is the
consequence, `RequestAborted`, and only if it still reads.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "ErrorCode",
    "FieldSectionTooLarge",
    "Http3ConnectionError",
    "Http3Error",
    "Http3StreamError",
    "LocalProtocolError",
    "RemoteProtocolError",
    "RequestAborted",
]

MAX_ERROR_CODE = (1 << 62) - 1
"""Application error codes are varints (RFC 9000 §20.2)."""


class ErrorCode(IntEnum):
    """Error codes of HTTP/3 and of what goes with it, by the names of RFC 9114 §8.1, RFC 9204 §6,
    RFC 9297 §5.2 and the drafts of WebTransport."""

    H3_DATAGRAM_ERROR = 0x33
    """A datagram or capsule could not be parsed (RFC 9297 §5.2)."""
    H3_NO_ERROR = 0x100
    """The connection or stream closes and there is no error to signal."""
    H3_GENERAL_PROTOCOL_ERROR = 0x101
    """The peer broke the protocol in a way no other code names."""
    H3_INTERNAL_ERROR = 0x102
    """Something failed inside our HTTP stack or application."""
    H3_STREAM_CREATION_ERROR = 0x103
    """The peer created a stream that we will not accept."""
    H3_CLOSED_CRITICAL_STREAM = 0x104
    """A stream the connection cannot live without was closed or reset."""
    H3_FRAME_UNEXPECTED = 0x105
    """A frame came that is not permitted in this state or on this stream."""
    H3_FRAME_ERROR = 0x106
    """A frame broke the layout rules or had the wrong size."""
    H3_EXCESSIVE_LOAD = 0x107
    """The peer shows a behaviour that might generate excessive load."""
    H3_ID_ERROR = 0x108
    """A stream ID or push ID was used wrongly."""
    H3_SETTINGS_ERROR = 0x109
    """The payload of a SETTINGS frame was wrong."""
    H3_MISSING_SETTINGS = 0x10A
    """No SETTINGS frame at the start of the control stream."""
    H3_REQUEST_REJECTED = 0x10B
    """The server rejected the request without any application processing."""
    H3_REQUEST_CANCELLED = 0x10C
    """The request or its response is cancelled."""
    H3_REQUEST_INCOMPLETE = 0x10D
    """The client's stream ended without a whole request."""
    H3_MESSAGE_ERROR = 0x10E
    """The message was malformed and cannot be processed."""
    H3_CONNECT_ERROR = 0x10F
    """The TCP connection of a CONNECT request was reset or abnormally closed."""
    H3_VERSION_FALLBACK = 0x110
    """The request cannot be served over HTTP/3; retry over HTTP/1.1."""
    QPACK_DECOMPRESSION_FAILED = 0x200
    """A field section could not be decoded (RFC 9204 §6)."""
    QPACK_ENCODER_STREAM_ERROR = 0x201
    """An instruction on the encoder stream could not be read (RFC 9204 §6)."""
    QPACK_DECODER_STREAM_ERROR = 0x202
    """An instruction on the decoder stream could not be read (RFC 9204 §6)."""
    WEBTRANSPORT_SESSION_GONE = 0x170D7B68
    """The stream's session is over (draft-ietf-webtrans-http3 §6)."""
    WEBTRANSPORT_BUFFERED_STREAM_REJECTED = 0x3994BD84
    """The stream's session has not begun, and no more can wait (draft-ietf-webtrans-http3 §4.6)."""


class Http3Error(Exception):
    """Base of every error of this package that is about HTTP/3."""


class LocalProtocolError(Http3Error):
    """The application, or a caller of ours, did what the protocol forbids.

    Raised by the call that did it; nothing of that call has reached the wire.
    """


class FieldSectionTooLarge(LocalProtocolError):
    """The peer takes no field section of that size, by its SETTINGS_MAX_FIELD_SECTION_SIZE.

    Not logged as an error: any client can choose to have no room.
    """


class RequestAborted(Http3Error, ConnectionResetError):
    """The exchange is over: the peer, the connection or the server cut it.

    An `OSError`, so that code written for sockets, and ASGI frameworks (spec 2.4 and later),
    treat it as an ordinary disconnect. `error_code` is the code that ended it.
    """

    def __init__(self, message: str, error_code: int) -> None:
        super().__init__(message)
        self.error_code = error_code


class RemoteProtocolError(Http3Error):
    """The peer broke a rule; `error_code` is what we answer with."""

    def __init__(self, error_code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code

    def __str__(self) -> str:
        return f"{self.args[0]} ({self.error_code.name})"


class Http3StreamError(RemoteProtocolError):
    """One stream is broken: RESET_STREAM and STOP_SENDING with `error_code` (RFC 9114 §8)."""


class Http3ConnectionError(RemoteProtocolError):
    """The whole connection is broken: CONNECTION_CLOSE with `error_code` (RFC 9114 §8)."""
