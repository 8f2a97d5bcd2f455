"""Applications for fuzzed connections: small, each with one habit, good or bad.

This file knows what applications do to a stream. It refuses to know what a client does. Its one
rule: once its exchange is over, each of them ends by itself within a few steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError
from tests.http3.harness import echo, hello

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream

__all__ = ["FAILING", "HANDLERS"]

TURNS = 8
"""How often a habit is repeated."""


async def answers_early(stream: Http3Stream) -> None:
    """Reads nothing of the request."""
    stream.response.start(403)
    await stream.response.complete(b"no")


async def writes_often(stream: Http3Stream) -> None:
    stream.response.start(200)
    for _ in range(TURNS):
        await stream.response.write(b"piece")
    await stream.response.complete()


async def writes_much(stream: Http3Stream) -> None:
    # RFC 9110 §8.6: a server sends no content-length in a 2xx response to a CONNECT.
    length = [(b"content-length", b"100000")] if stream.request.method != "CONNECT" else []
    stream.response.start(200, length)
    await stream.response.write(bytes(50_000))
    await stream.response.complete(bytes(50_000))


async def fills_memory(stream: Http3Stream) -> None:
    """Drives the producer itself, as upstream's applications do."""
    output = stream.output
    output.write_response_headers([(b":status", b"200")])
    for turn in range(TURNS):
        memory = output.get_memory(5)
        memory[:5] = b"piece"
        output.advance(5)
        if turn % 3 == 1:
            output.cancel_pending_flush()
        if (await output.flush()).is_completed:
            return
    await output.write_stream_suffix()


async def has_trailers(stream: Http3Stream) -> None:
    stream.response.start(200)
    if stream.request.method != "CONNECT":  # a tunnel has none (RFC 9114 §4.4)
        stream.response.set_trailers([(b"checksum", b"1")])
    await stream.response.write(b"body")
    await stream.response.complete()


async def hints_early(stream: Http3Stream) -> None:
    for _ in range(2):
        await stream.response.send_informational(103, [(b"link", b"</a>")])
    stream.response.start(204)
    await stream.response.complete()


async def looks_ahead(stream: Http3Stream) -> None:
    """Reads without consuming, then more, then waits for the end."""
    body = stream.body
    result = await body.read()
    body.advance_to(result.buffer.start, result.buffer.end)
    result = await body.read_at_least(100)
    body.advance_to(result.buffer.get_position(result.buffer.length // 2))
    body.cancel_pending_read()
    if (looked := body.try_read()) is not None:
        body.advance_to(looked.buffer.end)
    await hello(stream)


async def reads_half(stream: Http3Stream) -> None:
    await stream.body.read_chunk()
    await hello(stream)


async def waits_for_the_end(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.write(b"hello")
    await stream.wait_closed()


async def resets(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.write(b"hello")
    stream.reset(0x10C)
    await stream.response.write(b"nobody hears")


async def goes_on_whatever_happens(stream: Http3Stream) -> None:
    for turn in range(TURNS):
        try:
            if not stream.response.started:
                stream.response.start(200, [(b"content-length", b"20")])
            await stream.response.write(b"piece")
            if turn % 2:
                await stream.body.read_chunk()
        except (LocalProtocolError, OSError):
            pass
    await stream.response.complete()


async def raises_at_once(stream: Http3Stream) -> None:
    raise ValueError("at once")


async def raises_later(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.write(b"hello")
    await stream.body.read_chunk()
    raise ValueError("later")


async def returns_at_once(stream: Http3Stream) -> None:
    pass


async def returns_in_the_middle(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.write(b"hello")


async def writes_too_little(stream: Http3Stream) -> None:
    stream.response.start(200, [(b"content-length", b"20")])
    await stream.response.write(b"hello")
    await stream.response.complete()


FAILING: tuple[Handler, ...] = (
    raises_at_once,
    raises_later,
    returns_at_once,
    returns_in_the_middle,
    waits_for_the_end,
    writes_too_little,
    goes_on_whatever_happens,
)
"""Those that may be told that they have done something wrong."""

HANDLERS: tuple[Handler, ...] = (
    hello,
    echo,
    answers_early,
    writes_often,
    writes_much,
    fills_memory,
    has_trailers,
    hints_early,
    looks_ahead,
    reads_half,
    resets,
    *FAILING,
)
