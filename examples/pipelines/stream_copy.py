"""A file to standard output through two streams: the stream sample of the Pipelines page.

`PipeReader.create` and `PipeWriter.create` make pipe ends of a file and of standard output,
which is left open. Both may block, so they run in a thread; the event loop goes on, here to
watch for a `c` that cancels the processing without an exception.

    python examples/pipelines/stream_copy.py [FILE]

FILE must end with a newline; without FILE it is a bit of lorem ipsum.
"""

from __future__ import annotations

import asyncio
import io
import sys
import traceback
from pathlib import Path
from typing import BinaryIO

from h3producer.pipe import (
    FlushResult,
    PipeReader,
    PipeWriter,
    ReadOnlySequence,
    StreamPipeWriterOptions,
)

NEWLINE = ord("\n")
LOREM_IPSUM = b"Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit,\nsed do eiusmod.\n"


class InvalidDataError(Exception):
    """The data ended in the middle of a message."""


async def process_messages(reader: PipeReader, writer: PipeWriter) -> None:
    """Carry whole lines from `reader` to `writer` until one of them ends or is cancelled."""
    try:
        while True:
            read_result = await reader.read()
            buffer = read_result.buffer
            try:
                if read_result.is_canceled:
                    break
                message, buffer = try_parse_lines(buffer)
                if message:
                    flush_result = await write_messages(writer, message)
                    if flush_result.is_canceled or flush_result.is_completed:
                        break
                if read_result.is_completed:
                    if buffer:
                        raise InvalidDataError("Incomplete message.")
                    break
            finally:
                reader.advance_to(buffer.start, buffer.end)
    except Exception:
        traceback.print_exc()
    finally:
        await reader.complete_async()
        await writer.complete_async()


def try_parse_lines(buffer: ReadOnlySequence) -> tuple[str, ReadOnlySequence]:
    """All whole lines as one text, and what follows them."""
    lines: list[str] = []
    while True:
        position = buffer.position_of(NEWLINE)
        if position is None:
            return "".join(lines), buffer
        lines.append(buffer.slice(buffer.start, position).to_bytes().decode() + "\n")
        buffer = buffer.slice(buffer.get_position(1, position))


async def write_messages(writer: PipeWriter, message: str) -> FlushResult:
    return await writer.write_async(message.encode())


def watch_for_cancel(reader: PipeReader, writer: PipeWriter) -> None:
    """Cancel both ends, without an exception, when the user enters a `c`."""

    def line_entered() -> None:
        if sys.stdin.readline().strip().upper() == "C":
            reader.cancel_pending_read()
            writer.cancel_pending_flush()

    if sys.stdin.isatty():
        print("Press 'C' and Enter to cancel processing...\n", flush=True)
        asyncio.get_running_loop().add_reader(sys.stdin, line_entered)


async def main(source: BinaryIO) -> None:
    reader = PipeReader.create(source)
    writer = PipeWriter.create(sys.stdout.buffer, StreamPipeWriterOptions(leave_open=True))
    watch_for_cancel(reader, writer)
    await process_messages(reader, writer)
    print("\nProcessing completed.")


if __name__ == "__main__":
    name = sys.argv[1:]
    # Not in a `with`: the reader closes it.
    file = Path(name[0]).open("rb") if name else io.BytesIO(LOREM_IPSUM)  # noqa: SIM115
    asyncio.run(main(file))
