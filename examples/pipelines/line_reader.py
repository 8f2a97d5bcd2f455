"""Lines from a socket: the first sample of the System.IO.Pipelines page.

Two loops share a pipe. `fill_pipe` lets the socket write straight into the pipe's memory;
`read_pipe` takes whole lines out, however the network cut them. Neither allocates a buffer, and
a line may be of any length. When the reader falls behind, `flush` waits, so the socket is not
read, so the sender is held back.

    python examples/pipelines/line_reader.py

sends three lines to itself, in odd pieces, and prints them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from h3producer.pipe import Pipe, PipeReader, PipeWriter, ReadOnlySequence

if TYPE_CHECKING:
    from collections.abc import Callable

MINIMUM_BUFFER_SIZE = 512
NEWLINE = ord("\n")


async def process_lines(sock: socket.socket, process_line: Callable[[bytes], object]) -> None:
    """Read `sock` to its end and hand over each line, without its newline."""
    pipe = Pipe()
    async with asyncio.TaskGroup() as group:
        group.create_task(fill_pipe(sock, pipe.writer))
        group.create_task(read_pipe(pipe.reader, process_line))


async def fill_pipe(sock: socket.socket, writer: PipeWriter) -> None:
    loop = asyncio.get_running_loop()
    while True:
        # Allocate at least 512 bytes from the writer, for the socket to fill.
        memory = writer.get_memory(MINIMUM_BUFFER_SIZE)
        try:
            bytes_read = await loop.sock_recv_into(sock, memory)
        except OSError:
            logging.exception("the socket failed")
            break
        if bytes_read == 0:
            break
        # Tell the writer how much was read, and make that available to the reader.
        writer.advance(bytes_read)
        result = await writer.flush()
        if result.is_completed:
            break
    # There is no more data coming.
    writer.complete()


async def read_pipe(reader: PipeReader, process_line: Callable[[bytes], object]) -> None:
    while True:
        result = await reader.read()
        buffer = result.buffer
        while True:
            line, buffer = try_read_line(buffer)
            if line is None:
                break
            process_line(line.to_bytes())
        # What is left is the start of a line: not consumed, but examined to its end.
        reader.advance_to(buffer.start, buffer.end)
        if result.is_completed:
            break
    reader.complete()


def try_read_line(
    buffer: ReadOnlySequence,
) -> tuple[ReadOnlySequence | None, ReadOnlySequence]:
    """The first line, or `None`, and what follows it."""
    position = buffer.position_of(NEWLINE)
    if position is None:
        return None, buffer
    # Skip the line and the newline.
    return buffer.slice(0, position), buffer.slice(buffer.get_position(1, position))


async def main() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        reading = asyncio.create_task(process_lines(ours, print))
        for piece in (b"one li", b"ne\nand ", b"another\n", b"and the last\n"):
            await asyncio.get_running_loop().sock_sendall(theirs, piece)
        theirs.shutdown(socket.SHUT_WR)
        await reading


if __name__ == "__main__":
    asyncio.run(main())
