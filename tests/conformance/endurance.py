"""Whether a server under attack still serves others, and what it costs it.

This file knows how a neighbour fares, how much memory a server of this machine holds, and when an
attack counts as warded off. It refuses to know the attacks. Its one rule: the limits are those of a
server that is in trouble, far above what any healthy one needs on however slow a machine.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance.case import HARD, check, target_case
from tests.conformance.observed import Observed
from tests.conformance.octets import Code
from tests.conformance.peer import NoHandshake, Opening, Peer, serves
from tests.conformance.reactions import Grade
from tests.conformance.rogue import Lies, Rogue, rogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.conformance.reactions import Reaction
    from tests.conformance.streams import Stream
    from tests.conformance.target import Target

__all__ = ["attack_case", "besieged", "endured", "flood_case", "pauses", "resident"]

PROMPT = 3.0
"""Seconds within which a neighbour's request must be served at any time during an attack."""

MAX_GROWTH = 64 * 1024 * 1024
"""Bytes that a server's memory may grow by under one attack."""


@dataclass(frozen=True)
class _Endured:
    is_passive = True

    def match(self, observed: Observed) -> Grade:
        close = observed.close
        if close is None:
            refused = observed.reset is not None or observed.status in (413, 431, 503)
            if not observed.lives:
                return Grade.FAILED
            return Grade.IDEAL if refused else Grade.ALLOWED
        if close == replace(close, code=Code.H3_EXCESSIVE_LOAD, is_application=True):
            return Grade.IDEAL
        if close == replace(close, code=Code.H3_INTERNAL_ERROR, is_application=True):
            return Grade.FAILED
        return Grade.ALLOWED

    def __str__(self) -> str:
        return "the attack is refused, or endured within bounds; others are served"


def endured() -> Reaction:
    """H3_EXCESSIVE_LOAD, a status that refuses or a stream error; or it lives, within bounds."""
    return _Endured()


class _Neighbour:
    """A connection beyond reproach that asks for something all the time."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.slowest = 0.0

    async def ask(self) -> None:
        """One request, and how long it took."""
        started = asyncio.get_running_loop().time()
        response = await self._peer.get()
        check(response.status is not None, f"a neighbour is not served: {self._peer.close}")
        self.slowest = max(self.slowest, asyncio.get_running_loop().time() - started)

    async def keep_asking(self) -> None:
        while True:
            await self.ask()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def besieged(target: Target) -> AsyncIterator[list[str]]:
    """Watch a neighbour and the server's memory, check both at the end, and fill in the notes."""
    notes: list[str] = []
    before = resident(target)
    async with Peer.connected(target) as peer:
        neighbour = _Neighbour(peer)
        asking = asyncio.create_task(neighbour.keep_asking())
        try:
            yield notes
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await neighbour.ask()
    try:
        check(await serves(target), "a new connection is not served")
    except NoHandshake as error:
        check(False, f"a new connection is not taken: {error}")
    check(neighbour.slowest < PROMPT, f"a neighbour waited for {neighbour.slowest:.1f} s")
    if before is not None and (after := resident(target)) is not None:
        growth = after - before
        check(growth < MAX_GROWTH, f"memory grew by {growth >> 20} MiB")
        notes.append(f"{growth / (1 << 20):+.1f} MiB")
    notes.append(f"a neighbour waited for {neighbour.slowest * 1000:.0f} ms at most")


def attack_case(
    id: str,
    section: str,
    stimulus: str,
    *,
    opening: Opening | None = None,
    needs_app: bool = False,
) -> Callable[
    [Callable[[Peer], Awaitable[Stream | None]]], Callable[[Peer], Awaitable[Stream | None]]
]:
    """An attack with HTTP/3's own means; the stream that it returns may be refused."""

    def register(
        attack: Callable[[Peer], Awaitable[Stream | None]],
    ) -> Callable[[Peer], Awaitable[Stream | None]]:
        @target_case(id, section, HARD, stimulus, endured(), needs_app=needs_app)
        async def run(target: Target) -> Observed:
            async with Peer.connected(target, opening) as peer:
                async with besieged(target) as notes:
                    stream = await attack(peer)
                lives = await peer.serves()
                for afterthought in peer.afterthoughts:
                    await afterthought()
                observed = Observed(close=peer.close, lives=lives, note=", ".join(notes))
            if stream is None:
                return observed
            return replace(
                observed,
                status=stream.response.status,
                reset=stream.reset_code,
                stop=stream.stop_code,
                ended=stream.ended,
            )

        return attack

    return register


def flood_case(
    id: str, section: str, stimulus: str
) -> Callable[[Callable[[Rogue], Awaitable[None]]], Callable[[Rogue], Awaitable[None]]]:
    """An attack with frames of QUIC."""

    def register(
        attack: Callable[[Rogue], Awaitable[None]],
    ) -> Callable[[Rogue], Awaitable[None]]:
        @target_case(id, section, HARD, stimulus, endured())
        async def run(target: Target) -> Observed:
            async with rogue(target, Lies(issues_ids=False)) as client:
                async with besieged(target) as notes:
                    await attack(client)
                    await client.happens(lambda: client.close is not None, patience=0.1)
                return await client.observe(", ".join(notes))

        return attack

    return register


async def pauses(peer: Peer, count: int, every: int = 50) -> AsyncIterator[int]:
    """Numbers up to `count`, with a breath after each few; ends early with the connection."""
    for number in range(count):
        if peer.close is not None:
            return
        yield number
        if number % every == every - 1:
            await asyncio.sleep(0.001)


# The memory of a server on this machine


def resident(target: Target) -> int | None:
    """Bytes of memory of the processes behind a UDP port of this machine; None elsewhere."""
    pages = 0
    for process in _processes(target.port):
        try:
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        except OSError:
            return None
    return pages * os.sysconf("SC_PAGE_SIZE") or None


@cache
def _processes(port: int) -> tuple[int, ...]:
    """Who has the port open. Only Linux tells."""
    inodes = {
        f"socket:[{words[9]}]"
        for table in map(Path, ("/proc/net/udp", "/proc/net/udp6"))
        if table.exists()
        for words in map(str.split, table.read_text().splitlines()[1:])
        if int(words[1].rpartition(":")[2], 16) == port
    }
    return tuple(
        int(each.name)
        for each in Path("/proc").iterdir()
        if inodes and each.name.isdigit() and _has_open(each, inodes)
    )


def _has_open(process: Path, inodes: set[str]) -> bool:
    try:
        return any(os.readlink(each) in inodes for each in (process / "fd").iterdir())
    except OSError:
        return False
