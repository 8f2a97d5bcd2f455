"""What a client may do in a second, and what the next one costs: H3_EXCESSIVE_LOAD, always.

Each row is a stimulus that is harmless by itself. With a limit of 2 a second, twenty may come at
once; the connection lives through those and not through one more. (How the buckets empty:
`test_load.py`; unknown and empty frames on request streams: `test_request_reader.py`.)
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode
from h3producer.http3 import connection
from h3producer.http3.complaints import ComplaintLog
from h3producer.wire.frames import encode_frame
from tests.http3.harness import CONFIG, GET, POST, Client, data, hello, request, section

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect

Stimulus = Callable[[Client, int], Awaitable[None]]
"""What the client does for the n-th time, n from 0."""

CONTROL_STREAM, ENCODER_STREAM, DECODER_STREAM = 2, 6, 10


async def waits(stream: Http3Stream) -> None:
    """An application that is at work until its client goes."""
    await stream.wait_closed()


async def a_request(client: Client, n: int) -> None:
    client.send(GET, end=True, on=4 * n)
    await client.idle()


async def a_request_that_is_reset_at_once(client: Client, n: int) -> None:
    """CVE-2023-44487, rapid reset."""
    client.send(GET, on=4 * n)
    client.reset(on=4 * n)


async def a_request_that_is_reset_while_it_is_answered(client: Client, n: int) -> None:
    client.send(POST, on=4 * n)
    await client.idle()
    client.reset(on=4 * n)
    await client.idle()


async def a_whole_request_whose_response_is_stopped(client: Client, n: int) -> None:
    """CVE-2025-8671 in its HTTP/3 form."""
    client.send(GET, end=True, on=4 * n)
    await client.idle()
    client.stop(on=4 * n)
    await client.idle()


async def a_request_that_is_reset_and_stopped(client: Client, n: int) -> None:
    """As most clients give a request up; it counts once."""
    client.send(POST, on=4 * n)
    await client.idle()
    client.reset(on=4 * n)
    client.stop(on=4 * n)
    await client.idle()


async def a_request_that_is_malformed(client: Client, n: int) -> None:
    client.send(section((b":method", b"GET")), on=4 * n)


async def a_request_that_turns_out_to_be_malformed(client: Client, n: int) -> None:
    """CVE-2025-8671, made-you-reset: the server has begun to work on it."""
    client.send(request(b"POST", (b"content-length", b"1")), on=4 * n)
    await client.idle()
    client.send(data(b"xy"), on=4 * n)
    await client.idle()


async def a_request_with_no_head(client: Client, n: int) -> None:
    client.send(b"", end=True, on=4 * n)


async def an_unknown_frame_on_the_control_stream(client: Client, n: int) -> None:
    client.send(b"\x21\x00", on=CONTROL_STREAM)


async def a_stream_of_an_unknown_type(client: Client, n: int) -> None:
    client.send(b"\x21", on=14 + 4 * n)


async def a_stream_that_ends_without_a_type(client: Client, n: int) -> None:
    client.send(b"", end=True, on=14 + 4 * n)


async def a_stream_that_is_reset_without_a_type(client: Client, n: int) -> None:
    client.reset(on=14 + 4 * n)


async def a_goaway(client: Client, n: int) -> None:
    client.send(b"\x07\x01\x00", on=CONTROL_STREAM)


async def a_priority_update(client: Client, n: int) -> None:
    client.send(encode_frame(0xF0700, b"\x00u=1"), on=CONTROL_STREAM)


async def a_table_capacity_of_0(client: Client, n: int) -> None:
    client.send(b"\x20", on=ENCODER_STREAM)


async def a_stream_cancellation(client: Client, n: int) -> None:
    client.send(b"\x44", on=DECODER_STREAM)


BOUNDS: list[tuple[str, Stimulus]] = [
    ("max_requests_per_second", a_request),
    ("max_resets_per_second", a_request_that_is_reset_at_once),
    ("max_resets_per_second", a_request_that_is_reset_while_it_is_answered),
    ("max_resets_per_second", a_whole_request_whose_response_is_stopped),
    ("max_resets_per_second", a_request_that_is_reset_and_stopped),
    ("max_resets_per_second", a_request_that_is_malformed),
    ("max_resets_per_second", a_request_that_turns_out_to_be_malformed),
    ("max_resets_per_second", a_request_with_no_head),
    ("max_unknown_frames_per_second", an_unknown_frame_on_the_control_stream),
    ("max_unknown_streams_per_second", a_stream_of_an_unknown_type),
    ("max_unknown_streams_per_second", a_stream_that_ends_without_a_type),
    ("max_unknown_streams_per_second", a_stream_that_is_reset_without_a_type),
    ("max_control_frames_per_second", a_goaway),
    ("max_priority_updates_per_second", a_priority_update),
    ("max_qpack_instructions_per_second", a_table_capacity_of_0),
    ("max_qpack_instructions_per_second", a_stream_cancellation),
]


def limited(setting: str) -> Config:
    return replace(CONFIG, **{setting: 2})  # type: ignore[arg-type]


async def opened(connect: Connect, setting: str) -> Client:
    """A client whose control and QPACK streams are open."""
    client = connect(waits, config=limited(setting))
    client.send(b"\x00\x04\x00", on=CONTROL_STREAM)
    client.send(b"\x02", on=ENCODER_STREAM)
    client.send(b"\x03", on=DECODER_STREAM)
    client.pass_time(1)  # SETTINGS counted as one control frame; that has leaked away
    return client


@pytest.mark.parametrize(
    ("setting", "stimulus"), BOUNDS, ids=[stimulus.__name__ for _, stimulus in BOUNDS]
)
async def test_ten_seconds_worth_may_come_at_once_and_the_next_closes_the_connection(
    connect: Connect, setting: str, stimulus: Stimulus
) -> None:
    client = await opened(connect, setting)
    for number in range(20):
        await stimulus(client, number)
    assert client.close_code is None
    await stimulus(client, 20)
    assert client.close_code == ErrorCode.H3_EXCESSIVE_LOAD


@pytest.mark.parametrize(
    ("setting", "stimulus"), BOUNDS, ids=[stimulus.__name__ for _, stimulus in BOUNDS]
)
async def test_what_comes_at_the_limit_may_come_for_ever(
    connect: Connect, setting: str, stimulus: Stimulus
) -> None:
    client = await opened(connect, setting)
    for number in range(60):
        await stimulus(client, number)
        if number % 2:
            client.pass_time(1)
    assert client.close_code is None


async def test_a_reset_behind_the_whole_response_is_no_early_end(connect: Connect) -> None:
    client = connect(hello, config=limited("max_resets_per_second"))
    for number in range(30):
        client.send(GET, end=True, on=4 * number)
        await client.idle()
        client.stop(on=4 * number)
    assert client.close_code is None


async def test_what_an_application_resets_is_not_the_clients_doing(connect: Connect) -> None:
    async def resets(stream: Http3Stream) -> None:
        stream.reset(0x10C)

    client = connect(resets, config=limited("max_resets_per_second"))
    for number in range(30):
        client.send(GET, end=True, on=4 * number)
        await client.idle()
    assert client.close_code is None


# What is said of it


async def test_a_client_that_breaks_rules_is_worth_one_line(
    connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A log of its own: that of the process may have had enough of the tests before.
    monkeypatch.setattr(connection, "COMPLAINTS", ComplaintLog())
    client = connect(waits)
    with caplog.at_level(logging.INFO, "h3producer"):
        await a_request_that_is_malformed(client, 0)
        await a_request_that_is_malformed(client, 1)
        client.send(b"\x00\x00\x00", on=CONTROL_STREAM)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("Client 127.0.0.1 port 50000 broke a rule; stream 0 is reset: ")
    assert client.close_code == ErrorCode.H3_MISSING_SETTINGS


@pytest.mark.parametrize("end", ["reset", "stop", "lost"])
async def test_an_ordinary_disconnect_is_worth_none(
    connect: Connect, caplog: pytest.LogCaptureFixture, end: str
) -> None:
    client = connect(waits)
    with caplog.at_level(logging.INFO, "h3producer"):
        client.send(POST)
        await client.idle()
        if end == "reset":
            client.reset()
        elif end == "stop":
            client.stop()
        else:
            client.lose()
        await client.idle()
    assert caplog.records == []
