"""Ending a read loop without an exception: the cancellation sample of the Pipelines page.

`cancel_pending_read` makes the read that waits, or else the next one, return with
`is_canceled`. The loop ends in good order, and what was not read is still in the pipe. The
other way, upstream's token, is here the cancellation of the task; it raises `CancelledError`.

    python examples/pipelines/cancellation.py
"""

from __future__ import annotations

import asyncio

from h3producer.pipe import Pipe, PipeReader, ReadOnlySequence

NEWLINE = ord("\n")


class MyConnection:
    """Reads messages until the end of the data, or until it is aborted."""

    def __init__(self, reader: PipeReader) -> None:
        self.reader = reader
        self.messages: list[str] = []

    def abort(self) -> None:
        """Cancel the pending read, so that the loop ends without an exception."""
        self.reader.cancel_pending_read()

    async def process_messages(self) -> None:
        try:
            while True:
                result = await self.reader.read()
                buffer = result.buffer
                try:
                    if result.is_canceled:
                        # One may quit without reading what is there.
                        break
                    while True:
                        message, buffer = try_parse_message(buffer)
                        if message is None:
                            break
                        self.messages.append(message)
                    if result.is_completed:
                        break
                finally:
                    self.reader.advance_to(buffer.start, buffer.end)
        finally:
            await self.reader.complete_async()


def try_parse_message(buffer: ReadOnlySequence) -> tuple[str | None, ReadOnlySequence]:
    """The first message, or `None`, and what follows it. Here a message is a line."""
    position = buffer.position_of(NEWLINE)
    if position is None:
        return None, buffer
    message = buffer.slice(0, position).to_bytes().decode()
    return message, buffer.slice(buffer.get_position(1, position))


async def main() -> None:
    pipe = Pipe()
    connection = MyConnection(pipe.reader)
    processing = asyncio.create_task(connection.process_messages())
    await pipe.writer.write_async(b"first\nsecond\nthi")
    await asyncio.sleep(0)
    connection.abort()
    await processing
    print("processed", ", ".join(connection.messages), "and was then aborted")
    result = await pipe.writer.write_async(b"rd\n")
    print("the writer is told that nobody reads any more:", result.is_completed)


if __name__ == "__main__":
    asyncio.run(main())
