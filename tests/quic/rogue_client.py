"""A client for `Pair` that lies, as the one of `tests/conformance/rogue.py` does on a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from aioquic.tls import Epoch

from tests.conformance.rogue import Lies, RogueConnection
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from h3producer.config import Config
    from tests.conformance.observed import Close
    from tests.conformance.rogue import Odd

__all__ = ["RogueClient", "rogue_pair"]


class RogueClient(Client):
    """What it injects may be of any packet type, and as odd as `RogueConnection.seal` can."""

    def __init__(self, lies: Lies | None = None, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]  # of `Client`
        self.rogue = RogueConnection(lies or Lies(), self.quic.configuration)
        self.quic = self.rogue  # type: ignore[assignment]  # it has all that a `Client` uses

    def inject_octets(
        self, payload: bytes, epoch: Epoch = Epoch.ONE_RTT, **odd: Unpack[Odd]
    ) -> None:
        """A packet with exactly this payload."""
        self._injected.append(self.rogue.seal(payload, epoch, **odd))

    @property
    def server_close(self) -> Close | None:
        """How the server closed the connection."""
        return self.rogue.server_close


async def rogue_pair(
    lies: Lies | None = None, config: Config | None = None, **settings: int
) -> tuple[Pair, RogueClient]:
    """A pair whose client has told its lies; they may be connected or not."""
    client = RogueClient(lies, **settings)
    pair = Pair(client=client, config=config)
    await pair.connect()
    return pair, client
