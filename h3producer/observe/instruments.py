"""Every meter of the server: its name, unit and labels, and what it says.

This file knows the names. It refuses to know who counts, and how a monitoring system wants them.
Names, units and buckets are those of OpenTelemetry's semantic conventions where there are any, and
else in the spirit of Kestrel's meters; `docs/metrics.md` is made of this table.

Its one rule: a label has few values, and no client makes them up.
"""

from __future__ import annotations

from typing import Final

from h3producer.observe.instrument import Instrument, Kind

__all__ = [
    "ACTIVE_CONNECTIONS",
    "ACTIVE_HANDSHAKES",
    "ACTIVE_REQUESTS",
    "CONGESTION_WINDOW",
    "CONNECTION_DURATION",
    "CPU_TIME",
    "DATAGRAMS_DROPPED",
    "EARLY_REQUESTS",
    "EXCHANGES_CUT",
    "FILE_DESCRIPTORS",
    "HANDOVERS",
    "HANDSHAKE_DURATION",
    "INSTRUMENTS",
    "LOOP_LAG",
    "MEMORY",
    "NETWORK_DATAGRAMS",
    "NETWORK_DROPPED",
    "NETWORK_IO",
    "PACKETS_LOST",
    "PACKETS_SENT",
    "REFUSED",
    "REJECTED_CONNECTIONS",
    "REQUEST_DURATION",
    "REQUEST_SIZE",
    "RESPONSE_SIZE",
    "RETRIES",
    "ROUND_TRIP",
    "SEND_WAIT",
    "SEND_WAITING",
    "STATELESS_RESETS",
    "TIME_TO_FIRST_BYTE",
    "VERSION_NEGOTIATIONS",
    "WORKERS",
]


_REQUEST_SECONDS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)
"""What the conventions advise for requests."""

_CONNECTION_SECONDS: Final = (
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
)
"""Kestrel's for connections."""

