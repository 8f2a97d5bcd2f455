"""An exchange that can take too long.

This file knows what its client may be waited for, and what becomes of an exchange that is too slow.
It refuses to know how long is too long (`http3/pace.py`), and when to look (`http3/patience.py`).

Its one rule: only a client is ever too slow. An application may take its time, and both ends of a
tunnel may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.http3.cause import Cause
from h3producer.http3.datagram_exchange import DatagramExchange
from h3producer.http3.state import RequestState

if TYPE_CHECKING:
    from h3producer.wire.request import Request

__all__ = ["TimedExchange", "is_connect"]


class TimedExchange(DatagramExchange):
    """The halves of one request stream, and the clock."""

    @property
    def is_tunnel(self) -> bool:
        """It is a CONNECT that was accepted, or may be yet (RFC 9110 §9.3.6).

        `body` and `response` are then bytes for as long as both ends like: `response.start(200)`
        and `response.flush()` accept, and none of the limits holds that requests and responses
        have, but for the bounds of what is buffered.
        """
        status = self.response.status
        return is_connect(self.request) and (status is None or status <= 299)

    def tick(self, now: float) -> bool:
        """Time has gone by; return whether the client took too long, which ends the exchange."""
        if self.aborted:
            return False
        reader, pace = self._reader, self.pace
        if reader.state is RequestState.AWAITING_HEADERS:
            if pace.head_overdue(now):
                message = "The request head did not come."
                self._give_up(ErrorCode.H3_REQUEST_REJECTED, message, Cause.REQUEST_HEAD_TIMEOUT)
        elif self._is_accepted and self.is_tunnel and not self.response.completed:
            pass  # both ends may be quiet for as long as they like
        elif not is_connect(self.request) and pace.body_overdue(
            now, self.body.is_awaited, reader.content_received
        ):
            message = "The request body came too slowly."
            self._refuse(408, ErrorCode.H3_REQUEST_CANCELLED, message, Cause.MIN_REQUEST_DATA_RATE)
        elif pace.response.is_too_slow(now, self._context.transport.progress(self.stream_id)):
            message = "The response was taken too slowly."
            self._give_up(ErrorCode.H3_REQUEST_CANCELLED, message, Cause.MIN_RESPONSE_DATA_RATE)
        return self.aborted


def is_connect(request: Request) -> bool:
    """What comes after it is no content, and has no length."""
    return request.method == "CONNECT"
