"""The cost of single functions on the way of a small GET, in microseconds.

    python -m tests.bench.micro

No sockets and no other process. Each figure is the best of several series: what the function
costs when the machine lets it run.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pylsqpack

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
from tests.bench.main import run_benchmark
from tests.bench.memory_engine import EngineLoad
from tests.bench.null_transport import NullTransport
from tests.bench.report import Report, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.stream import Handler, Http3Stream

__all__ = ["run"]

SERIES = 7
BATCH = 50
"""Requests that come in one pass of the loop, as from a client with as many streams."""

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


def run(quick: bool = False) -> Report:
    """All functions, one row each."""
    rounds = 20 if quick else 20_000
    table = Table("Cost of single functions, best series", ["function", "µs"])
    for name, function in functions().items():
        table.add(name, f"{_best(function, rounds):.2f}")
    requests = BATCH if quick else 4000
    for name, handler in (("core", _handler), ("core and ASGI", AsgiAdapter(app))):
        cost = asyncio.run(_core_request(handler, requests))
        table.add(f"whole request, {name}, without QUIC", f"{cost:.2f}")
    cost = EngineLoad(REQUEST, b"x" * 80).microseconds_per_request(requests, BATCH)
    table.add("whole request, QUIC engine alone", f"{cost:.2f}")
    return Report("micro", [table])


def functions() -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    pipe = Pipe(PipeOptions(pause_writer_threshold=1, resume_writer_threshold=1))
    decoder, encoder = FieldSectionDecoder(), FieldSectionEncoder()
    _, section = pylsqpack.Encoder().encode(0, REQUEST_FIELDS)
    response = response_fields(200, RESPONSE_HEADERS)
    whole = frozenset((FrameType.HEADERS,))
    streamed = frozenset((FrameType.DATA,))

    def pipe_cycle() -> None:
        pipe.writer.write(BODY)
        pipe.writer.publish()
        result = pipe.reader.try_read()
        assert result is not None
        pipe.reader.advance_to(result.buffer.end)

    def pipe_life() -> None:
        new = Pipe()
        new.writer.write(BODY)
        new.writer.complete()
        new.reader.try_read()
        new.reader.complete()

    def read_frames() -> None:
        for _ in FrameReader(whole, streamed, max_payload=16384).feed(REQUEST):
            pass

    return {
        "pipe: write, publish, read, advance": pipe_cycle,
        "pipe: new, write, complete, read, complete": pipe_life,
        "frames: read a HEADERS frame": read_frames,
        "frames: encode a DATA header": lambda: encode_data_header(1000),
        "qpack: decode a request": lambda: decoder.decode(0, section),
        "parse_request": lambda: parse_request(REQUEST_FIELDS),
        "response_fields": lambda: response_fields(200, RESPONSE_HEADERS),
        "field_section_size": lambda: field_section_size(response),
        "qpack: encode a response": lambda: encoder.encode(response),
    }


def _best(function: Callable[[], object], rounds: int) -> float:
    """Microseconds a call in the best of `SERIES` series."""
    best = float("inf")
    for _ in range(SERIES):
        start = time.perf_counter()
        for _ in range(rounds):
            function()
        best = min(best, (time.perf_counter() - start) / rounds)
    return best * 1e6


async def _handler(stream: Http3Stream) -> None:
    stream.response.start(200, RESPONSE_HEADERS)
    await stream.response.complete(BODY)


async def _core_request(handler: Handler, requests: int) -> float:
    """Microseconds for a request from the stream's bytes to `send` with FIN."""
    connection = Http3Connection(NullTransport(), handler, Config())
    stream_id = 0
    best = float("inf")
    for _ in range(SERIES):
        start = time.perf_counter()
        for _ in range(requests // BATCH):
            for _ in range(BATCH):
                connection.stream_data_received(stream_id, REQUEST, True)
                stream_id += 4
            while connection.streams:  # noqa: ASYNC110 - passes of the loop are what is timed
                await asyncio.sleep(0)
        best = min(best, (time.perf_counter() - start) / requests)
    return best * 1e6


if __name__ == "__main__":
    run_benchmark("micro", run)
