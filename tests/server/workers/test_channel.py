"""Tests of `server/workers/channel.py`: frames at every split, and the end of a stream."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from h3producer.server.workers.channel import (
    MAX_BODY,
    Channel,
    ChannelError,
    Word,
    encode,
    receive_first,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

FRAMES = encode(Word.READY, b"") + encode(Word.FACTS, b'{"a": 1}') + encode(Word.PONG, b"")
SAID = [(Word.READY, b""), (Word.FACTS, b'{"a": 1}'), (Word.PONG, b"")]


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
async def ends(
    sockets: tuple[socket.socket, socket.socket],
) -> AsyncIterator[tuple[Channel, socket.socket]]:
    """A channel, and the bare socket at its other end."""
    ours, theirs = sockets
    ours.setblocking(False)
    channel = await Channel.over(ours)
    yield channel, theirs
    await channel.close()


async def heard(channel: Channel) -> list[tuple[Word, bytes]]:
    return [each async for each in channel]


async def test_what_one_end_says_the_other_hears_in_order(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, bare = ends
    bare.setblocking(False)
    other = await Channel.over(bare)
    for word, body in SAID:
        other.say(word, body)
    await other.close()
    assert await heard(channel) == SAID


@pytest.mark.parametrize("split", range(1, len(FRAMES)))
async def test_frames_may_come_in_pieces(ends: tuple[Channel, socket.socket], split: int) -> None:
    channel, bare = ends
    listening = asyncio.create_task(heard(channel))
    for piece in (FRAMES[:split], FRAMES[split:]):
        bare.sendall(piece)
        await asyncio.sleep(0)
    bare.close()
    assert await listening == SAID


@pytest.mark.parametrize("length", range(len(encode(Word.FACTS, b"abc"))))
async def test_a_frame_that_is_cut_off_is_not_heard(
    ends: tuple[Channel, socket.socket], length: int
) -> None:
    channel, bare = ends
    bare.sendall(encode(Word.FACTS, b"abc")[:length])
    bare.close()
    assert await heard(channel) == []


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (b"\x00\x00\x00\x01\xff", "There is no word 255"),
        (b"\x00\x00\x00\x00\x42", "says that it has -1 bytes"),
        (b"\xff\xff\xff\xff\x45", "FACTS says that it has 4294967294 bytes"),
    ],
)
async def test_what_is_no_frame_ends_the_talk(
    ends: tuple[Channel, socket.socket], frame: bytes, what: str
) -> None:
    channel, bare = ends
    bare.sendall(frame)
    with pytest.raises(ChannelError, match=what):
        await heard(channel)


async def test_who_is_gone_is_talked_to_without_an_error(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, bare = ends
    bare.close()
    for _ in range(3):
        channel.say(Word.PING)
        await asyncio.sleep(0)
    await channel.close()
    channel.say(Word.PING)


def test_a_body_has_a_bound() -> None:
    assert len(encode(Word.FACTS, bytes(MAX_BODY))) > MAX_BODY
    with pytest.raises(ValueError, match="FACTS with 16777217 bytes is too long"):
        encode(Word.FACTS, bytes(MAX_BODY + 1))


def test_the_first_word_is_read_without_an_event_loop(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = sockets
    theirs.sendall(encode(Word.START, b"all of it") + encode(Word.PING, b""))
    assert receive_first(ours) == (Word.START, b"all of it")
    assert ours.recv(100) == encode(Word.PING, b""), "the next word is left for the event loop"


@pytest.mark.parametrize("length", range(len(encode(Word.START, b"abc"))))
def test_there_is_no_first_word_from_who_is_gone(
    sockets: tuple[socket.socket, socket.socket], length: int
) -> None:
    ours, theirs = sockets
    theirs.sendall(encode(Word.START, b"abc")[:length])
    theirs.close()
    assert receive_first(ours) is None
