"""Limits: what a client, or all of them, may make the server hold, wait for or do.

This file knows each limit: what it bounds, in which unit, and why the default is what it is. It
refuses to know what values one may have (`ranges.py`), and what happens at the limit.
"""

from __future__ import annotations

from dataclasses import dataclass

from h3producer.config.ranges import KIB, MIB

__all__ = ["Limits"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The settings of a `Config` that are limits."""

    # Memory

    response_buffer: int = 64 * KIB
    """Bytes of a response that may wait unsent per stream before `send` waits. 64 KiB is
    Kestrel's MaxWriteBufferSize; smaller starves fast links, larger only costs memory."""
    request_buffer: int = 256 * KIB
    """Bytes of a request the client may send before the application reads (the stream's
    flow-control window). 256 KiB fills a 20 Mbit/s path of 100 ms."""
    connection_buffer: int = 1 * MIB
    """Bytes of all requests of a connection that may be unread (the connection's
    flow-control window). Bounds what one client can make us hold."""
    max_bytes_in_flight: int = 8 * MIB
    """Bytes on one connection that were sent and not yet acknowledged, all responses together,
    which we keep in case they are lost: the congestion window's ceiling. 8 MiB are 670 Mbit/s over
    a path of 100 ms, more than one process sends. A client that acknowledges eagerly and then falls
    silent holds as much of our memory, if its flow control allows it."""
    max_control_payload: int = 16 * KIB
    """Bytes of a control-stream frame (SETTINGS, GOAWAY …) that we buffer. Kestrel: 10,000."""

    # Requests

    max_field_section_size: int = 16 * KIB
    """Encoded bytes of a field section (a HEADERS payload) that we accept; beyond it 431. Bounds
    memory before decoding, and what decoding costs: an octet yields at most one field."""
    max_decoded_field_section_size: int = 32 * KIB
    """Bytes of a field section after decoding, counted as in RFC 9114 §4.2.2, with 32 bytes a
    field; beyond it 431. Huffman code makes less than twice its size of the encoded section;
    32 KiB is Kestrel's MaxRequestHeadersTotalSize."""
    max_fields: int = 100
    """Fields of a section, pseudo-headers included; all cookies count as one, since browsers cut
    theirs into crumbs. Beyond it 431. 100 is Kestrel's MaxRequestHeaderCount."""
    max_request_body_size: int | None = 30_000_000
    """Bytes of a request's content; beyond it 413, at once if content-length says so. None: no
    limit. 30 MB is Kestrel's MaxRequestBodySize; what is in memory is bounded by
    `request_buffer`, this bounds what an application may pile up from it."""
    max_concurrent_streams: int = 128
    """Requests that a client may have open at once on one connection. RFC 9114 §6.1 asks for
    at least 100; 128 is what nginx grants."""

    # Datagrams and sessions

    max_received_datagrams: int = 128
    """Datagrams of one request that wait for the application; the oldest makes room for a newer
    one. 150 kB at most, and a tenth of a second of a video call."""
    max_pending_datagrams: int = 128
    """DATAGRAM frames (RFC 9221) per connection that wait for room in a packet; what comes then
    is dropped, as the network would. 150 kB at most."""
    max_webtransport_sessions: int = 16
    """Sessions at once on one connection; beyond it H3_REQUEST_REJECTED. They share the
    connection's windows, so one that does not read can hold up the others."""

    # Times, in seconds; those of one exchange are looked at once a second

    request_head_timeout: float = 30.0
    """From the first byte of a request stream until its headers are complete; then it is reset with
    H3_REQUEST_REJECTED. Also until a unidirectional stream says its type. Kestrel's
    RequestHeadersTimeout."""
    keep_alive_timeout: float = 130.0
    """Without a request until a connection ends with GOAWAY and H3_NO_ERROR, although its client
    sends packets. Kestrel's KeepAliveTimeout: longer than the two minutes of common proxies."""
    idle_timeout: float = 60.0
    """Without a packet from the client until the connection is dropped (RFC 9000 §10.1)."""
    min_request_data_rate: float | None = 240.0
    """Bytes per second that a body must come with while the application waits for it, on average
    since the wait began; slower ones get 408, or a reset if the response has begun. None: any.
    240 B/s is Kestrel's MinRequestBodyDataRate, a tenth of a modem."""
    min_response_data_rate: float | None = 240.0
    """Bytes per second that a client must take while a response waits for it: N bytes may take N
    divided by this, and `data_rate_grace` at least; slower ones are reset with
    H3_REQUEST_CANCELLED. None: any. Kestrel's MinResponseDataRate."""
    data_rate_grace: float = 5.0
    """From the beginning of a wait in which no rate is asked: a lost packet is no slow client."""

    # What a client may do in a second; ten times as much at once. Beyond it the connection closes
    # with H3_EXCESSIVE_LOAD.

    max_requests_per_second: int = 10_000
    """Requests on one connection: more than one core can answer, so whoever sends more does not
    want answers."""
    max_resets_per_second: int = 100
    """Exchanges on one connection that end early because of the client: it reset or stopped them,
    or they were malformed or refused. Rapid reset (CVE-2023-44487) and made-you-reset
    (CVE-2025-8671) do so with all of theirs; who leaves a page, with a hundred once."""
    max_unknown_frames_per_second: int = 1_000
    """Frames of unknown types on one connection. Clients send a few to keep servers tolerant
    (RFC 9114 §7.2.8), hardly one a request."""
    max_unknown_streams_per_second: int = 10
    """Unidirectional streams of unknown types, or without one, on one connection. Clients send one
    (RFC 9114 §6.2.3)."""
    max_empty_data_frames_per_second: int = 1_000
    """DATA frames without content on one connection. Some clients send one as the end."""
    max_control_frames_per_second: int = 100
    """GOAWAY and the like on one connection. A client sends a handful in its life."""
    max_priority_updates_per_second: int = 1_000
    """PRIORITY_UPDATE frames on one connection. A browser sends one for each of a page's images
    that scrolls into view."""
    max_qpack_instructions_per_second: int = 1_000
    """Instructions on both QPACK streams of one connection. Without a dynamic table there is
    nothing to say but Stream Cancellation, one for each request that is given up."""

    # WebSockets, under uvicorn's names

    ws_max_size: int = 16 * MIB
    """Bytes of a WebSocket message, also once it is inflated; beyond it the socket closes with
    1009. All sockets of one connection hold twice as much at most. uvicorn's default."""
    ws_ping_interval: float | None = 20.0
    """Seconds between pings on a WebSocket, which also keep a quiet connection: less than
    `idle_timeout`. uvicorn's default. None: no pings."""
    ws_ping_timeout: float | None = 20.0
    """Seconds that a client may take to answer a ping; then the socket is reset with
    H3_REQUEST_CANCELLED. uvicorn's default. None: as long as it likes."""

    # Connections

    retry_threshold: int = 32
    """Unfinished handshakes of a process, from which on `retry="auto"` asks for the proof; it
    stops at half of them. 32 is a twentieth of a second of work for one core, and what a server at
    full load has open at once when its clients are 100 ms away."""
    handshake_timeout: float = 10.0
    """Seconds until a handshake that does not finish is dropped, whatever comes. A client that
    lost every second packet needs 3; `idle_timeout` is meant for quiet connections."""
    max_connections: int = 10_000
    """Connections at once of a process, half-open ones included; who comes then is told
    CONNECTION_REFUSED. One costs about 100 kB, so this many are 1 GB."""
    max_half_open_connections: int = 1_000
    """Unfinished handshakes at once of a process: 100 MB. First packets that come then are
    dropped without an answer, since a second later there may be room: a client that hears
    nothing asks again, one that is refused gives up."""
    max_connections_per_address: int | None = 256
    """Connections at once from one IPv4 address or one IPv6 /64, once that is proven by a
    handshake or a Retry; who comes then is told CONNECTION_REFUSED. 256 leaves room for an office
    behind one address, and takes 40 addresses to fill `max_connections`. None: no limit, for
    a server behind a proxy that hides addresses."""
