"""Requests that come before the handshake is complete, as early data (RFC 8470).

This file knows which of them are answered at once and which wait. It refuses to know whether early
data is taken at all (`quic/keys/early_data.py`), and when an application begins
(`http3/turnstile.py`).

Whoever saw early data can send it again. So a request that changes something waits until the
handshake is complete, and then goes on as if it had come then; it has the room that any unread
request has, the windows of its stream and its connection. One that only asks goes on at once, and
says so to the application, which may answer it with 425 (Too Early) all the same.

Its one rule: what the application does twice must be what the client could have asked for twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.wire.request import Request

__all__ = ["EARLY_METHODS", "EarlyRequests"]

EARLY_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""The safe methods of RFC 9110 §9.2.1. Of others nobody can know (RFC 8470 §4)."""

_FIELD = b"early-data"


class EarlyRequests:
    """Those of one connection that began with early data."""

    def __init__(self) -> None:
        self._waiting: dict[Callable[[], None], None] = {}
        self.is_over = False
        """The handshake is complete, or will never be."""

    def holds(self, request: Request, go_on: Callable[[], None]) -> bool:
        """Whether the request has to wait; if so, `go_on` is called when it need not any more."""
        if request.method in EARLY_METHODS:
            return False
        # RFC 8470 §3: "By deferring processing, it can ensure that only a successfully completed
        # connection is used for the request(s) therein."
        self._waiting[go_on] = None
        return True

    def withdraws(self, go_on: Callable[[], None]) -> bool:
        """Whether a request that waited does not any more: it was cut, and `go_on` is not called.

        QUIC lets the client open another for it, so it must not be kept until the handshake ends.
        """
        if go_on not in self._waiting:
            return False
        del self._waiting[go_on]
        return True

    def end(self) -> None:
        """Early data is over, one way or the other: let those go on who wait."""
        self.is_over = True
        waiting, self._waiting = self._waiting, {}
        for go_on in waiting:
            go_on()

    @staticmethod
    def marked(request: Request) -> Request:
        """The request with an `early-data: 1` among its headers."""
        # RFC 8470 §5.1: "Multiple or invalid instances of the header field MUST be treated as
        # equivalent to a single instance with a value of 1 by a server."
        headers = [field for field in request.headers if field[0] != _FIELD]
        return replace(request, headers=[*headers, (_FIELD, b"1")])
