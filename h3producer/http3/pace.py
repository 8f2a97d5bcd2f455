"""How long one exchange takes: its head, its body, its response.

This file knows the three waits of an exchange and the limit of each. It refuses to know what time
it is, and what becomes of an exchange that is too slow (`http3/stream.py`).

Bytes are credit, as in Kestrel: a client that has taken, or is about to take, N bytes of a response
may need N ÷ rate seconds for them, and never less than the grace period. So a phone in a tunnel
keeps its download, and one byte a minute keeps nobody.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from h3producer.http3.data_rate import DataRate, MinDataRate

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.transport import Progress

__all__ = ["ExchangePace", "PaceLimits", "ResponsePace"]


class PaceLimits(NamedTuple):
    """The limits of `Config`, for all exchanges."""

    head: float
    """Seconds."""
    body: MinDataRate | None
    response: MinDataRate | None

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, config: Config) -> PaceLimits:
        """Those that a `Config` asks for, the same for all connections of a server."""

        def rate(bytes_per_second: float | None) -> MinDataRate | None:
            if bytes_per_second is None:
                return None
            return MinDataRate(bytes_per_second, config.data_rate_grace)

        return cls(
            config.request_head_timeout,
            rate(config.min_request_data_rate),
            rate(config.min_response_data_rate),
        )


class ResponsePace:
    """How fast a client takes what was handed over for it; goes on when the handler has left."""

    __slots__ = ("_minimum", "_rate")

    def __init__(self, minimum: MinDataRate | None) -> None:
        self._minimum = minimum
        self._rate = DataRate()

    def is_too_slow(self, now: float, progress: Progress) -> bool:
        """Asked once in a while, with what QUIC says of the stream."""
        if not progress.unsent or self._minimum is None:
            self._rate.rest()
            return False
        return self._rate.is_too_slow(now, progress.sent, self._minimum, credit=progress.unsent)


class ExchangePace:
    """The three waits of one exchange."""

    __slots__ = ("_body", "_head_since", "_limits", "response")

    def __init__(self, limits: PaceLimits) -> None:
        self._limits = limits
        self._head_since: float | None = None
        self._body = DataRate()
        self.response = ResponsePace(limits.response)

    def head_overdue(self, now: float) -> bool:
        """The head is not there; asked once in a while."""
        if self._head_since is None:
            self._head_since = now
        return now - self._head_since > self._limits.head

    def body_overdue(self, now: float, is_awaited: bool, received: int) -> bool:
        """`received` bytes of content have come; does the application wait for more?"""
        minimum = self._limits.body
        if not is_awaited or minimum is None:
            self._body.rest()
            return False
        return self._body.is_too_slow(now, received, minimum)
