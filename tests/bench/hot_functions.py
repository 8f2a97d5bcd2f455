"""The functions on the way of a small GET and of bulk, one benchmark each, on pytest-benchmark.

    python -m pytest tests/bench/hot_functions.py --benchmark-only

A guide for work on one function: two runs compare with `--benchmark-autosave` and
`--benchmark-compare`. Where a function needs a world around it (a connection with requests on
it), the world is set up outside the stopwatch, and the function runs once for each setting;
`calls` in the extra columns says for how many items. Not part of `make test`, but for a moment in
`test_smoke.py`.
"""

from __future__ import annotations

import asyncio
from statistics import mean
from typing import TYPE_CHECKING, Any, Protocol

import pylsqpack
import pytest

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.pipe import Pipe, PipeOptions
from h3producer.wire.fields import field_section_size
from h3producer.wire.frames import FrameReader, FrameType, encode_data_header
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from h3producer.wire.request import parse_request
from h3producer.wire.response import response_fields
from tests.bench.app import app
from tests.bench.client import headers_frame
from tests.bench.engine_pair import EnginePair
from tests.bench.null_transport import NullTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.stream import Handler, Http3Stream

BATCH = 50
"""Requests that come in one pass of the loop, as from a client with as many streams."""

SETTINGS = 200
"""How often a world is set up."""

BODY = b"Hello, World!"
REQUEST = headers_frame("GET", "/")
REQUEST_FIELDS = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":authority", b"localhost"),
    (b":path", b"/"),
    (b"user-agent", b"h3producer-bench"),
    (b"accept", b"*/*"),
]
RESPONSE_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"13")]
SMALL_RESPONSE = b"x" * 80
BULK_RESPONSE = b"x" * 11_000
"""Ten datagrams: an initial congestion window of them."""


class Benchmark(Protocol):
    """As much of pytest-benchmark's fixture as is used here."""

    extra_info: dict[str, Any]

    def __call__(self, function: Callable[[], object]) -> object: ...

    def pedantic(
        self, target: Callable[..., object], *, setup: Callable[[], Any], rounds: int
    ) -> object: ...


# Functions of bytes and values


def pipe_cycle() -> Callable[[], object]:
    pipe = Pipe(PipeOptions(pause_writer_threshold=1, resume_writer_threshold=1))

    def cycle() -> None:
        pipe.writer.write(BODY)
        pipe.writer.publish()
        result = pipe.reader.try_read()
        assert result is not None
        pipe.reader.advance_to(result.buffer.end)

    return cycle


def pipe_life() -> None:
    pipe = Pipe()
    pipe.writer.write(BODY)
    pipe.writer.complete()
    pipe.reader.try_read()
    pipe.reader.complete()


def read_frames() -> Callable[[], object]:
    whole, streamed = frozenset((FrameType.HEADERS,)), frozenset((FrameType.DATA,))

    def read() -> None:
        for _ in FrameReader(whole, streamed, max_payload=16384).feed(REQUEST):
            pass

    return read


def decode_request() -> Callable[[], object]:
    decoder = FieldSectionDecoder()
    _, section = pylsqpack.Encoder().encode(0, REQUEST_FIELDS)
    return lambda: decoder.decode(0, section)


def measure_response() -> Callable[[], object]:
    fields = response_fields(200, RESPONSE_HEADERS)
    return lambda: field_section_size(fields)


def encode_response() -> Callable[[], object]:
    encoder, fields = FieldSectionEncoder(), response_fields(200, RESPONSE_HEADERS)
    return lambda: encoder.encode(fields)


