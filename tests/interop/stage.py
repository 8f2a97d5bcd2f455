"""Where one client meets one server of ours: the two of them, what is between, and who watches.

    async with staged(contender, authority, Setting()) as stage:
        [answer] = await stage.exchange({"path": "/hello"})

This file knows how they are put up and taken down. It refuses to know what is played. Its one
rule: client, relay and server are new each time, so that what is seen is of this play alone.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from h3producer.config import Config
from h3producer.server.server import Server
from tests.e2e.observed import Progress
from tests.e2e.relay import Evils, Relay
from tests.e2e.server import stop
from tests.interop.app import InteropApp
from tests.interop.client_process import ClientProcess
from tests.interop.clients.program import Wishes, pattern
from tests.interop.witness import Witness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from aioquic.tls import CipherSuite

    from tests.e2e.raw_client import Address
    from tests.interop.authority import Authority
    from tests.interop.roster import Contender

__all__ = ["Setting", "Stage", "has_pattern", "staged"]

LOOK_AGAIN = 0.05
"""Seconds."""

SEED = 11
"""Of what the relay does."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is different from a server by default, a client by default and nothing in between."""

    server: Mapping[str, object] = field(default_factory=dict)
    """Fields of `Config`."""
    only_cipher: CipherSuite | None = None
    """All that the server takes."""
    wishes: Wishes = field(default_factory=Wishes)
    evils: Mapping[str, float] | None = None
    """What a relay in between does (`tests/e2e/relay.py`); None: there is no relay."""
    cafile: Path | None = None
    """Whom the client trusts; None: who signed the server's certificate."""


class Stage:
    """A client, a server, and who watches them; see `staged`."""

    def __init__(self, authority: Authority, setting: Setting, stack: AsyncExitStack) -> None:
        self.app = InteropApp()
        self.witness = Witness()
        self.relay: Relay | None = None
        self.server: Server | None = None
        self._authority = authority
        self._setting = setting
        self._stack = stack
        self._client: ClientProcess | None = None
        self._retiring: asyncio.Task[None] | None = None

    async def exchange(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Have the client make requests, at once if it can; what it says came back.

        Holds each against what the server says in it: that it was HTTP/3, and which method.
        """
        assert self._client is not None
        answers = await self._client.exchange(*requests)
        for request, answer in zip(requests, answers, strict=True):
            if "gives_up_after" in request:
                continue
            assert answer["status"] == 200, f"{request} was answered by {answer}"
            assert answer["version"] == 3, f"The client says that it was not HTTP/3: {answer}"
            if answer["fields"]:
                assert answer["fields"]["x-seen-version"] == "3"
                assert answer["fields"]["x-seen-method"] == request.get("method", "GET")
        return answers

    async def get(self, path: str, **request: Any) -> dict[str, Any]:
        """The answer to one request."""
        [answer] = await self.exchange({"path": path, **request})
        return answer

    async def do(self, deed: str) -> None:
        """Have the client do something; see `clients/program.py`."""
        assert self._client is not None
        await self._client.do(deed)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so that nobody announces; it is looked at again and again."""
        progress = Progress()
        looking = asyncio.create_task(_announced_for_ever(progress))
        try:
            await progress.until(condition, lambda: self.witness.connections)
        finally:
            looking.cancel()

    def retire(self) -> None:
        """Have the server stop, gracefully; see `replaced`."""
        assert self.server is not None
        self._retiring = asyncio.create_task(stop(self.server))

    async def replaced(self) -> None:
        """Wait until the retired server has ended, and put another in its place."""
        assert self._retiring is not None
        await self._retiring
        await self._serve()

    async def _serve(self) -> Address:
        config = Config(
            app=self.app,
            certfile=str(self._authority.certfile),
            keyfile=str(self._authority.keyfile),
            **{"host": "127.0.0.1", "port": 0, **self._setting.server},  # type: ignore[arg-type]  # checked by Config itself
        )
        server = self.server = await self._stack.enter_async_context(Server(config))
        self._stack.callback(setattr, server, "force_exit", True)
        self.witness.watch(server, only_cipher=self._setting.only_cipher)
        if self.relay is not None:
            self.relay.server = server.addresses[0]
        return server.addresses[0]

    async def open(self, contender: Contender) -> None:
        """Put all of it up."""
        setting = self._setting
        address = await self._serve()
        if setting.evils is not None:
            relay = Relay(address, Evils(**setting.evils), SEED)
            self._stack.callback(relay.close)
            self.relay, address = relay, relay.address
        cafile = setting.cafile or self._authority.cafile
        self._client = ClientProcess(contender, address, cafile, setting.wishes)
        self._stack.push_async_callback(self._client.close)


@asynccontextmanager
async def staged(
    contender: Contender, authority: Authority, setting: Setting
) -> AsyncIterator[Stage]:
    """A stage for one play; the client goes before the server, and the server by force."""
    async with AsyncExitStack() as stack:
        stage = Stage(authority, setting, stack)
        await stage.open(contender)
        yield stage


async def _announced_for_ever(progress: Progress) -> None:
    while True:
        progress.announce()
        await asyncio.sleep(LOOK_AGAIN)


def has_pattern(answer: dict[str, Any], size: int) -> bool:
    """Whether the content is `size` bytes of the pattern."""
    expected = hashlib.sha256(pattern(size)).hexdigest()
    return bool(answer["size"] == size and answer["sha256"] == expected)
