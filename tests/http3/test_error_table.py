"""Kestrel's error table, row by row, with the codes that the RFCs ask for.

Upstream's table has 44 rows: what goes wrong, how wide it is, and the code. Here is what comes of
each on our side. Where the RFC says something else than Kestrel does, the row says so. A row that
has no place on a fake transport, or no meaning here, stands in `ELSEWHERE` with the reason.

Each row runs twice, with the client's bytes whole and one at a time. That nothing ever ends twice,
and that no partial response ends with FIN, is true of every row: the harness checks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.wire.frames import encode_frame, encode_goaway
from tests.http3.harness import GET, POST, Client, data, echo, hello, request, section, trailers

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream
    from tests.http3.conftest import Connect, LoggedErrors

Script = Callable[[Client], Awaitable[None]]
"""What the client does."""

E = ErrorCode

UNI, SECOND_UNI = 2, 6
CONTROL_STREAM = bytes.fromhex("00 04 00")
"""The type of a control stream, and an empty SETTINGS frame."""
WEBTRANSPORT_STREAM = b"\x40\x54"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the client does, and what comes of it; None: nothing of that kind."""

    does: Script
    handler: Handler = echo
    config: Config = Config(date_header=False, server_header=None)  # noqa: RUF009 - frozen
    reset: int | None = None
    """Stream 0 is reset with this."""
    close: int | None = None
    """The connection is closed with this."""
    status: int | None = None
    """Stream 0 is answered, to the end."""
    stops: tuple[int, int] | None = None
    """This stream is stopped with this, and not reset."""
    heard: int | None = None
    """What the application finds in `error_code`."""
    is_logged: bool = False
    """It is the application's fault, and logged as an error."""


# What clients do


def sends(*chunks: bytes, end: bool = True, on: int = 0) -> Script:
    """Bytes on a stream."""

    async def script(client: Client) -> None:
        client.send(*chunks, end=end, on=on)

    return script


def each(*scripts: Script) -> Script:
    """One after the other, with time in between for the application."""

    async def script(client: Client) -> None:
        for one in scripts:
            await one(client)
            await client.idle()

    return script


def control(*frames: bytes) -> Script:
    """The control stream, up to these frames."""
    return sends(CONTROL_STREAM, *frames, end=False, on=UNI)


def waits(seconds: float) -> Script:
    async def script(client: Client) -> None:
        client.pass_time(seconds)

    return script


async def resets(client: Client) -> None:
    client.reset(0x1234)


async def stops(client: Client) -> None:
    client.stop(0x1234)


async def leaves(client: Client) -> None:
    client.lose(0x1234)


async def is_shut_down(client: Client) -> None:
    client.connection.shutdown()


async def does_not_read(client: Client) -> None:
    client.transport.block(0)


async def hears_of_the_close(client: Client) -> None:
    client.transport.settle()


async def resets_its_control_stream(client: Client) -> None:
    client.reset(on=UNI)


async def stops_ours(client: Client) -> None:
    client.stop(on=3)


# What applications do


async def reads_first(stream: Http3Stream) -> None:
    while await stream.body.read_chunk():
        pass
    await hello(stream)


