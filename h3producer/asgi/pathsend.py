"""A file on its way out, for `http.response.pathsend`: read in threads, piece by piece.

This file knows files. It refuses to know responses: `asgi/http.py` writes the pieces. Its one
rule: the event loop never waits for a disk, not even to close a file whose reader was cancelled.

The specification speaks of an absolute path, but frameworks pass on what their users wrote
(Starlette's `FileResponse("report.pdf")` sends "report.pdf"), so a relative path means what
it means to `open`.
"""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError

if TYPE_CHECKING:
    from io import FileIO

__all__ = ["PIECE_SIZE", "OutgoingFile"]

PIECE_SIZE = 64 * 1024
"""Bytes read at once and held per response: the default response mark, so that one piece fills
the stream's buffer. Larger ones save thread hops (about 0.1 ms each) and cost memory."""


class OutgoingFile:
    """One regular file, of the size it had when it was opened; use with `contextlib.closing`.

    Every fault is a LocalProtocolError: an OSError out of `send()` would tell an ASGI application
    that the client has gone.
    """

    __slots__ = ("_file", "_path", "_pending", "remaining")

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._pending: asyncio.Future[bytes] | None = None
        self.remaining = 0
        """Bytes that were not read yet; known after the first `read_piece`."""

    async def read_piece(self) -> bytes:
        """The next PIECE_SIZE bytes, or the last ones. The first call opens the file.

        Raises LocalProtocolError if the file is missing, not regular, not readable, or became
        shorter. After cancellation only `close` may be called.
        """
        loop = asyncio.get_running_loop()
        pending = self._pending = loop.run_in_executor(None, self._read_in_thread)
        # A thread cannot be cancelled. It goes on with the file, and `close` must wait for it.
        return await asyncio.shield(pending)

    def close(self) -> None:
        """Close the file, at once or as soon as the thread that reads it lets go of it."""
        if self._pending is None or self._pending.done():
            self._close()
        else:
            self._pending.add_done_callback(lambda _: self._close())

    def _read_in_thread(self) -> bytes:
        try:
            file = self._file or self._open()
            size = min(PIECE_SIZE, self.remaining)
            piece = file.read(size) or b""
            # A file system may give less than was asked for; nothing is what the end gives.
            while len(piece) < size and (more := file.read(size - len(piece))):
                piece += more
        except (OSError, ValueError) as error:
            raise LocalProtocolError(f"{self._path!r} cannot be sent: {error}") from error
        if len(piece) < size:
            raise LocalProtocolError(f"{self._path!r} became shorter while it was sent.")
        self.remaining -= size
        return piece

    def _open(self) -> FileIO:
        # Looked at before it is opened: opening a FIFO would wait for somebody to write.
        if not stat.S_ISREG(os.stat(self._path).st_mode):
            raise LocalProtocolError(f"{self._path!r} cannot be sent: it is not a regular file.")
        # Unbuffered: pieces are large, and what is read ahead might be gone from the file by then.
        self._file = file = open(self._path, "rb", buffering=0)  # noqa: SIM115 - `close` closes it
        self.remaining = os.fstat(file.fileno()).st_size
        return file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