FUNCTIONS: dict[str, Callable[[], Callable[[], object]]] = {
    "pipe: write, publish, read, advance": pipe_cycle,
    "pipe: new, write, complete, read, complete": lambda: pipe_life,
    "frames: read a HEADERS frame": read_frames,
    "frames: encode a DATA header": lambda: lambda: encode_data_header(1000),
    "qpack: decode a request": decode_request,
    "parse_request": lambda: lambda: parse_request(REQUEST_FIELDS),
    "response_fields": lambda: lambda: response_fields(200, RESPONSE_HEADERS),
    "field_section_size": measure_response,
    "qpack: encode a response": encode_response,
}
"""By name, what makes the function that is timed."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str, benchmark: Benchmark) -> None:
    benchmark(FUNCTIONS[name]())


# The core, without QUIC


async def respond(stream: Http3Stream) -> None:
    stream.response.start(200, RESPONSE_HEADERS)
    await stream.response.complete(BODY)


HANDLERS: dict[str, Callable[[], Handler]] = {
    "core: a request and its response": lambda: respond,
    "core and ASGI: a request and its response": lambda: AsgiAdapter(app),
}


@pytest.mark.parametrize("name", HANDLERS)
def test_core(name: str, benchmark: Benchmark) -> None:
    benchmark.extra_info["calls"] = BATCH
    with asyncio.Runner() as runner:
        connection = Http3Connection(NullTransport(), HANDLERS[name](), Config())
        first = iter(range(0, 1 << 40, 4 * BATCH))

        async def answer_all() -> None:
            stream_id = next(first)
            for _ in range(BATCH):
                connection.stream_data_received(stream_id, REQUEST, True)
                stream_id += 4
            while connection.streams:  # noqa: ASYNC110 - passes of the loop are what is timed
                await asyncio.sleep(0)

        benchmark(lambda: runner.run(answer_all()))


# The engine, without sockets


def test_engine_receives_requests(benchmark: Benchmark) -> None:
    pair = EnginePair(SMALL_RESPONSE)

    def requests() -> tuple[tuple[list[bytes]], dict[str, Any]]:
        pair.travel()
        pair.ask(REQUEST, BATCH)
        return (pair.client_datagrams(),), {}

    benchmark.extra_info["calls"] = BATCH
    benchmark.pedantic(pair.receive, setup=requests, rounds=SETTINGS)


def test_engine_sends_small_responses(benchmark: Benchmark) -> None:
    pair = EnginePair(SMALL_RESPONSE)
    sent: list[list[bytes]] = []

    def answers() -> None:
        for datagrams in sent:
            pair.client_receives(datagrams)
        sent.clear()
        pair.travel()
        pair.ask(REQUEST, BATCH)
        pair.receive(pair.client_datagrams())

    benchmark.extra_info["calls"] = BATCH
    benchmark.pedantic(lambda: sent.append(pair.flush()), setup=answers, rounds=SETTINGS)


def test_engine_sends_full_datagrams(benchmark: Benchmark) -> None:
    pair = EnginePair(BULK_RESPONSE)
    flights: list[list[bytes]] = []

    def bulk() -> None:
        if flights:
            pair.client_receives(flights[-1])
        pair.travel()
        pair.ask(REQUEST)
        pair.receive(pair.client_datagrams())

    benchmark.pedantic(lambda: flights.append(pair.flush()), setup=bulk, rounds=SETTINGS)
    # Pacing decides how many they are.
    benchmark.extra_info["calls"] = mean(len(flight) for flight in flights)


def test_engine_receives_acknowledgements(benchmark: Benchmark) -> None:
    pair = EnginePair(BULK_RESPONSE)
    acknowledged: list[int] = []

    def acknowledgements() -> tuple[tuple[list[bytes]], dict[str, Any]]:
        pair.ask(REQUEST)
        pair.receive(pair.client_datagrams())
        flight = pair.flush()
        acknowledged.append(len(flight))
        pair.client_receives(flight)
        return (pair.client_datagrams(),), {}

    benchmark.pedantic(pair.receive, setup=acknowledgements, rounds=SETTINGS)
    benchmark.extra_info["calls"] = mean(acknowledged)


def test_engine_receives_full_datagrams(benchmark: Benchmark) -> None:
    pair = EnginePair()
    arrived: list[int] = []

    def upload() -> tuple[tuple[list[bytes]], dict[str, Any]]:
        pair.travel()
        pair.ask(BULK_RESPONSE)
        datagrams = pair.client_datagrams()
        arrived.append(len(datagrams))
        return (datagrams,), {}

    benchmark.pedantic(pair.receive, setup=upload, rounds=SETTINGS)
    benchmark.extra_info["calls"] = mean(arrived)
