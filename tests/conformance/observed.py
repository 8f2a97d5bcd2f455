"""What a server was seen to do about one stimulus.

This file knows endings, responses and the word for each code. It refuses to judge: that is for
`reactions.py`. Its one rule: it can be put in one sentence, since that is what a report shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.conformance.octets import Code, Fields

__all__ = ["Close", "Observed", "Response", "name_of"]

_TRANSPORT_CODES = {
    0x0: "NO_ERROR",
    0x1: "INTERNAL_ERROR",
    0x2: "CONNECTION_REFUSED",
    0x3: "FLOW_CONTROL_ERROR",
    0x4: "STREAM_LIMIT_ERROR",
    0x5: "STREAM_STATE_ERROR",
    0x6: "FINAL_SIZE_ERROR",
    0x7: "FRAME_ENCODING_ERROR",
    0x8: "TRANSPORT_PARAMETER_ERROR",
    0x9: "CONNECTION_ID_LIMIT_ERROR",
    0xA: "PROTOCOL_VIOLATION",
    0xB: "INVALID_TOKEN",
    0xC: "APPLICATION_ERROR",
    0xD: "CRYPTO_BUFFER_EXCEEDED",
    0xE: "KEY_UPDATE_ERROR",
    0xF: "AEAD_LIMIT_REACHED",
    0x10: "NO_VIABLE_PATH",
    0x100 + 10: "unexpected_message",
    0x100 + 40: "handshake_failure",
    0x100 + 47: "illegal_parameter",
    0x100 + 50: "decode_error",
    0x100 + 109: "missing_extension",
    0x100 + 120: "no_application_protocol",
}


def name_of(code: int, *, is_application: bool = True) -> str:
    """The RFC's name of an error code, or its number."""
    if not is_application:
        return _TRANSPORT_CODES.get(code, f"transport code {code:#x}")
    return Code(code).name if code in set(Code) else f"code {code:#x}"


@dataclass(frozen=True)
class Close:
    """A CONNECTION_CLOSE of the server: of the application (0x1d) or the transport (0x1c)."""

    code: int
    is_application: bool = True
    reason: str = ""

    def __str__(self) -> str:
        kind = "connection error" if self.is_application else "transport close"
        if self.is_application and self.code == Code.H3_NO_ERROR:
            kind = "connection closed with"
        return f"{kind} {name_of(self.code, is_application=self.is_application)}"


@dataclass
class Response:
    """What came back on a request stream, as far as it came."""

    interim: list[Fields] = field(default_factory=list)
    fields: Fields = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: Fields | None = None

    @property
    def status(self) -> int | None:
        """The status of the final response; None before it comes."""
        return int(self.value(b":status") or 0) or None

    def value(self, name: bytes) -> bytes | None:
        """The first value of a field of the final response."""
        return next((value for each, value in self.fields if each == name), None)

    def values(self, name: bytes) -> list[bytes]:
        """All values of a field of the final response."""
        return [value for each, value in self.fields if each == name]


@dataclass(frozen=True)
class Observed:
    """The end of one case. All is None or False that did not happen."""

    close: Close | None = None
    """How the server closed the connection."""
    reset: int | None = None
    """The code of the RESET_STREAM on the stream that was watched."""
    stop: int | None = None
    """The code of the STOP_SENDING on it."""
    status: int | None = None
    """The status of the final response on it."""
    ended: bool = False
    """The response ended with a FIN."""
    lives: bool = False
    """Afterwards the connection, or a new one where there was none, served a request."""
    has_ended: bool = False
    """The server's process has ended, as it should have."""
    is_confirmed: bool = True
    """The handshake was confirmed, so that the server need not hide its code."""
    note: str = ""
    """What else is worth a word, such as what came instead of what was waited for."""

    def __str__(self) -> str:
        happened = [str(self.close)] if self.close else []
        if self.status is not None:
            happened.append(f"status {self.status}{'' if self.ended else ' without an end'}")
        elif self.ended:
            happened.append("FIN without a response")
        if self.reset is not None:
            happened.append(f"RESET_STREAM {name_of(self.reset)}")
        if self.stop is not None:
            happened.append(f"STOP_SENDING {name_of(self.stop)}")
        if self.has_ended:
            happened.append("the server has ended")
        elif self.close is None:
            happened.append("the connection lives" if self.lives else "no answer any more")
        if self.note:
            happened.append(self.note)
        return ", ".join(happened)
