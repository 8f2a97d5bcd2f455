"""What is noted of an exchange for those who watch: what was asked for, when, and how it ended.

This file knows the facts that a log line and a metric are made of, and takes the time of the first
byte. It refuses to know what becomes of them: `h3producer/observe/` does.

Its one rule: there is one record for an exchange, so that all who tell of it tell the same; and
none where nobody watches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from h3producer.http3.output_producer import Http3OutputProducer

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.cause import Cause
    from h3producer.wire.fields import Fields
    from h3producer.wire.request import Request

__all__ = ["ExchangeRecord", "ExchangeWatch", "Recorded", "RecordedOutput"]


class Recorded(Protocol):
    """What an exchange says of itself; see `Exchange`."""

    is_early: bool
    is_probe: bool
    cause: Cause | None
    refused_with: int | None
    error_code: int | None


class ExchangeRecord:
    """One exchange. Times are seconds on the clock of its watch; what is not known is None."""

    answered: float | None = None
    """When the final headers, the first byte of a response, were handed to QUIC."""
    ended: float | None = None
    """When the end of the response was, or the exchange was cut."""
    request: Request | None = None
    """None if its head did not come, or is malformed."""
    http_version = "3"
    is_early = False
    """It came as early data, and was answered as such."""
    is_probe = False
    """The server itself answered whoever asked for its health."""
    status: int | None = None
    """Of the final response, if its headers were handed to QUIC."""
    request_bytes = 0
    """Of content, that came."""
    response_bytes = 0
    """Of content, that was handed to QUIC."""
    is_whole = False
    """A whole response was handed to QUIC, the application's or one in its place."""
    cause: Cause | None = None
    """Why it is not whole, or not the application's; None if all went well."""
    error_code: int | None = None
    """What cut it: as the client said it, or as the client was told."""

    def __init__(self, stream_id: int, began: float) -> None:
        self.stream_id = stream_id
        self.began = began
        """When the first byte of its stream came."""

    def note_what_is_rare(self, exchange: Recorded) -> None:
        """What most exchanges have nothing of; behind `ended` and `is_whole`."""
        self.is_early, self.is_probe = exchange.is_early, exchange.is_probe
        self.cause = exchange.cause
        if exchange.refused_with is not None:
            self.answered, self.status = self.ended, exchange.refused_with
        if not self.is_whole:
            self.error_code = exchange.error_code


class ExchangeWatch(Protocol):
    """Who watches the exchanges of one connection. None of this raises."""

    def now(self) -> float:
        """The time on a clock that does not jump, in seconds."""

    def exchange_began(self, stream_id: int) -> ExchangeRecord:
        """The first byte of a request stream has come. The record is for the exchange to keep."""

    def exchange_ended(self, record: ExchangeRecord) -> None:
        """The response has been handed over, or the exchange was cut; its handler may still run."""

    def exchange_rejected(self, stream_id: int) -> None:
        """A request came after GOAWAY: it was reset and not looked at."""

    def response_given_up(self) -> None:
        """A response that had been handed over was reset: its client takes it too slowly."""

    def datagram_dropped(self, *, was_received: bool) -> None:
        """An HTTP Datagram was dropped: one that came, or one that was to be sent."""


class RecordedOutput(Http3OutputProducer):
    """The output of an exchange that somebody watches."""

    record: ExchangeRecord
    now: Callable[[], float]

    def write_response_headers(self, fields: Fields, *, discard_data: bool = False) -> None:
        Http3OutputProducer.write_response_headers(self, fields, discard_data=discard_data)
        if self._headers_written:  # and not silently dropped
            record = self.record
            record.answered, record.status = self.now(), int(fields[0][1])
