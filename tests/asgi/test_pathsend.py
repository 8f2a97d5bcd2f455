"""A file is sent as it was when it was opened, or not at all."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from h3producer.asgi import pathsend
from h3producer.asgi.pathsend import PIECE_SIZE, OutgoingFile
from h3producer.errors import LocalProtocolError

if TYPE_CHECKING:
    from pathlib import Path


async def pieces(path: str) -> list[bytes]:
    with closing(OutgoingFile(path)) as file:
        result = [await file.read_piece()]
        while file.remaining:
            result.append(await file.read_piece())
    return result


@pytest.mark.parametrize("size", [0, 1, PIECE_SIZE, PIECE_SIZE + 1, 3 * PIECE_SIZE])
async def test_a_file_comes_whole_and_in_bounded_pieces(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    read = await pieces(str(tmp_path / "file"))
    assert b"".join(read) == content
    assert max(map(len, read)) <= PIECE_SIZE
    assert len(read) == max(1, -(-size // PIECE_SIZE))


async def test_a_relative_path_means_what_it_means_to_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"here")
    monkeypatch.chdir(tmp_path)
    assert await pieces("file") == [b"here"]


@pytest.mark.parametrize("name", ["missing", ".", "\0", "fifo"])
async def test_what_is_no_regular_file_is_refused_and_not_as_an_oserror(
    tmp_path: Path, name: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(LocalProtocolError, match="cannot be sent"):
        await pieces(str(tmp_path / name))


async def test_a_file_that_grows_is_sent_at_its_first_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(PIECE_SIZE + 1))
    with closing(OutgoingFile(str(path))) as file:
        await file.read_piece()
        path.write_bytes(bytes(PIECE_SIZE * 2))
        assert await file.read_piece() == b"\0"
        assert file.remaining == 0


async def test_a_file_that_shrinks_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(PIECE_SIZE + 2))
    with closing(OutgoingFile(str(path))) as file:
        await file.read_piece()
        os.truncate(path, PIECE_SIZE + 1)
        with pytest.raises(LocalProtocolError, match="became shorter"):
            await file.read_piece()


async def test_a_file_system_may_give_less_than_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256)) * 16
    (tmp_path / "file").write_bytes(content)

    class Slow(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(1000, size or 0))

    monkeypatch.setattr(pathsend, "open", lambda path, *_, **__: Slow(path), raising=False)
    assert await pieces(str(tmp_path / "file")) == [content]


async def test_a_cancelled_read_leaves_the_file_to_its_thread_and_then_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"here")
    reached, go_on = threading.Event(), threading.Event()
    opened: list[int] = []

    def slow_fstat(descriptor: int, fstat: object = os.fstat) -> os.stat_result:
        opened.append(descriptor)
        reached.set()
        go_on.wait(10)
        return os.stat(tmp_path / "file")

    monkeypatch.setattr(os, "fstat", slow_fstat)
    reading = asyncio.create_task(pieces(str(tmp_path / "file")))
    await asyncio.to_thread(reached.wait, 10)
    reading.cancel()
    await asyncio.wait({reading})
    os.lseek(opened[0], 0, os.SEEK_CUR)  # still open
    go_on.set()
    await asyncio.get_running_loop().shutdown_default_executor()
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.lseek(opened[0], 0, os.SEEK_CUR)
