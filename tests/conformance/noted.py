"""What the suite's application has lived through, asked over HTTP.

This file knows the paths of `app.py` that tell about other requests. It refuses to know the cases.
Its one rule: a case has a token of its own, which goes with its requests.
"""

from __future__ import annotations

import json
import secrets
from functools import partial
from typing import TYPE_CHECKING

from tests.conformance.case import check
from tests.conformance.peer import asked

if TYPE_CHECKING:
    from tests.conformance.octets import Field
    from tests.conformance.peer import Peer

__all__ = ["Token"]


class Token:
    """One case's name for its requests to the application."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.word = secrets.token_hex(8)

    @property
    def field(self) -> Field:
        """The field that a request carries."""
        return (b"x-token", self.word.encode())

    def ask_over(self, peer: Peer) -> None:
        """Ask over another connection from now on."""
        self._peer = peer

    async def words(self) -> list[str]:
        """What the application has noted so far."""
        response = await asked(self._peer, f"/noted/{self.word}")
        words: list[str] = json.loads(bytes(response.body))
        return words

    async def until(self, word: str) -> None:
        """Wait until the application has noted a word."""
        response = await asked(self._peer, f"/await/{self.word}?{word}")
        check(response.status == 200, f"nothing is known of {word!r}")

    async def release(self) -> None:
        """Let the application go on."""
        response = await asked(self._peer, f"/release/{self.word}")
        check(response.status == 200, "the application was not released")

    def must_never_be_seen(self) -> None:
        """When the case is decided: the application has not been run for it."""
        self.must_not_be_noted("run")

    def must_not_be_noted(self, word: str) -> None:
        """When the case is decided: the application has not noted this."""
        if self._peer.target.has_app:
            self._peer.afterthoughts.append(partial(self._check_not_noted, word))

    async def _check_not_noted(self, word: str) -> None:
        words = await self.words()
        check(word not in words, f"the application saw it: {words}")
