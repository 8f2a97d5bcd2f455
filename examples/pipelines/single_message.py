"""One message at a time: the "read a single message" sample of the System.IO.Pipelines page.

The case with the most ways to go wrong, for what was examined decides what the next read does.
Found a message: consumed and examined are both its end, so the next call starts on what is left
without waiting. Found none: nothing is consumed and everything is examined, so the next read
waits for more.

    python examples/pipelines/single_message.py
"""

from __future__ import annotations

import asyncio

from h3producer.pipe import Pipe, PipeReader, ReadOnlySequence

NEWLINE = ord("\n")


class InvalidDataError(Exception):
    """The data ended in the middle of a message."""


async def read_single_message(reader: PipeReader) -> str | None:
    """The next message, `None` at the end."""
    while True:
        result = await reader.read()
        buffer = result.buffer
        # If no message is parsed, nothing is consumed and the entire buffer is examined.
        consumed = buffer.start
        examined = buffer.end
        try:
            message, rest = try_parse_message(buffer)
            if message is not None:
                consumed = rest.start
                # The same, so that the next call goes on with the next message, if there is one.
                examined = consumed
                return message
            if result.is_completed:
                if buffer:
                    raise InvalidDataError("Incomplete message.")
                return None
        finally:
            reader.advance_to(consumed, examined)


def try_parse_message(buffer: ReadOnlySequence) -> tuple[str | None, ReadOnlySequence]:
    """The first message, or `None`, and what follows it. Here a message is a line."""
    position = buffer.position_of(NEWLINE)
    if position is None:
        return None, buffer
    message = buffer.slice(0, position).to_bytes().decode()
    return message, buffer.slice(buffer.get_position(1, position))


async def main() -> None:
    pipe = Pipe()
    await pipe.writer.write_async(b"first\nsecond\nthi")
    print(await read_single_message(pipe.reader))
    print(await read_single_message(pipe.reader))
    third = asyncio.create_task(read_single_message(pipe.reader))
    await pipe.writer.write_async(b"rd\n")
    pipe.writer.complete()
    print(await third)
    print(await read_single_message(pipe.reader))
    pipe.reader.complete()


if __name__ == "__main__":
    asyncio.run(main())
