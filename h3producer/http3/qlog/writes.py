"""What an application writes, and how long each of its writes waits.

This file knows the calls of `Http3OutputProducer` that take bytes or wait. It refuses to know what
they do. Its one rule: it changes one response, that of a connection of which notes are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from h3producer.http3.qlog.journal import Journal
    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.pipe.results import FlushResult

__all__ = ["noting_handler"]


def noting_handler(handler: Handler, journal: Journal) -> Handler:
    """The same handler, whose writes are noted: `h3producer:write_began` and `…_ended`."""

    async def handle(stream: Http3Stream) -> None:
        _note_writes(stream, journal)
        await handler(stream)

    return handle


def _note_writes(stream: Http3Stream, journal: Journal) -> None:
    output = stream.output
    about = {"stream_id": stream.stream_id}
    write, end, write_suffix = (
        output.write_data_to_pipe,
        output.try_end,
        output.write_stream_suffix,
    )

    def began(length: int) -> None:
        journal.note("h3producer:write_began", {**about, "length": length})

    def ended() -> None:
        journal.note("h3producer:write_ended", about)

    async def noted_write(data: bytes) -> FlushResult:
        began(len(data))
        try:
            return await write(data)
        finally:
            ended()

    def noted_end(data: bytes = b"") -> bool:
        is_done = end(data)
        if is_done and data:
            began(len(data))
            ended()
        return is_done

    async def noted_suffix() -> None:
        began(output.unflushed_bytes)
        try:
            await write_suffix()
        finally:
            ended()

    # The methods of this one object, whose class pays nothing for it.
    output.write_data_to_pipe = noted_write  # type: ignore[method-assign]
    output.try_end = noted_end  # type: ignore[method-assign]
    output.write_stream_suffix = noted_suffix  # type: ignore[method-assign]
