"""The reactions that the RFCs permit, and how an observation is matched with one.

This file knows the general rules that hold for every case: which code may stand for which, and
that a stream error may be raised to one of the connection. It refuses to know stimuli. Its one
rule: a reaction is `IDEAL` only to the letter, and `ALLOWED` where an RFC says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from tests.conformance.observed import name_of
from tests.conformance.octets import Code

if TYPE_CHECKING:
    from tests.conformance.observed import Observed

__all__ = [
    "Grade",
    "Reaction",
    "aborted",
    "answered_early",
    "any_of",
    "as_stated",
    "connection_error",
    "grade",
    "ignored",
    "malformed",
    "refused",
    "served",
    "silence",
    "stream_error",
    "transport_close",
]


class Grade(IntEnum):
    """How well a reaction meets a requirement; a case is as good as its best match."""

    FAILED = 0
    NOT_OFFERED = 1
    """The server, or the suite at this server, lacks what the case needs."""
    ALLOWED = 2
    IDEAL = 3

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


class Reaction(Protocol):
    """Something that a server may do."""

    @property
    def is_passive(self) -> bool:
        """It cannot be waited for: it is that nothing else happens."""

    def match(self, observed: Observed) -> Grade:
        """`IDEAL` to the letter, `ALLOWED` by a general rule, or `FAILED`."""

    def __str__(self) -> str: ...


def grade(observed: Observed, allowed: tuple[Reaction, ...]) -> Grade:
    """The grade of an observation where `allowed` reactions are permitted, the ideal one first."""
    first, *others = allowed
    best = first.match(observed)
    if best is Grade.FAILED and any(each.match(observed) is not Grade.FAILED for each in others):
        return Grade.ALLOWED
    return best


@dataclass(frozen=True)
class _ConnectionError:
    code: Code
    is_passive = False

    def match(self, observed: Observed) -> Grade:
        close = observed.close
        if close is None:
            return Grade.FAILED
        if close.is_application:
            if close.code == self.code:
                return Grade.IDEAL
            # RFC 9114 §8.1: it stands for every code that "the endpoint declines to use".
            return _allowed_if(close.code == Code.H3_GENERAL_PROTOCOL_ERROR)
        # RFC 9000 §10.2.3: in Initial and Handshake packets the code is hidden.
        return _allowed_if(close.code == 0x0C and not observed.is_confirmed)

    def __str__(self) -> str:
        return f"connection error {self.code.name}"


@dataclass(frozen=True)
class _StreamError:
    code: Code
    is_passive = False

    def match(self, observed: Observed) -> Grade:
        if observed.close is not None:
            # RFC 9114 §8: "An endpoint MAY choose to treat a stream error as a connection error".
            raised = _ConnectionError(self.code).match(observed)
            return _allowed_if(raised is not Grade.FAILED)
        if not observed.lives:
            return Grade.FAILED
        if observed.reset == self.code:
            return Grade.IDEAL
        return _allowed_if(observed.reset == Code.H3_GENERAL_PROTOCOL_ERROR)

    def __str__(self) -> str:
        return f"stream error {self.code.name}"


@dataclass(frozen=True)
class _TransportClose:
    code: int
    others: tuple[int, ...]
    is_passive = False

    def match(self, observed: Observed) -> Grade:
        close = observed.close
        if close is None or close.is_application:
            return Grade.FAILED
        if close.code == self.code:
            return Grade.IDEAL
        # RFC 9000 §11: "a generic error code (such as PROTOCOL_VIOLATION or INTERNAL_ERROR) can
        # always be used in place of specific error codes."
        return _allowed_if(close.code in (0x0A, 0x01, *self.others))

    def __str__(self) -> str:
        return f"transport close {name_of(self.code, is_application=False)}"


@dataclass(frozen=True)
class _Response:
    low: int
    high: int
    verb: str
    is_passive = False

    def match(self, observed: Observed) -> Grade:
        status = observed.status
        is_whole = observed.close is None and status is not None and observed.lives
        if not is_whole or status is None or not self.low <= status <= self.high:
            return Grade.FAILED
        # A refusal may leave the rest of both directions behind (RFC 9114 §4.1.2).
        is_over = observed.ended or (observed.reset is not None and status >= 400)
        return Grade.IDEAL if is_over else Grade.FAILED

    def __str__(self) -> str:
        return f"{self.verb} ({self.low}..{self.high})"


@dataclass(frozen=True)
class _Aborted:
    is_passive = False

    def match(self, observed: Observed) -> Grade:
        lives = observed.close is None and observed.lives
        return Grade.IDEAL if lives and observed.reset is not None else Grade.FAILED

    def __str__(self) -> str:
        return "RESET_STREAM with any code"


@dataclass(frozen=True)
class _AnsweredEarly:
    is_passive = False

    def match(self, observed: Observed) -> Grade:
        is_whole = observed.close is None and observed.ended and observed.lives
        has_stopped = observed.stop == Code.H3_NO_ERROR
        return Grade.IDEAL if is_whole and has_stopped and observed.status else Grade.FAILED

    def __str__(self) -> str:
        return "answered without reading on (STOP_SENDING H3_NO_ERROR)"


@dataclass(frozen=True)
class _Ignored:
    is_passive = True

    def match(self, observed: Observed) -> Grade:
        return Grade.IDEAL if observed.close is None and observed.lives else Grade.FAILED

    def __str__(self) -> str:
        return "ignored: the connection lives and serves requests"


@dataclass(frozen=True)
class _AsStated:
    is_passive = True

    def match(self, observed: Observed) -> Grade:
        return Grade.IDEAL

    def __str__(self) -> str:
        return "as stated"


@dataclass(frozen=True)
class _Silence:
    is_passive = True

    def match(self, observed: Observed) -> Grade:
        is_silent = observed.close is None and observed.status is None and observed.reset is None
        return Grade.IDEAL if is_silent and observed.lives else Grade.FAILED

    def __str__(self) -> str:
        return "no answer, and the server serves others"


@dataclass(frozen=True)
class _AnyOf:
    reactions: tuple[Reaction, ...]

    @property
    def is_passive(self) -> bool:
        return any(each.is_passive for each in self.reactions)

    def match(self, observed: Observed) -> Grade:
        return max(each.match(observed) for each in self.reactions)

    def __str__(self) -> str:
        return " or ".join(map(str, self.reactions))


def _allowed_if(condition: bool) -> Grade:
    return Grade.ALLOWED if condition else Grade.FAILED


def connection_error(code: Code) -> Reaction:
    """CONNECTION_CLOSE of type 0x1d (RFC 9114 §8)."""
    return _ConnectionError(code)


def stream_error(code: Code) -> Reaction:
    """RESET_STREAM on the stream that was watched (RFC 9114 §8); the connection lives."""
    return _StreamError(code)


def transport_close(code: int, *others: int) -> Reaction:
    """CONNECTION_CLOSE of type 0x1c (RFC 9000 §11); `others` are as good as the generic codes."""
    return _TransportClose(code, others)


def served(low: int = 200, high: int = 299) -> Reaction:
    """A whole response with a status in the range, and the connection lives."""
    return _Response(low, high, "served")


def refused(low: int = 400, high: int = 499) -> Reaction:
    """A response that says no, ended or reset behind it, and the connection lives."""
    return _Response(low, high, "refused")


def aborted() -> Reaction:
    """RESET_STREAM on the stream that was watched, whatever its code."""
    return _Aborted()


def answered_early() -> Reaction:
    """A whole response, and no interest in the rest of the request (RFC 9114 §4.1).

    What is wrong with the rest then needs no reaction.
    """
    return _AnsweredEarly()


def ignored() -> Reaction:
    """Nothing happens to the connection: it serves the next request."""
    return _Ignored()


def as_stated() -> Reaction:
    """Whatever the case, which checks by itself, has let pass."""
    return _AsStated()


def silence() -> Reaction:
    """Nothing at all comes back, and the server serves others."""
    return _Silence()


def any_of(*reactions: Reaction) -> Reaction:
    """Reactions that are equally good."""
    return _AnyOf(reactions)


def malformed() -> Reaction:
    """What a malformed request gets (RFC 9114 §4.1.2): a 4xx of the server, or a stream error."""
    return any_of(refused(), stream_error(Code.H3_MESSAGE_ERROR))
