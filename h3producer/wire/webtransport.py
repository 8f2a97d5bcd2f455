"""WebTransport over HTTP/3 on the wire: draft-ietf-webtrans-http3, in the generations in use.

This file knows the settings that announce it, the head of a data stream, the closing words of a
session, and where application error codes stand among those of HTTP/3. It refuses to know sessions
and streams. Its one rule: bytes and values, both ways side by side.

The generations differ in the setting by which a server is known, and hardly in what follows:

| drafts | setting | who asks for it |
|---|---|---|
| 02 to 06 | `ENABLE_WEBTRANSPORT`, with any HTTP Datagrams | Chromium, Firefox |
| 07 to 12 | `WEBTRANSPORT_MAX_SESSIONS` | newer Chromium by a flag, Go libraries |
| 13, 14 | `WT_MAX_SESSIONS` | Safari |

Drafts 15 and later want RESET_STREAM_AT of QUIC, which we do not have, so we do not announce them.
"""

from __future__ import annotations

from enum import IntEnum

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.wire.varint import encode_varint, pull_varint

__all__ = [
    "BIDIRECTIONAL_SIGNAL",
    "MAX_APPLICATION_CODE",
    "MAX_CLOSE_VALUE",
    "UNIDIRECTIONAL_TYPE",
    "WebTransportSetting",
    "application_code",
    "encode_close",
    "encode_stream_head",
    "error_code_of",
    "parse_close",
    "pull_stream_head",
]

BIDIRECTIONAL_SIGNAL = 0x41
"""Where the first frame type of a request would stand: this stream is a session's (§4.3)."""
UNIDIRECTIONAL_TYPE = 0x54
"""The type of a unidirectional stream that is a session's (§4.2)."""

MAX_APPLICATION_CODE = (1 << 32) - 1
"""Error codes of applications have 32 bits (§4.4)."""

MAX_REASON = 1024
"""Bytes of a closing message. §6: "its length MUST NOT exceed 1024 bytes." """
_CODE_SIZE = 4
MAX_CLOSE_VALUE = _CODE_SIZE + MAX_REASON
"""Bytes of what CLOSE_WEBTRANSPORT_SESSION holds."""

_FIRST, _LAST = 0x52E4A40FA8DB, 0x52E5AC983162
"""Where HTTP/3 has the codes of applications (§4.4)."""


class WebTransportSetting(IntEnum):
    """Settings of drafts; those of RFCs are in `wire/settings.py`."""

    H3_DATAGRAM_DRAFT04 = 0xFFD277
    """draft-ietf-masque-h3-datagram-04: what browsers said before RFC 9297, and still say."""
    ENABLE_WEBTRANSPORT = 0x2B603742
    """1: drafts 02 to 06 are understood."""
    WEBTRANSPORT_MAX_SESSIONS = 0xC671706A
    """Drafts 07 to 12: sessions at once on a connection."""
    WT_MAX_SESSIONS = 0x14E9CD29
    """Drafts 13 and 14: the same; from 2 on sessions have flow control of their own (§5.1)."""


def encode_stream_head(stream_id: int, session_id: int) -> bytes:
    """What stands before the data on stream `stream_id` of a session (§4.2, §4.3)."""
    kind = UNIDIRECTIONAL_TYPE if stream_id & 2 else BIDIRECTIONAL_SIGNAL
    return encode_varint(kind) + encode_varint(session_id)


def pull_stream_head(data: bytes) -> tuple[int, int, int] | None:
    """Type, session id and the offset behind both; None if they are not all there yet."""
    kind = pull_varint(data, 0)
    session_id = kind and pull_varint(data, kind[1])
    if not kind or not session_id:
        return None
    return kind[0], session_id[0], session_id[1]


def error_code_of(code: int) -> int:
    """The HTTP/3 error code that says an application's `code` of 32 bits (§4.4)."""
    # Each 31st code is reserved (RFC 9114 §8.1) and so is left out.
    return _FIRST + code + code // 0x1E


def application_code(error_code: int) -> int | None:
    """The application's code that an HTTP/3 error code says; None if it says none (§4.4)."""
    if not _FIRST <= error_code <= _LAST or (error_code - 0x21) % 0x1F == 0:
        return None
    shifted = error_code - _FIRST
    return shifted - shifted // 0x1F


def encode_close(code: int, reason: str) -> bytes:
    """The value of CLOSE_WEBTRANSPORT_SESSION; a reason that is too long is cut (§6).

    "Senders that truncate an application-supplied message MUST do so at a UTF-8 character
    boundary."
    """
    text = reason.encode("utf-8", "replace")[:MAX_REASON].decode("utf-8", "ignore")
    return code.to_bytes(_CODE_SIZE, "big") + text.encode()


def parse_close(value: bytes | None) -> tuple[int, str]:
    """Code and reason of a CLOSE_WEBTRANSPORT_SESSION; `value` is None if it was too long.

    Raises Http3StreamError(H3_MESSAGE_ERROR): §6: "If the Application Error Message exceeds 1024
    bytes or is not valid UTF-8, the receiver MUST reset the stream with code H3_MESSAGE_ERROR."
    """
    if value is None or len(value) < _CODE_SIZE:
        raise Http3StreamError(ErrorCode.H3_MESSAGE_ERROR, "closing words of a wrong length")
    try:
        reason = value[_CODE_SIZE:].decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Http3StreamError(ErrorCode.H3_MESSAGE_ERROR, "closing words not UTF-8") from None
    return int.from_bytes(value[:_CODE_SIZE], "big"), reason