_SHORT_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""From a pass of the event loop to a client that gives up."""

_BYTES: Final = (0.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9)

_HTTPS: Final = (("url.scheme", "https"),)

_COUNTER, _GAUGE, _HISTOGRAM = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

# Requests

REQUEST_DURATION = Instrument(
    "http.server.request.duration",
    _HISTOGRAM,
    "s",
    "From the first byte of a request to the end of its response, or until it was cut.",
    (
        "http.request.method",
        "http.response.status_code",
        "network.protocol.version",
        "error.type",
    ),
    _REQUEST_SECONDS,
    _HTTPS,
)
ACTIVE_REQUESTS = Instrument(
    "http.server.active_requests",
    _GAUGE,
    "{request}",
    "Requests under way, WebSockets and sessions of WebTransport included. Without a method, which "
    "may not be known yet.",
    constants=_HTTPS,
)
REQUEST_SIZE = Instrument(
    "http.server.request.body.size",
    _HISTOGRAM,
    "By",
    "Content of requests that came.",
    ("http.request.method",),
    _BYTES,
    _HTTPS,
)
RESPONSE_SIZE = Instrument(
    "http.server.response.body.size",
    _HISTOGRAM,
    "By",
    "Content of responses that was handed to QUIC.",
    ("http.request.method",),
    _BYTES,
    _HTTPS,
)
TIME_TO_FIRST_BYTE = Instrument(
    "h3producer.request.time_to_first_byte",
    _HISTOGRAM,
    "s",
    "From the first byte of a request to the headers of its response.",
    bounds=_REQUEST_SECONDS,
)
EARLY_REQUESTS = Instrument(
    "h3producer.early_requests",
    _COUNTER,
    "{request}",
    "Requests that were answered as early data (0-RTT).",
)
EXCHANGES_CUT = Instrument(
    "h3producer.exchanges.cut",
    _COUNTER,
    "{exchange}",
    "Exchanges that were cut short: by whom, why, and with which error code.",
    ("by", "error.type", "error.code"),
)
REFUSED = Instrument(
    "h3producer.refused",
    _COUNTER,
    "{refusal}",
    "What a limit refused or ended: requests, responses, connections. The label is the setting.",
    ("limit",),
)

# Connections

ACTIVE_CONNECTIONS = Instrument(
    "h3producer.active_connections",
    _GAUGE,
    "{connection}",
    "Connections that have not ended, half-open ones included.",
    ("network.type",),
)
CONNECTION_DURATION = Instrument(
    "h3producer.connection.duration",
    _HISTOGRAM,
    "s",
    "From a client's first packet to the end of its connection. No error.type: it went well.",
    ("network.type", "by", "error.type"),
    _CONNECTION_SECONDS,
)
REJECTED_CONNECTIONS = Instrument(
    "h3producer.rejected_connections",
    _COUNTER,
    "{connection}",
    "First packets of clients that were not let in, and why.",
    ("error.type",),
)
ACTIVE_HANDSHAKES = Instrument(
    "h3producer.active_handshakes", _GAUGE, "{handshake}", "Handshakes that are not complete."
)
HANDSHAKE_DURATION = Instrument(
    "h3producer.handshake.duration",
    _HISTOGRAM,
    "s",
    "From a client's first packet to the end of its handshake. No error.type: it was completed.",
    ("tls.resumed", "early_data", "error.type"),
    _CONNECTION_SECONDS,
)
RETRIES = Instrument(
    "h3producer.retries",
    _COUNTER,
    "{packet}",
    "Clients that were asked to prove their address (RFC 9000 section 8.1.2).",
)
VERSION_NEGOTIATIONS = Instrument(
    "h3producer.version_negotiations",
    _COUNTER,
    "{packet}",
    "Clients that were told which versions of QUIC we speak.",
)
STATELESS_RESETS = Instrument(
    "h3producer.stateless_resets",
    _COUNTER,
    "{packet}",
    "Clients that were told that nobody knows their connection (RFC 9000 section 10.3).",
)
HANDOVERS = Instrument(
    "h3producer.handovers",
    _COUNTER,
    "{datagram}",
    "Datagrams that one worker handed to another, as either sees it.",
    ("network.io.direction",),
)

# The network

NETWORK_IO = Instrument(
    "h3producer.network.io",
    _COUNTER,
    "By",
    "Payload of UDP datagrams.",
    ("network.io.direction",),
)
NETWORK_DATAGRAMS = Instrument(
    "h3producer.network.datagrams",
    _COUNTER,
    "{datagram}",
    "UDP datagrams.",
    ("network.io.direction",),
)
NETWORK_DROPPED = Instrument(
    "h3producer.network.dropped",
    _COUNTER,
    "{datagram}",
    "UDP datagrams that came and were dropped, since something was full: receive_buffer, the "
    "kernel's; inbox, a connection's; handover, another worker's.",
    ("error.type",),
)
PACKETS_SENT = Instrument(
    "h3producer.packets.sent", _COUNTER, "{packet}", "QUIC packets of all connections."
)
PACKETS_LOST = Instrument(
    "h3producer.packets.lost",
    _COUNTER,
    "{packet}",
    "QUIC packets that were found to be lost (RFC 9002 section 6.1).",
)
ROUND_TRIP = Instrument(
    "h3producer.connection.rtt",
    _HISTOGRAM,
    "s",
    "Smoothed round-trip times of connections that have bytes in flight, once a second.",
    bounds=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
)
CONGESTION_WINDOW = Instrument(
    "h3producer.connection.congestion_window",
    _HISTOGRAM,
    "By",
    "Congestion windows of the same connections.",
    bounds=(4e3, 8e3, 16e3, 32e3, 64e3, 128e3, 256e3, 512e3, 1e6, 2e6, 4e6, 8e6),
)
DATAGRAMS_DROPPED = Instrument(
    "h3producer.http_datagrams.dropped",
    _COUNTER,
    "{datagram}",
    "HTTP Datagrams that were dropped, since an application or the path was too slow for them.",
    ("network.io.direction",),
)

# Back-pressure

SEND_WAIT = Instrument(
    "h3producer.send.wait.duration",
    _HISTOGRAM,
    "s",
    "How long an application's send waited for its client, or the path, to take bytes.",
    bounds=_SHORT_SECONDS,
)
SEND_WAITING = Instrument(
    "h3producer.send.waiting", _GAUGE, "{stream}", "Streams on which a send waits now."
)

# The process

LOOP_LAG = Instrument(
    "h3producer.event_loop.lag",
    _HISTOGRAM,
    "s",
    "How late a timer of the event loop came: what every client waits in between.",
    bounds=_SHORT_SECONDS,
)
CPU_TIME = Instrument(
    "process.cpu.time", _COUNTER, "s", "Processor time of the processes that serve.", ("cpu.mode",)
)
MEMORY = Instrument("process.memory.usage", _GAUGE, "By", "Their resident memory.")
FILE_DESCRIPTORS = Instrument(
    "process.unix.file_descriptor.count", _GAUGE, "{file_descriptor}", "Their open files."
)
WORKERS = Instrument("h3producer.workers", _GAUGE, "{process}", "Processes that serve.")

INSTRUMENTS: Final = tuple(each for each in tuple(globals().values()) if type(each) is Instrument)
"""All of them, in this order."""