async def raises_after_the_start(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.write(b"so far")
    raise ValueError("as it is meant to")


async def leaves_too_few_bytes(stream: Http3Stream) -> None:
    stream.response.start(200, [(b"content-length", b"10")])
    await stream.response.write(b"so far")


async def is_cancelled(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.write(b"so far")
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def resets_with_a_code(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.write(b"so far")
    stream.reset(0x1234)


async def resets_with_no_code(stream: Http3Stream) -> None:
    stream.reset(-1)


async def closes_the_connection(stream: Http3Stream) -> None:
    stream.transport.close(ErrorCode.H3_INTERNAL_ERROR)
    await stream.wait_closed()


async def streams_for_ever(stream: Http3Stream) -> None:
    stream.response.start(200)
    while not (await stream.response.write(b"x" * 1000)).is_completed:
        pass


async def sends_large_headers(stream: Http3Stream) -> None:
    stream.response.start(200, [(b"x", b"y" * 200)])
    await stream.response.complete(b"hello")


LENGTH_5 = request(b"POST", (b"content-length", b"5"))
LIMIT_100 = bytes.fromhex("00 04 03 06 4064")
"""A control stream whose SETTINGS allow field sections of 100 bytes."""


def malformed(head: bytes) -> Row:
    return Row(does=sends(head), reset=E.H3_MESSAGE_ERROR)


def unexpected(*chunks: bytes) -> Row:
    return Row(does=sends(*chunks), close=E.H3_FRAME_UNEXPECTED)


def on_control(code: ErrorCode, *frames: bytes) -> Row:
    return Row(does=control(*frames), close=code)


ROWS: dict[str, Row] = {
    "1 the end and no request": Row(does=sends(b""), reset=E.H3_REQUEST_INCOMPLETE),
    "2 DATA first": unexpected(data(b"x")),
    "3 DATA after trailers": unexpected(POST, trailers((b"x", b"y")), data(b"x")),
    "3 HEADERS after trailers": unexpected(POST, trailers((b"x", b"y")), section((b"x", b"y"))),
    "4 SETTINGS on a request stream": unexpected(b"\x04\x00"),
    "4 CANCEL_PUSH on a request stream": unexpected(b"\x03\x01\x00"),
    "4 GOAWAY on a request stream": unexpected(b"\x07\x01\x00"),
    "4 MAX_PUSH_ID on a request stream": unexpected(b"\x0d\x01\x00"),
    "5 PUSH_PROMISE": unexpected(b"\x05\x01\x00"),
    "6 unknown and reserved frames": Row(
        does=sends(encode_frame(0x21, b"x"), GET, encode_frame(0x1F09, b"")), status=200
    ),
    # Kestrel ignores them. RFC 9114 §7.2.8: "These frame types MUST NOT be sent, and their receipt
    # MUST be treated as a connection error of type H3_FRAME_UNEXPECTED."
    **{
        f"6 type {kind:#x} of HTTP/2": unexpected(encode_frame(kind, b""))
        for kind in (0x02, 0x06, 0x08, 0x09)
    },
    # Kestrel: H3_GENERAL_PROTOCOL_ERROR. RFC 9114 §4.1.2: "Malformed requests or responses that are
    # detected MUST be treated as a stream error of type H3_MESSAGE_ERROR." The same goes for 15.
    "7 fewer bytes than its content-length": malformed(LENGTH_5 + data(b"1234")),
    "8 more bytes than its content-length": malformed(LENGTH_5 + data(b"123456")),
    # Kestrel: a stream error. RFC 9204 §2.2.3 makes it one of the connection.
    "9 QPACK that refers to nothing": Row(
        does=sends(b"\x01\x03\x00\x00\xff"), close=E.QPACK_DECOMPRESSION_FAILED
    ),
    # Kestrel rejects what is twice as large. RFC 9114 §4.2.2 knows 431, which tells more.
    "10 fields far above the limit": Row(
        does=sends(request(b"GET", *[(b"x", b"y" * 5000)] * 20)), status=431
    ),
    "11 fields above the limit": Row(
        does=sends(request(b"GET", *[(b"x", b"y" * 5000)] * 7)), status=431
    ),
    "12 more than 100 fields": Row(does=sends(request(b"GET", *[(b"x", b"y")] * 101)), status=431),
    "13 more than 200 fields": Row(does=sends(request(b"GET", *[(b"x", b"y")] * 201)), status=431),
    "14 an upper-case name": malformed(request(b"GET", (b"X", b"y"))),
    "14 a field about the connection": malformed(request(b"GET", (b"connection", b"close"))),
    "14 one that Kestrel lets through": malformed(request(b"GET", (b"upgrade", b"h2c"))),
    "14 te other than trailers": malformed(request(b"GET", (b"te", b"gzip"))),
    "14 an unknown pseudo-field": malformed(request(b"GET", (b":x", b"y"))),
    "14 :status": malformed(request(b"GET", (b":status", b"200"))),
    "14 a second :path": malformed(request(b"GET", (b":path", b"/"))),
    "14 a pseudo-field behind a field": malformed(
        section((b":method", b"GET"), (b"x", b"y"), (b":scheme", b"https"), (b":path", b"/"))
    ),
    "14 no :scheme": malformed(
        section((b":method", b"GET"), (b":authority", b"h3.example"), (b":path", b"/"))
    ),
    "14 a pseudo-field in trailers": malformed(POST + trailers((b":path", b"/"))),
    "14 a line break in a value": malformed(request(b"GET", (b"x", b"a\r\nb: c"))),
    "15 a method that is no token": malformed(request(b"G T")),
    "15 a path that is none": malformed(request(b"GET", path=b"relative")),
    "15 a second Host": malformed(
        request(b"GET", (b"host", b"a.example"), (b"host", b"b.example"))
    ),
    "17 a head that does not come in 30 s": Row(
        does=each(sends(GET[:5], end=False), waits(32)), reset=E.H3_REQUEST_REJECTED
    ),
    "18 a stream that does not say its type in 30 s": Row(
        does=each(sends(b"\x40", end=False, on=UNI), waits(32), sends(GET)),
        stops=(UNI, E.H3_STREAM_CREATION_ERROR),
        status=200,
    ),
    "19 a stream of unknown type": Row(
        does=each(sends(b"\x21x", end=False, on=UNI), sends(GET)),
        stops=(UNI, E.H3_STREAM_CREATION_ERROR),
        status=200,
    ),
    # Kestrel takes it for one of unknown type. RFC 9114 §6.2.2: "Only servers can push".
    "19 a push stream": Row(
        does=sends(b"\x01\x00", end=False, on=UNI), close=E.H3_STREAM_CREATION_ERROR
    ),
    **{
        f"20 a second {name} stream": Row(
            does=each(sends(first, end=False, on=UNI), sends(first, end=False, on=SECOND_UNI)),
            close=E.H3_STREAM_CREATION_ERROR,
        )
        for name, first in (("control", CONTROL_STREAM), ("encoder", b"\x02"), ("decoder", b"\x03"))
    },
    "21 a second SETTINGS": on_control(E.H3_FRAME_UNEXPECTED, b"\x04\x00"),
    "22 another frame before SETTINGS": Row(
        does=sends(b"\x00", encode_goaway(0), end=False, on=UNI), close=E.H3_MISSING_SETTINGS
    ),
    **{
        f"23 reserved setting {name}": Row(
            does=sends(b"\x00\x04\x02", bytes((name, 1)), end=False, on=UNI),
            close=E.H3_SETTINGS_ERROR,
        )
        for name in (0, 2, 3, 4, 5)
    },
    # Kestrel overlooks it. RFC 9114 §7.2.4: "The same setting identifier MUST NOT occur more than
    # once in the SETTINGS frame."
    "23 a setting twice": Row(
        does=sends(bytes.fromhex("00 04 04 0601 0601"), end=False, on=UNI),
        close=E.H3_SETTINGS_ERROR,
    ),
    "24 DATA on the control stream": on_control(E.H3_FRAME_UNEXPECTED, data(b"x")),
    "24 HEADERS on the control stream": on_control(E.H3_FRAME_UNEXPECTED, GET),
    "24 PUSH_PROMISE on the control stream": on_control(E.H3_FRAME_UNEXPECTED, b"\x05\x01\x00"),
    # Kestrel: H3_FRAME_ERROR. The frame is well-formed, it is only more than we hold.
    "25 SETTINGS larger than we hold": Row(
        does=sends(b"\x00\x04\x80\x01\x00\x00", end=False, on=UNI), close=E.H3_EXCESSIVE_LOAD
    ),
    "25 GOAWAY longer than its id": on_control(E.H3_FRAME_ERROR, b"\x07\x02\x00\x00"),
    "25 CANCEL_PUSH longer than its id": on_control(E.H3_FRAME_ERROR, b"\x03\x02\x00\x00"),
    "25 MAX_PUSH_ID longer than its id": on_control(E.H3_FRAME_ERROR, b"\x0d\x02\x00\x00"),
    # Kestrel acts a second or two later; here it is at once.
    "26 the end of the control stream": Row(
        does=sends(CONTROL_STREAM, on=UNI), close=E.H3_CLOSED_CRITICAL_STREAM
    ),
    "26 a reset of the control stream": Row(
        does=each(control(), resets_its_control_stream), close=E.H3_CLOSED_CRITICAL_STREAM
    ),
    "26 a stop of ours": Row(does=stops_ours, close=E.H3_CLOSED_CRITICAL_STREAM),
    "28 the application raises after the start": Row(
        does=sends(GET), handler=raises_after_the_start, reset=E.H3_INTERNAL_ERROR, is_logged=True
    ),
    "28 the application leaves too few bytes": Row(
        does=sends(GET), handler=leaves_too_few_bytes, reset=E.H3_INTERNAL_ERROR, is_logged=True
    ),
    "28 the application is cancelled": Row(
        does=sends(GET), handler=is_cancelled, reset=E.H3_INTERNAL_ERROR
    ),
    "29 the application resets": Row(does=sends(GET), handler=resets_with_a_code, reset=0x1234),
    "29 the application resets with no code": Row(
        does=sends(GET), handler=resets_with_no_code, status=500, is_logged=True
    ),
    "30 headers larger than the client takes": Row(
        does=each(sends(LIMIT_100, end=False, on=UNI), sends(GET)),
        handler=sends_large_headers,
        reset=E.H3_INTERNAL_ERROR,
    ),
    "31 a body that the application does not read": Row(
        does=sends(POST, data(b"x"), end=False),
        handler=hello,
        status=200,
        stops=(0, E.H3_NO_ERROR),
    ),
    # Kestrel answers a reset with the client's own code. What it means is in ours, too, and the
    # application hears the client's. RFC 9000 §3.5 has QUIC copy the code of STOP_SENDING.
    "32 the client resets": Row(
        does=each(sends(POST, end=False), resets), reset=E.H3_REQUEST_CANCELLED, heard=0x1234
    ),
    "32 the client stops": Row(
        does=each(sends(POST, end=False), stops), reset=0x1234, heard=0x1234
    ),
    "33 a request during a shutdown": Row(
        does=each(is_shut_down, sends(GET)), reset=E.H3_REQUEST_REJECTED, close=E.H3_NO_ERROR
    ),
    # Kestrel ends the connection for each of these.
    "34 a body that comes too slowly": Row(
        does=each(sends(POST, data(b"x"), end=False), waits(10)), handler=reads_first, status=408
    ),
    "34 a response that is taken too slowly": Row(
        does=each(does_not_read, sends(GET), waits(7)),
        handler=streams_for_ever,
        reset=E.H3_REQUEST_CANCELLED,
    ),
    "36 no request for 130 s": Row(does=each(control(), waits(132)), close=E.H3_NO_ERROR),
    "36 a graceful shutdown": Row(does=is_shut_down, close=E.H3_NO_ERROR),
    # Kestrel closes. RFC 9114 §5.2: it only says which pushes are not wanted, and we have none.
    "36 the client's GOAWAY": Row(does=each(control(encode_goaway(0)), sends(GET)), status=200),
    "37 the connection ends": Row(does=each(sends(POST, end=False), leaves), heard=0x1234),
    "39 the application closes the connection": Row(
        does=each(sends(GET), hears_of_the_close),
        handler=closes_the_connection,
        close=E.H3_INTERNAL_ERROR,
        heard=E.H3_INTERNAL_ERROR,
    ),
    # Kestrel: H3_GENERAL_PROTOCOL_ERROR.
    "40 :protocol without CONNECT": malformed(request(b"GET", (b":protocol", b"webtransport"))),
    # Kestrel knows WebTransport alone. Here what may be spoken is the handler's to say.
    "40 a CONNECT with :protocol": Row(
        does=sends(request(b"CONNECT", (b":protocol", b"webtransport"))), status=200
    ),
    "41 settings of WebTransport": Row(
        does=each(sends(bytes.fromhex("00 04 07 ab603742 01 3301"), end=False, on=UNI), sends(GET)),
        status=200,
    ),
    "42 a stream of WebTransport": Row(
        does=each(sends(WEBTRANSPORT_STREAM, end=False, on=UNI), sends(GET)),
        stops=(UNI, E.H3_STREAM_CREATION_ERROR),
        status=200,
    ),
    "44 a body above 30,000,000 bytes": Row(
        does=sends(request(b"POST", (b"content-length", b"30000001")), end=False), status=413
    ),
}

ELSEWHERE = {
    16: "no bound of its own for the request line: rows 10 and 11 hold for it",
    27: "our control stream cannot fail to open: it needs nothing that may be missing",
    35: "nothing is left to fail when a response has been handed over",
    38: "tests/e2e/test_shutdown.py, test_when_the_grace_period_is_over_requests_are_cut",
    43: "nothing ends without a code here: rows 28 and 36 are what upstream's defaults are for",
}


def test_every_row_has_its_place() -> None:
    numbers = {int(name.split()[0]) for name in ROWS}
    assert numbers.isdisjoint(ELSEWHERE)
    assert sorted(numbers | set(ELSEWHERE)) == list(range(1, 45))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_what_goes_wrong_has_this_end(
    connect: Connect, errors: LoggedErrors, row: Row
) -> None:
    streams = []

    async def handler(stream: Http3Stream) -> None:
        streams.append(stream)
        await row.handler(stream)

    client = connect(handler, config=row.config)
    await row.does(client)
    await client.idle()

    received = client.received()
    assert client.close_code == row.close
    if row.close is None or row.reset is not None:
        assert received.reset == row.reset
    assert (received.status if received.ended else None) == row.status
    if row.stops is not None:
        stream_id, code = row.stops
        assert client.transport.stops[stream_id] == code
        assert stream_id not in client.transport.resets
    if row.heard is not None:
        assert [stream.error_code for stream in streams] == [row.heard]
    assert len(errors.take()) == row.is_logged
