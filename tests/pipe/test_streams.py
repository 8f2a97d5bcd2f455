"""Three kinds of streams, read and written without stopping the event loop."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.streams import Sink, Source

if TYPE_CHECKING:
    from pathlib import Path


class Recorder(io.RawIOBase):
    """A raw file that notes the thread of each call and takes three bytes at a time."""

    def __init__(self, data: bytes = b"") -> None:
        self.content = bytearray(data)
        self.threads: set[int] = set()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # all we are given
        self.threads.add(threading.get_ident())
        part = self.content[: min(3, len(buffer))]
        del self.content[: len(part)]
        buffer[: len(part)] = part
        return len(part)

    def write(self, data: bytes | memoryview, /) -> int:  # type: ignore[override]  # all we are given
        self.threads.add(threading.get_ident())
        self.content += data[:3]
        return min(3, len(data))


class NotReady(io.RawIOBase):
    """A raw file in non-blocking mode that has neither data nor room."""

    def read(self, _n: int = -1) -> None:
        return None

    def write(self, _data: object) -> None:
        return None


async def read_all(source: Source, size: int) -> list[bytes]:
    parts = []
    while part := await source.read(size):
        parts.append(part)
    return parts


async def test_a_blocking_file_is_read_in_a_thread() -> None:
    file = Recorder(b"abcdefgh")
    assert await read_all(Source.of(file), 10) == [b"abc", b"def", b"gh"]
    assert threading.get_ident() not in file.threads


async def test_a_buffered_file_gives_what_it_has_without_waiting_for_more() -> None:
    file = io.BufferedReader(Recorder(b"abcdefgh"))
    assert await read_all(Source.of(file), 100) == [b"abc", b"def", b"gh"]


async def test_a_blocking_file_is_written_in_a_thread_and_to_the_last_byte() -> None:
    file = Recorder()
    await Sink.of(file).write([b"abcdefgh", memoryview(b"ij")])
    assert file.content == b"abcdefghij"
    assert threading.get_ident() not in file.threads


def run(step: object) -> None:
    """Run a coroutine that must not need an event loop."""
    with pytest.raises(StopIteration):
        step.send(None)  # type: ignore[attr-defined]  # a coroutine


def test_without_a_loop_a_file_is_used_directly() -> None:
    file = Recorder()
    run(Sink.of(file).write([b"abc"]))
    assert file.content == b"abc"
    assert file.threads == {threading.get_ident()}


async def test_bytes_io_needs_no_thread() -> None:
    file = io.BytesIO(b"abc")
    run(Source.of(file).read(10))
    run(Sink.of(file).write([b"def"]))
    assert file.getvalue() == b"abcdef"


async def test_a_file_in_non_blocking_mode_is_refused() -> None:
    with pytest.raises(BlockingIOError):
        await Source.of(NotReady()).read(1)
    with pytest.raises(BlockingIOError):
        await Sink.of(NotReady()).write([b"abc"])


async def test_a_file_is_closed(tmp_path: Path) -> None:
    for mode in ("wb", "rb"):
        file = (tmp_path / "file").open(mode)
        await (Sink.of(file) if mode == "wb" else Source.of(file)).close()
        assert file.closed


class Bare:
    """Reads and writes, and has nothing to close."""

    def read(self, _n: int = -1, /) -> bytes:
        return b""

    def write(self, data: bytes | memoryview, /) -> int:
        return len(data)

    def flush(self) -> None:
        pass


async def test_what_cannot_be_closed_is_left_alone() -> None:
    await Source.of(Bare()).close()
    await Sink.of(Bare()).close()
    await Source.of(asyncio.StreamReader()).close()


class Asynchronous:
    """A stream of some other library: `async def` where one would expect it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.tasks: list[asyncio.Task[object] | None] = []

    async def read(self, n: int = -1, /) -> bytes:
        self.tasks.append(asyncio.current_task())
        return b"x" * n

    def write(self, data: bytes, /) -> None:
        self.calls.append(f"write {data!r}")

    async def drain(self) -> None:
        self.calls.append("drain")

    async def close(self) -> None:
        self.calls.append("close")

    async def wait_closed(self) -> None:
        self.calls.append("wait_closed")


async def test_an_asynchronous_stream_is_awaited() -> None:
    stream = Asynchronous()
    sink = Sink.of(stream)
    await sink.write([b"abc", memoryview(b"def")])
    await sink.close()
    assert stream.calls == ["write b'abc'", "write b'def'", "drain", "close", "wait_closed"]


async def test_an_unknown_asynchronous_stream_reads_in_a_task_of_its_own() -> None:
    stream = Asynchronous()
    assert await Source.of(stream).read(2) == b"xx"
    assert stream.tasks != [asyncio.current_task()]
    await Source.of(stream).close()
    assert stream.calls == ["close"]


async def test_an_asyncio_reader_that_has_data_costs_no_task_switch() -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(b"abc")
    run(Source.of(stream).read(10))


def test_only_asynchronous_reads_may_be_given_up() -> None:
    assert Source.of(Asynchronous()).can_be_canceled
    assert not Source.of(io.BytesIO()).can_be_canceled
