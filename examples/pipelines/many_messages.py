"""All messages that are there: the "reading multiple messages" sample of the Pipelines page.

Everything in the buffer is parsed before the reader is told how far that went, so the start of
what is left is what was consumed, and its end is what was examined.

    python examples/pipelines/many_messages.py
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.pipe import Pipe, PipeReader, ReadOnlySequence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NEWLINE = ord("\n")


class InvalidDataError(Exception):
    """The data ended in the middle of a message."""


async def process_messages(
    reader: PipeReader, process_message: Callable[[str], Awaitable[None]]
) -> None:
    """Await `process_message` for each message, to the end of the data."""
    try:
        while True:
            result = await reader.read()
            buffer = result.buffer
            try:
                while True:
                    message, buffer = try_parse_message(buffer)
                    if message is None:
                        break
                    await process_message(message)
                if result.is_completed:
                    if buffer:
                        raise InvalidDataError("Incomplete message.")
                    break
            finally:
                # All messages were processed, so what is left is not consumed, but examined.
                reader.advance_to(buffer.start, buffer.end)
    finally:
        await reader.complete_async()


def try_parse_message(buffer: ReadOnlySequence) -> tuple[str | None, ReadOnlySequence]:
    """The first message, or `None`, and what follows it. Here a message is a line."""
    position = buffer.position_of(NEWLINE)
    if position is None:
        return None, buffer
    message = buffer.slice(0, position).to_bytes().decode()
    return message, buffer.slice(buffer.get_position(1, position))


async def show(message: str) -> None:
    print(message)


async def main() -> None:
    pipe = Pipe()
    processing = asyncio.create_task(process_messages(pipe.reader, show))
    for piece in (b"first\nsec", b"ond\nthird\n", b"fourth\n"):
        await pipe.writer.write_async(piece)
    pipe.writer.complete()
    await processing


if __name__ == "__main__":
    asyncio.run(main())
