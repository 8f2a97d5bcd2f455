"""Why an exchange did not simply go well, and whose doing it was.

This file knows a name for each cause, as logs and metrics show it. It refuses to know what follows
from one: `http3/exchange.py` has the ways in which an exchange can end.

Its one rule: the names are few and fixed, and none is made of what a client sent, so that they can
label a metric.
"""

from __future__ import annotations

from enum import Enum

from h3producer.errors import ErrorCode

__all__ = ["Cause", "Party"]


class Party(Enum):
    """Whose doing it was."""

    CLIENT = "client"
    APPLICATION = "application"
    SERVER = "server"
    LIMIT = "limit"
    """A setting of the server; the cause has its name."""


class Cause(Enum):
    """What cut an exchange short, or had it answered in the application's place."""

    CLIENT_RESET = "client_reset", Party.CLIENT
    """RESET_STREAM before the request was whole."""
    CLIENT_STOP = "client_stop", Party.CLIENT
    """STOP_SENDING before the response was."""
    CLIENT_CLOSE = "client_close", Party.CLIENT
    """CONNECTION_CLOSE."""
    CONNECTION_LOST = "connection_lost", Party.CLIENT
    """The client has vanished: it was not heard of for `idle_timeout`."""

    APPLICATION_RESET = "application_reset", Party.APPLICATION
    """By `Http3Stream.reset`."""
    APPLICATION_ERROR = "application_error", Party.APPLICATION
    """It raised, or did not finish its response: a 500, or a reset if it is too late for one."""
    APPLICATION_CANCELED = "application_canceled", Party.APPLICATION
    """Its task was canceled: by itself, or at the end of a stop that it ignored."""

    MALFORMED_REQUEST = "malformed_request", Party.SERVER
    """RFC 9114 §4.1.2, and other faults of one stream."""
    SERVER_CLOSE = "server_close", Party.SERVER
    """We closed the connection: at the end of a stop, or for a fault of the client's."""
    DRAINING = "draining", Party.SERVER
    """It came after GOAWAY, and was not looked at (RFC 9114 §5.2)."""

    REQUEST_HEAD_TIMEOUT = "request_head_timeout", Party.LIMIT
    MIN_REQUEST_DATA_RATE = "min_request_data_rate", Party.LIMIT
    MIN_RESPONSE_DATA_RATE = "min_response_data_rate", Party.LIMIT
    MAX_REQUEST_BODY_SIZE = "max_request_body_size", Party.LIMIT
    MAX_FIELD_SECTION_SIZE = "max_field_section_size", Party.LIMIT
    """Or one of `max_decoded_field_section_size` and `max_fields`."""
    MAX_WEBTRANSPORT_SESSIONS = "max_webtransport_sessions", Party.LIMIT
    MAX_WEBTRANSPORT_STREAMS = "max_webtransport_streams", Party.LIMIT
    """Of one session; no setting."""
    WS_PING_TIMEOUT = "ws_ping_timeout", Party.LIMIT
    LIMIT_CONCURRENCY = "limit_concurrency", Party.LIMIT

    def __init__(self, label: str, party: Party) -> None:
        self.label = label
        self.party = party

    @classmethod
    def of_fault(cls, error_code: int) -> Cause:
        """Of a fault in what came on one stream, by the code that the stream is reset with."""
        return _OF_FAULTS.get(error_code, cls.MALFORMED_REQUEST)


_OF_FAULTS: dict[int, Cause] = {
    ErrorCode.H3_REQUEST_REJECTED: Cause.MAX_WEBTRANSPORT_SESSIONS,
    ErrorCode.H3_EXCESSIVE_LOAD: Cause.MAX_FIELD_SECTION_SIZE,
}
