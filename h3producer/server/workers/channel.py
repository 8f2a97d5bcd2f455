"""What parent and worker say to each other: a word, and sometimes a body, over a Unix socket.

This file knows the words, their frames and their bounds. It refuses to know what a word leads to.

Its one rule: the parent never runs what a worker made up. Only `START`, which goes down, has a body
that is more than JSON.

    frame = length of what follows (4 bytes) · word (1 byte) · body

The end of the stream is a word, too: the other one is gone.
"""

from __future__ import annotations

import asyncio
import enum
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

__all__ = ["CLOSE_PATIENCE", "MAX_BODY", "Channel", "ChannelError", "Word", "receive_first"]

MAX_BODY: Final = 16 * 1024 * 1024
"""Bytes of a body. The largest is a snapshot: 10,000 connections at a kilobyte and a half."""

CLOSE_PATIENCE: Final = 1.0
"""Seconds that the other side gets to take the last words. A process that is dead takes none, but a
child of its own may have the socket still."""

_HEAD = struct.Struct("!IB")


class Word(enum.IntEnum):
    """All that can be said."""

    # By the parent
    START = 1
    """What you are: an `Assignment`. The first word, and the only one that is sent once."""
    DRAIN = 2
    """Stop: others serve in your place, and new clients go to them already."""
    STOP = 3
    """Stop: the whole server ends."""
    FORCE = 4
    """Stop now."""
    PING = 5
    """Show that your event loop runs."""
    SNAPSHOT = 6
    """Tell what you see."""

    # By the worker
    READY = 65
    """I answer clients."""
    FAILED = 66
    """I cannot start: JSON, the sentence that says why."""
    PONG = 67
    """It does."""
    RETIRE = 68
    """Replace me, and then have me drain."""
    FACTS = 69
    """The answer to SNAPSHOT: JSON, an object."""


class ChannelError(Exception):
    """The other side does not speak as it should."""


class Channel:
    """One end. Iterate to hear; iteration ends when the other side is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, sock: socket.socket) -> Channel:
        """The channel on a connected stream socket, which it owns from now on."""
        return cls(*await asyncio.open_unix_connection(sock=sock))

    def say(self, word: Word, body: bytes = b"") -> None:
        """Send, without waiting; nothing happens if the other side is gone.

        Raises ValueError for a body beyond `MAX_BODY`.
        """
        if not self._writer.is_closing():
            self._writer.write(encode(word, body))

    async def __aiter__(self) -> AsyncIterator[tuple[Word, bytes]]:
        """What the other side says. Raises `ChannelError`."""
        while True:
            try:
                head = await self._reader.readexactly(_HEAD.size)
                word, length = _parse_head(head)
                body = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            yield word, body

    async def close(self) -> None:
        """Close once the other side has taken what was said, or has not for a while; idempotent."""
        self._writer.close()
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), CLOSE_PATIENCE)
        self._writer.transport.abort()


def encode(word: Word, body: bytes) -> bytes:
    """The frame."""
    if len(body) > MAX_BODY:
        raise ValueError(f"{word.name} with {len(body)} bytes is too long.")
    return _HEAD.pack(len(body) + 1, word) + body


def receive_first(sock: socket.socket) -> tuple[Word, bytes] | None:
    """The first word on a blocking socket, before there is an event loop; None: nobody is there.

    Raises `ChannelError`.
    """
    head = _receive(sock, _HEAD.size)
    if head is None:
        return None
    word, length = _parse_head(head)
    body = _receive(sock, length)
    return None if body is None else (word, body)


def _parse_head(head: bytes) -> tuple[Word, int]:
    """The word, and how long its body is."""
    length, number = _HEAD.unpack(head)
    try:
        word = Word(number)
    except ValueError:
        raise ChannelError(f"There is no word {number}.") from None
    if not 0 < length <= MAX_BODY + 1:
        raise ChannelError(f"{word.name} says that it has {length - 1} bytes.")
    return word, length - 1


def _receive(sock: socket.socket, size: int) -> bytes | None:
    received = bytearray()
    while len(received) < size:
        piece = sock.recv(size - len(received))
        if not piece:
            return None
        received += piece
    return bytes(received)
