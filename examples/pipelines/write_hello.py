"""Two ways to write: the `PipeWriter` sample of the System.IO.Pipelines page.

`get_memory`, fill, `advance`, `flush` for those who produce bytes into a buffer; `write_async`
for those who have bytes already. The second keeps a reference to them and copies nothing.

    python examples/pipelines/write_hello.py
"""

from __future__ import annotations

import asyncio

from h3producer.pipe import Pipe, PipeWriter


async def write_hello_into_memory(writer: PipeWriter) -> None:
    # Request at least 5 bytes from the writer.
    memory = writer.get_memory(5)
    # Write directly into the buffer.
    hello = b"Hello"
    memory[: len(hello)] = hello
    # Tell the writer how many bytes were written.
    writer.advance(len(hello))
    await writer.flush()


async def write_hello(writer: PipeWriter) -> None:
    # There is no need to call advance or flush here; write_async does that.
    await writer.write_async(b"Hello")


async def main() -> None:
    pipe = Pipe()
    await write_hello_into_memory(pipe.writer)
    await write_hello(pipe.writer)
    pipe.writer.complete()
    result = await pipe.reader.read()
    print([bytes(segment) for segment in result.buffer.segments])
    pipe.reader.complete()


if __name__ == "__main__":
    asyncio.run(main())
