"""The samples of the System.IO.Pipelines page, in Python: each runs, and does what it says."""

from __future__ import annotations

import asyncio
import io
import runpy
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples.pipelines import (
    cancellation,
    line_reader,
    many_messages,
    single_message,
    single_thread_scheduler,
    stream_copy,
    write_hello,
)
from h3producer.pipe import Pipe, PipeReader, PipeWriter, StreamPipeWriterOptions
from tests.pipe.harness import now, read, write

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLES = Path(line_reader.__file__).parent

OUTPUT: dict[ModuleType, str] = {
    line_reader: "b'one line'\nb'and another'\nb'and the last'\n",
    single_message: "first\nsecond\nthird\nNone\n",
    many_messages: "first\nsecond\nthird\nfourth\n",
    cancellation: (
        "processed first, second and was then aborted\n"
        "the writer is told that nobody reads any more: True\n"
    ),
    write_hello: "[b'Hello', b'Hello']\n",
    single_thread_scheduler: "1000 lines, written by writer thread and read by reader thread\n",
    stream_copy: stream_copy.LOREM_IPSUM.decode() + "\nProcessing completed.\n",
}


@pytest.mark.parametrize("example", OUTPUT, ids=lambda module: module.__name__.split(".")[-1])
def test_the_example_runs_as_a_script(
    example: ModuleType, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert example.__file__ is not None
    monkeypatch.setattr(sys, "argv", [example.__file__])
    runpy.run_path(example.__file__, run_name="__main__")
    sys.stdout.flush()
    assert capfdbinary.readouterr().out.decode() == OUTPUT[example]


def test_every_example_is_run() -> None:
    scripts = {path.stem for path in EXAMPLES.glob("*.py")}
    assert scripts == {module.__name__.split(".")[-1] for module in OUTPUT}


@pytest.mark.parametrize("example", OUTPUT, ids=lambda module: module.__name__.split(".")[-1])
def test_every_example_says_what_it_shows_and_how_to_run_it(example: ModuleType) -> None:
    assert example.__doc__ is not None
    assert f"python examples/pipelines/{example.__name__.split('.')[-1]}.py" in example.__doc__


# The reader of lines, with lines cut at every byte, long lines, and a socket that fails.

TEXT = b"one\n\nthree\n" + b"x" * 10_000 + b"\nrest"


@pytest.mark.parametrize("size", [1, 3, 700, 20_000])
async def test_lines_come_whole_however_the_network_cuts_them(size: int) -> None:
    pipe = Pipe()
    lines: list[bytes] = []
    reading = asyncio.create_task(line_reader.read_pipe(pipe.reader, lines.append))
    for start in range(0, len(TEXT), size):
        await pipe.writer.write_async(TEXT[start : start + size])
    pipe.writer.complete()
    await reading
    assert lines == TEXT.split(b"\n")[:-1]


async def test_lines_are_read_from_a_real_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        lines: list[bytes] = []
        reading = asyncio.create_task(line_reader.process_lines(ours, lines.append))
        await asyncio.get_running_loop().sock_sendall(theirs, TEXT)
        theirs.close()
        await reading
    assert lines == TEXT.split(b"\n")[:-1]


async def test_a_socket_that_fails_ends_the_lines(caplog: pytest.LogCaptureFixture) -> None:
    sock = socket.socket()
    sock.setblocking(False)
    sock.close()
    await line_reader.process_lines(sock, print)
    assert "the socket failed" in caplog.text


async def test_the_socket_is_not_read_for_a_reader_that_has_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(b"abc")
        pipe = Pipe()
        pipe.reader.complete()
        await line_reader.fill_pipe(ours, pipe.writer)


# Single and many messages, at the end of the data.


def test_a_single_message_that_is_cut_short_is_an_error() -> None:
    pipe = Pipe()
    write(pipe, b"whole\nhal")
    pipe.writer.complete()
    assert now(single_message.read_single_message(pipe.reader)) == "whole"
    with pytest.raises(single_message.InvalidDataError):
        now(single_message.read_single_message(pipe.reader))


def test_messages_that_are_cut_short_are_an_error_after_the_whole_ones() -> None:
    pipe = Pipe()
    write(pipe, b"whole\nhal")
    pipe.writer.complete()
    seen: list[str] = []

    async def note(message: str) -> None:
        seen.append(message)

    with pytest.raises(many_messages.InvalidDataError):
        now(many_messages.process_messages(pipe.reader, note))
    assert seen == ["whole"]


def test_a_connection_that_is_not_aborted_reads_to_the_end() -> None:
    pipe = Pipe()
    write(pipe, b"first\nsecond\n")
    pipe.writer.complete()
    connection = cancellation.MyConnection(pipe.reader)
    now(connection.process_messages())
    assert connection.messages == ["first", "second"]


# Streams.


def copied(source: io.BytesIO, *, cancel: str = "") -> bytes:
    target = io.BytesIO()
    reader = PipeReader.create(source)
    writer = PipeWriter.create(target, StreamPipeWriterOptions(leave_open=True))
    if cancel == "read":
        reader.cancel_pending_read()
    if cancel == "flush":
        writer.cancel_pending_flush()
    now(stream_copy.process_messages(reader, writer))
    assert source.closed
    return target.getvalue()


def test_a_stream_is_copied_line_by_line() -> None:
    assert copied(io.BytesIO(stream_copy.LOREM_IPSUM * 500)) == stream_copy.LOREM_IPSUM * 500


@pytest.mark.parametrize(("cancel", "result"), [("read", b""), ("flush", b"Lorem\n")])
def test_copying_a_stream_can_be_cancelled_at_both_ends(cancel: str, result: bytes) -> None:
    assert copied(io.BytesIO(b"Lorem\n"), cancel=cancel) == result


def test_a_stream_that_does_not_end_with_a_newline_is_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert copied(io.BytesIO(b"Lorem\nipsum")) == b"Lorem\n"
    assert "Incomplete message" in capsys.readouterr().err


class Terminal(io.StringIO):
    """Standard input with somebody in front of it."""

    def __init__(self, text: str, number: int) -> None:
        super().__init__(text)
        self.number = number

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.number


@pytest.mark.parametrize(("typed", "is_canceled"), [("c\n", True), ("x\n", False)])
async def test_the_user_may_cancel_the_copying(
    typed: str,
    is_canceled: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ours, theirs = socket.socketpair()
    pipe = Pipe()
    with ours, theirs:
        monkeypatch.setattr(sys, "stdin", Terminal(typed, ours.fileno()))
        stream_copy.watch_for_cancel(pipe.reader, pipe.writer)
        theirs.send(b"x")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asyncio.get_running_loop().remove_reader(ours)
    assert "Press 'C'" in capsys.readouterr().out
    assert (pipe.reader.try_read() is not None) == is_canceled


async def test_a_file_named_on_the_command_line_is_copied(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"a\nb\n")
    await stream_copy.main(path.open("rb"))
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"a\nb\n\nProcessing completed.\n"


def test_hello_is_written_both_ways() -> None:
    pipe = Pipe()
    now(write_hello.write_hello_into_memory(pipe.writer))
    now(write_hello.write_hello(pipe.writer))
    assert read(pipe).buffer.to_bytes() == b"HelloHello"
